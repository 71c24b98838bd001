"""`evals ladder`, `evals diagnose`, `evals mine`, and `evals bench improve`."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from evals.improve.bench import bench_improve
from evals.improve.diagnose import TIMES, Diagnosis, diagnose
from evals.improve.drafts import print_drafts, write_drafts
from evals.improve.ground import Ground
from evals.improve.ladder import MARGIN, NOW, climb
from evals.improve.ladder_terminal import print_climb
from evals.improve.mine import grouped, mine, read_exports, without_transcript
from evals.improve.opening import open_ground
from evals.improve.proposal import files_of, propose
from evals.improve.simulated import RUNS
from evals.improve.work_lists import lines, print_work, write_work
from evals.options import Cases, Live, Only, Own, Record, Replay, Usd, read_settings
from evals.running.commands import make_way
from evals.running.stage import Way
from evals.suite.case import Case
from evals.suite.report import EXIT_CODES, CaseResult
from evals.suite.run_info import read_info, trials_of
from evals.suite.suites import Suite, open_suite
from evals.suite.trials_file import Results
from graph.command_line import FINE, FOUND_WANTING, make_console, run_to_exit
from graph.errors import InputError
from graph.records.files import check_folder
from graph.settings import GraphSettings
from graph.tiers import Tiers

PANEL = "Improve"

JudgeName: TypeAlias = Annotated[
    str | None,
    typer.Option("--judge", metavar="PROVIDER:MODEL", help="With --live: who judges rubrics."),
]


class By(StrEnum):
    """What slices are made of."""

    TAG = "tag"
    RULE = "rule"


def add(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("ladder", rich_help_panel=PANEL)(ladder)
    app.command("diagnose", rich_help_panel=PANEL)(diagnose_cases)
    app.command("mine", rich_help_panel=PANEL)(mine_exports)


def add_bench(bench: typer.Typer) -> None:
    """Register the benchmark."""
    bench.command("improve")(improve)


def ladder(
    cases: Cases = None,
    only: Only = None,
    margin: Annotated[
        float, typer.Option(min=0.001, max=0.5, help="The share of cases that a smaller rung may lose.")
    ] = MARGIN,
    by: Annotated[By, typer.Option(help="What slices are made of.")] = By.TAG,
    *,
    replay: Replay = False,
    live: Live = False,
    budget: Usd = None,
    record: Record = False,
    judge: JudgeName = None,
    own: Own = False,
) -> None:
    """Find the smallest rung that works: quoting, the small model, with more effort, the large one.

    Every rung is played on every case. A rung is chosen where it surely loses less than the margin against
    all above it. Exits 4 where that cannot be told, 3 where answers are not recorded, and 2 where nothing
    could be played.

    Example: evals ladder --live --budget 5 --record
    """

    async def work() -> int:
        way = _way(replay=replay, live=live, budget=budget, record=record, judge=judge, own=own)
        settings = read_settings()
        suite = open_suite(settings, cases, only or ())
        with _progress() as progress:
            task = progress.add_task("playing", total=None)
            async with open_ground(settings, way, suite.recordings, lambda: progress.advance(task)) as opened:
                result = await climb(suite.cases, opened.ladder, opened.ground, margin=margin)
        print_climb(make_console(), result, propose(result, files_of(settings)), by)
        return result.exit_code

    run_to_exit(work)


def diagnose_cases(
    run: Annotated[
        Path | None, typer.Argument(metavar="[RUN_DIR]", help="A run, of which the failing cases are taken.")
    ] = None,
    cases: Cases = None,
    only: Only = None,
    times: Annotated[
        int, typer.Option("-n", min=1, max=100, help="Trials of a case under each condition.")
    ] = TIMES,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Write the lists there, as JSON lines.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines in place of tables.")] = False,
    replay: Replay = False,
    live: Live = False,
    budget: Usd = None,
    record: Record = False,
    judge: JudgeName = None,
    own: Own = False,
) -> None:
    """Say why cases fail: knowledge missing, not found or ignored, the model's capability, the label, chance.

    Each failing case is played as it is, with its gold passages first, on the larger tier, and with both.
    Exits 1 where a cause was found, 3 where answers are not recorded, and 2 where nothing could be played.

    Example: evals diagnose .firstline/runs/20261126-101500-live --live --budget 2
    """

    async def work() -> int:
        way = _way(replay=replay, live=live, budget=budget, record=record, judge=judge, own=own)
        if to:
            check_folder("--to", to)
        if run and (cases or only):
            raise InputError("give a run or --cases and --only, not both: a run has its own cases")
        settings = read_settings()
        suite = _suite_of(run, settings) if run else open_suite(settings, cases, only or ())
        found = await _diagnose(settings, way, suite, run, times)
        if to:
            write_work(found, to)
        if not as_json:
            print_work(make_console(), found)
        for line in lines(found) if as_json else ():
            typer.echo(line)
        return _code_of(found)

    run_to_exit(work)


def mine_exports(
    exports: Annotated[
        list[Path], typer.Argument(metavar="EXPORT...", help="What `bot export` and `--transcripts` wrote.")
    ],
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Where the drafts go, a file each.")],
) -> None:
    """Make redacted draft cases of bad ratings, takeovers and repeated questions; none is overwritten.

    A person reads and labels them; until then they gate nothing.

    Example: evals mine turns.jsonl transcripts.jsonl --to cases/drafts
    """

    async def work() -> int:
        check_folder("--to", to)
        export = read_exports(exports)
        groups = grouped(mine(export))
        written = write_drafts(groups, to)
        print_drafts(make_console(), groups, written, to)
        if lost := without_transcript(export):
            typer.echo(f"{lost} more turns went wrong whose words are not in the files.", err=True)
        return FINE

    run_to_exit(work)


def improve(
    runs: Annotated[int, typer.Option(min=20, max=10_000, help="Seeded runs of each decision.")] = RUNS,
    seed: Annotated[int, typer.Option(help="Another seed draws other runs.")] = 0,
) -> None:
    """Try the ladder, the diagnosis and the gate on planted chances; exits 1 where one finds too little.

    Example: evals bench improve --runs 1000
    """
    run_to_exit(lambda: bench_improve(make_console(), read_settings(), runs=runs, seed=seed))


def _way(
    *, replay: bool, live: bool, budget: float | None, record: bool, judge: str | None, own: bool
) -> Way:
    if judge and not live:
        raise InputError("--judge goes with --live; add it, or leave this out")
    return make_way(replay=replay, live=live, budget=budget, record=record, judge=judge, own=own)


def _suite_of(run: Path, settings: GraphSettings) -> Suite:
    info = read_info(run)
    return open_suite(settings, Path(info.folder), info.only)


def _code_of(found: Sequence[Diagnosis]) -> int:
    if not found or any(diagnosis.cause != "untold" for diagnosis in found):
        return FOUND_WANTING if found else FINE
    return _unknown_code(stale=any(diagnosis.stale for diagnosis in found))


def _unknown_code(*, stale: bool) -> int:
    return EXIT_CODES["not_re_recorded" if stale else "could_not_run"]


async def _diagnose(
    settings: GraphSettings, way: Way, suite: Suite, run: Path | None, times: int
) -> tuple[Diagnosis, ...]:
    with _progress() as progress:
        task = progress.add_task("playing", total=None)
        async with open_ground(settings, way, suite.recordings, lambda: progress.advance(task)) as opened:
            if run:
                failing = _failed_in(run, suite.cases)
            else:
                failing = await _failing(suite.cases, opened.ladder, opened.ground)
            return await diagnose(failing, opened.ladder, opened.ground, times=times)


def _failed_in(run: Path, cases: Sequence[Case]) -> tuple[Case, ...]:
    trials = trials_of(run)
    try:
        return tuple(result.case for result in Results(cases, trials) if result.passed is False)
    finally:
        trials.close()


async def _failing(cases: Sequence[Case], tiers: Tiers, ground: Ground) -> tuple[Case, ...]:
    played = await ground.play_all(NOW, cases, tiers)
    results = [CaseResult(case, played[case.id]) for case in cases if not case.draft]
    unknown = [trial for result in results if result.passed is None for trial in result.trials]
    if unknown and all(result.passed is None for result in results):
        problem = next(trial.problem for trial in unknown if trial.problem)
        typer.echo(f"No case could be played to its end, such as: {problem}", err=True)
        raise typer.Exit(_unknown_code(stale=any(trial.status == "stale" for trial in unknown)))
    return tuple(result.case for result in results if result.passed is False)


def _progress() -> Progress:
    console = make_console(stderr=True)
    columns = (TextColumn("{task.description}: {task.completed} trials"), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
