"""One run from its beginning to its report, also in several sittings."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from rich.console import Console

from evals.judge.judge import kept_as
from evals.recording.store import Store
from evals.running.stage import Stage, Way, open_stage
from evals.suite.baseline import read_baseline
from evals.suite.case import Case
from evals.suite.report import Report
from evals.suite.run import AT_ONCE, planned, run_cases
from evals.suite.run_info import (
    RunInfo,
    bot_fingerprint,
    cases_fingerprint,
    read_info,
    same_run,
    trials_of,
    write_info,
)
from evals.suite.suites import Suite, open_suite, reported
from evals.suite.trials_file import TrialsFile
from graph.records.certificate import Certificate, write_certificate
from graph.settings import GraphSettings

RUNS = Path(".firstline/runs")
CERTIFICATE = "certificate.json"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a run is to be of."""

    cases: Path | None = None
    only: Sequence[str] = ()
    times: int | None = None
    """Trials of each case; None leaves it to the case."""


@dataclass(frozen=True, slots=True)
class Done:
    """A run that was played."""

    folder: Path
    info: RunInfo
    report: Report
    uncertified: str = ""
    """Why there is no certificate for `bot prompts promote`; empty where there is one."""


async def start_run(
    settings: GraphSettings, wish: Wish, way: Way, runs: Path, console: Console, *, at_once: int = AT_ONCE
) -> Done:
    """Play a new run and judge it; what happens meanwhile goes to `console`.

    Where nothing is against the version of the prompts that was played, a certificate of it stands in the
    run's folder.
    """
    suite = open_suite(settings, wish.cases, wish.only)
    read_baseline(suite.baseline(way.mode))  # what is wrong with it is said before anything is paid for
    async with open_stage(settings, way, suite.recordings) as stage:
        info = _new(suite, wish, stage, runs)
        write_info(runs / info.id, info)
        return await _play(suite, stage, info, runs / info.id, console=console, at_once=at_once)


async def resume_run(
    settings: GraphSettings, id: str, way: Way, runs: Path, console: Console, *, at_once: int = AT_ONCE
) -> Done:
    """Go on with a run: what is known is not played again, what ended in an error is.

    Raises InputError where there is no such run, or what it began with has changed since.
    """
    info = read_info(runs / id)
    suite = open_suite(settings, Path(info.folder), info.only)
    read_baseline(suite.baseline(info.mode))
    async with open_stage(settings, replace(way, mode=info.mode), suite.recordings) as stage:
        same_run(info, suite.cases, stage.support)
        return await _play(suite, stage, info, runs / id, console=console, at_once=at_once)


async def _play(
    suite: Suite, stage: Stage, info: RunInfo, folder: Path, *, console: Console, at_once: int
) -> Done:
    began, edition = time.monotonic(), stage.support.services.prompts.edition.version
    trials = trials_of(folder)
    if trials.torn:
        console.print(trials.torn, highlight=False, soft_wrap=True)
    try:
        await run_cases(
            suite.cases,
            trials,
            stage.play,
            times=info.times,
            at_once=at_once,
            console=console,
            over=stage.over,
        )
    except asyncio.CancelledError:
        console.print(_interrupted(suite, info, trials), highlight=False, soft_wrap=True)
        raise
    finally:
        ended = all(trials.written(case.id, number) for case, number in planned(suite.cases, info.times))
        took = round(info.seconds + time.monotonic() - began, 1)
        info = replace(info, source=trials.source, seconds=took, finished=ended)
        write_info(folder, info)
        trials.close()
    if stage.budget and stage.budget.over:
        more = f" --live --budget USD{' --record' if stage.records else ''}"
        console.print(f"{stage.budget.over} {_go_on(info)}{more}", highlight=False)
    if stage.records and info.finished and not suite.part:
        _prune(stage.records, suite.cases, info.times)
    done = Done(folder, info, reported(suite, info, trials))
    same = edition == stage.support.services.prompts.edition.version
    why = uncertified(suite, done) if same else "the prompts changed while they were played"
    (folder / CERTIFICATE).unlink(missing_ok=True)  # of an earlier sitting, before another baseline
    if not why:
        _certify(done, edition)
    return replace(done, uncertified=why)


def _prune(records: Store, cases: Sequence[Case], times: int | None) -> None:
    """Drop recordings of cases that are gone, and of trials that are not played any more."""
    played = {case.id: times or case.trials.n for case in cases}
    records.prune(played | {kept_as(case): number for case, number in played.items()})


def _certify(done: Done, edition: str) -> None:
    """Write what `bot prompts promote` asks for."""
    info, report = done.info, done.report
    certificate = Certificate(
        edition,
        info.suite,
        info.mode,
        info.source,
        report.passed.value,
        report.gate.word,
        time.time(),
        run=info.id,
    )
    write_certificate(done.folder / CERTIFICATE, certificate)


def uncertified(suite: Suite, done: Done) -> str:
    """Say why a run certifies nothing: it must be as strict as the gate, and fine; empty where it is."""
    info, report = done.info, done.report
    judged = (trial.judged or not result.case.rubric for result in report.results for trial in result.known)
    reasons = (
        (report.gate.word != "fine" or not info.finished, "the gate did not find it fine"),
        (not suite.gated, "the gate is all cases of the folder that holds here, and these are others"),
        (any(0 < (info.times or 0) < case.trials.n for case in suite.cases), "--trials left trials out"),
        (info.mode != "keyless" and not all(judged), "rubrics were not judged"),
        (not report.baseline, "nothing is accepted yet to compare with (`evals accept`)"),
    )
    return next((why for against, why in reasons if against), "")


def _new(suite: Suite, wish: Wish, stage: Stage, runs: Path) -> RunInfo:
    began = datetime.now(UTC)
    return RunInfo(
        id=_free(runs, f"{began:%Y%m%d-%H%M%S}-{stage.mode}"),
        mode=stage.mode,
        source="none",
        suite=suite.name,
        folder=str(wish.cases.resolve() if wish.cases else suite.root),
        only=tuple(wish.only),
        times=wish.times,
        cases=cases_fingerprint(suite.cases),
        bot=bot_fingerprint(stage.support),
        started=f"{began:%Y-%m-%dT%H:%M:%SZ}",
    )


def _free(runs: Path, name: str) -> str:
    """Return a name that no run has, and take it."""
    for place in count(1):
        free = name if place == 1 else f"{name}-{place}"
        try:
            (runs / free).mkdir(parents=True)
        except FileExistsError:
            continue
        return free
    raise AssertionError


def _interrupted(suite: Suite, info: RunInfo, trials: TrialsFile) -> str:
    jobs = list(planned(suite.cases, info.times))
    done = sum(trials.known(case.id, number) for case, number in jobs)
    return f"Interrupted: {done} of {len(jobs)} trials are kept. {_go_on(info)}"


def _go_on(info: RunInfo) -> str:
    return f"To go on: evals run --resume {info.id}"
