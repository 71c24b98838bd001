"""`evals run` and `evals accept`."""

from __future__ import annotations

import getpass
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from evals.options import Cases, Live, Only, Own, Record, Replay, Usd, read_settings
from evals.outputs.settings import github_settings
from evals.outputs.summary import summary
from evals.outputs.writing import add_to_step, write_all
from evals.running.accepting import accept as accept_run
from evals.running.runs import CERTIFICATE, RUNS, Done, Wish, resume_run, start_run
from evals.running.stage import Way
from evals.running.terminal import print_report
from evals.suite.notes import named
from evals.suite.run import AT_ONCE
from evals.suite.run_info import latest
from evals.suite.trial import Mode
from graph.command_line import FINE, make_console, run_to_exit
from graph.errors import InputError
from graph.records.files import check_folder

PANEL = "Improve"
Runs: TypeAlias = Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder of all runs.")]


def add(app: typer.Typer) -> None:
    """Register the commands of runs."""
    app.command("run", rich_help_panel=PANEL)(run)
    app.command("accept", rich_help_panel=PANEL)(accept)


def run(
    cases: Cases = None,
    only: Only = None,
    trials: Annotated[
        int | None, typer.Option(min=1, max=100, help="Play each case so often, whatever it says itself.")
    ] = None,
    at_once: Annotated[int, typer.Option(min=1, max=64, help="Trials at the same time.")] = AT_ONCE,
    *,
    replay: Replay = False,
    live: Live = False,
    budget: Usd = None,
    record: Record = False,
    anew: Annotated[bool, typer.Option("--anew", help="With --record: ask for all of them.")] = False,
    judge: Annotated[
        str | None, typer.Option(metavar="PROVIDER:MODEL", help="Who judges rubrics; chosen without it.")
    ] = None,
    judged: Annotated[
        bool, typer.Option("--judged/--not-judged", help="Whether rubrics are judged; never without a model.")
    ] = True,
    own: Own = False,
    resume: Annotated[str | None, typer.Option(metavar="ID", help="Go on with this run.")] = None,
    out: Runs = RUNS,
) -> None:
    """Play the cases, judge what came of them, and compare it with the accepted baseline.

    Without --replay or --live no model is asked, whatever keys are set. Exits 0 where nothing stands against
    the change, 1 where something does, 2 where it could not run, 3 where answers are not re-recorded, and 4
    where there is too little data to tell.

    Example: evals run --only refunds
    """
    wish = Wish(cases, tuple(only or ()), trials)

    async def work() -> int:
        way = make_way(replay=replay, live=live, budget=budget, record=record, judge=judge, own=own)
        way = replace(way, anew=anew, judged=judged)
        _check_way(way)
        check_folder("--out", out)
        if resume:
            _check_resumed(wish, replay=replay)
        settings, console = read_settings(), make_console(stderr=True)
        if resume:
            done = await resume_run(settings, resume, way, out, console, at_once=at_once)
        else:
            done = await start_run(settings, wish, way, out, console, at_once=at_once)
        return _tell(done)

    run_to_exit(work)


def accept(
    reason: Annotated[str, typer.Option(help="Why this is right, in a sentence; it is kept.")],
    run: Annotated[
        str | None, typer.Option("--run", metavar="ID", help="Without it, the latest finished one.")
    ] = None,
    who: Annotated[str | None, typer.Option(help="Who accepts it; without it, the login name.")] = None,
    out: Runs = RUNS,
) -> None:
    """Make a run the baseline that later ones are compared with; nothing else moves it.

    Example: evals accept --reason "Refunds go to a person now, as agreed with support"
    """

    async def work() -> int:
        folder = out / run if run else latest(out)
        done = accept_run(read_settings(), folder, why=reason, who=who or getpass.getuser())
        told = f"{done.baseline.passed} of {len(done.baseline.cases)} cases pass"
        typer.echo(f"Accepted run {folder.name}: {told}. Written: {done.file}")
        if done.hard:
            typer.echo(f"From now on these may fail as they do: {named(done.hard)}")
        return FINE

    run_to_exit(work)


def make_way(
    *,
    replay: bool,
    live: bool,
    budget: float | None,
    record: bool,
    judge: str | None = None,
    own: bool = False,
) -> Way:
    """Make the way to play of what was asked for; raises InputError for options that do not go together."""
    if live and replay:
        raise InputError("--replay and --live exclude each other; give one of them")
    if live and budget is None:
        raise InputError("--live needs --budget USD: what may be spent at most")
    if live and not budget:
        raise InputError("--budget 0 pays for no call; give more, or leave --live out")
    for name, given in (("--budget", budget), ("--record", record), ("--own-server", own)):
        if given and not live:
            raise InputError(f"{name} goes with --live; add it, or leave this out")
    mode: Mode = "live" if live else "replay" if replay else "keyless"
    return Way(mode, budget or 0.0, record, judge=judge, own=own)


def _check_way(way: Way) -> None:
    if way.anew and not way.record:
        raise InputError("--anew goes with --record; add it, or leave this out")


def _check_resumed(wish: Wish, *, replay: bool) -> None:
    if wish.cases or wish.only or wish.times or replay:
        raise InputError(
            "--resume goes on with what the run began with; leave out --cases, --only, --trials and --replay"
        )


def _tell(done: Done) -> int:
    """Print and write the report; returns its exit code."""
    files = write_all(done.report, done.folder)
    page = next(file for file in files if file.suffix == ".html")
    console = make_console()
    # A reader that has seen enough (`| head`) must not make a gate green.
    with suppress(BrokenPipeError):
        print_report(console, done.report, took_s=done.info.seconds)
        console.print(f"\nRun {done.info.id}; with all transcripts: {page}", highlight=False, soft_wrap=True)
        if done.report.gate.word == "fine":
            told = f"none, as {done.uncertified}" if done.uncertified else done.folder / CERTIFICATE
            console.print(f"Certificate for `bot prompts promote`: {told}", highlight=False, soft_wrap=True)
    if step := github_settings().github_step_summary:
        add_to_step(summary(done.report), step)
    return done.report.gate.exit_code
