"""Make a run the baseline: the only thing that moves it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from evals.suite.baseline import Baseline, keep, merged, read_baseline, write_baseline
from evals.suite.gate import make_report
from evals.suite.report import Word
from evals.suite.run_info import RunInfo, cases_fingerprint, read_info, trials_of
from evals.suite.suites import open_suite
from evals.suite.trials_file import Results
from graph.errors import InputError
from graph.settings import GraphSettings

UNKNOWN: dict[Word, str] = {
    "could_not_run": "it could not run",
    "unfinished": "it is not finished",
    "not_re_recorded": "some of its answers are not re-recorded",
    "too_little_data": "it has too little data",
}


@dataclass(frozen=True, slots=True)
class Accepted:
    """A baseline that was written, and what is accepted with it."""

    file: Path
    baseline: Baseline
    hard: tuple[str, ...]
    """Cases that fail a hard check: from now on they do not block by that."""


def accept(settings: GraphSettings, folder: Path, *, why: str, who: str) -> Accepted:
    """Make a finished run the baseline of its suite and mode.

    A run of a part of the suite replaces that part. Raises InputError where the run tells too little, or
    its cases have changed since.
    """
    info = read_info(folder)
    if not why.strip():
        raise InputError(
            "--reason is empty; say why this is what the suite should be compared with from now on"
        )
    if not info.finished:
        raise InputError(f"Run {info.id} is not finished; go on with `evals run --resume {info.id}`")
    suite = open_suite(settings, Path(info.folder), info.only)
    if cases_fingerprint(suite.cases) != info.cases:
        raise InputError(f"The cases changed since run {info.id}; run them again, then accept that run")
    file = suite.baseline(info.mode)
    before = read_baseline(file)
    trials = trials_of(folder)
    results = Results(suite.cases, trials, info.times)
    _check_known(
        info, make_report(info.id, info.mode, trials.source, results, before, part=suite.part).gate.word
    )
    kept = keep(results, trials.source)
    same = before is not None and before.source == trials.source
    cases = merged(before if same else None, kept) if suite.part else kept
    passed = sum(case.tally.passed is True for case in cases)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    baseline = Baseline(
        suite.name, info.mode, trials.source, who, today, " ".join(why.split()), info.id, passed, cases
    )
    write_baseline(file, baseline)
    return Accepted(file, baseline, tuple(case.tally.case for case in kept if case.tally.hard))


def _check_known(info: RunInfo, word: Word) -> None:
    if problem := UNKNOWN.get(word):
        raise InputError(f"Run {info.id} cannot be accepted: {problem}. Run it again.")
