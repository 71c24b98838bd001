"""What the gate keeps of a run's results while they are read one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from evals.suite.baseline import Baseline, Kept
from evals.suite.case import Case
from evals.suite.comparing import Pair, flips_of
from evals.suite.report import CaseResult, Flip
from evals.suite.tally import Tally, counts, tally
from evals.suite.trial import Mode, Source


@dataclass(slots=True)
class Seen:
    """The numbers of all cases, and the transcripts of those alone that flipped."""

    mode: Mode
    source: Source
    baseline: Baseline | None
    """None where there is none to compare with."""
    rows: list[tuple[Case, Tally]] = field(default_factory=list)
    """Of the cases that count."""
    uncounted: list[tuple[Case, Tally]] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    """Of the cases that count and are in the baseline as they are."""
    flips: list[Flip] = field(default_factory=list)
    """Of all cases."""
    blocking: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Case -> the checks of its hard findings that the baseline does not have."""
    accepted: list[str] = field(default_factory=list)
    """Cases that fail hard, and did so when the baseline was accepted."""
    edited: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    stale: Counter[tuple[str, ...]] = field(default_factory=Counter)
    """What changed -> cases without a recording."""
    trials: int = 0
    errors: int = 0
    problem: str = ""
    """Of the first error."""
    unplayed: int = 0
    """Trials that were to be played and were not."""
    _kept: Mapping[str, Kept] = field(init=False)

    def __post_init__(self) -> None:
        self._kept = self.baseline.by_case if self.baseline else {}

    def add(self, result: CaseResult) -> None:
        """Take the next result."""
        case, now = result.case, tally(result, self.source)
        if counts(case, self.mode):
            self.rows.append((case, now))
            self._count(result)
            self._hard(case.id, now)
        else:
            self.uncounted.append((case, now))
        self._compare(result, now)

    def _count(self, result: CaseResult) -> None:
        stale = [trial for trial in result.trials if trial.status == "stale"]
        if stale:
            self.stale[tuple(dict.fromkeys(name for trial in stale for name in trial.changed))] += 1
        errors = [trial for trial in result.trials if trial.status == "error"]
        self.trials += len(result.trials)
        self.errors += len(errors)
        self.unplayed += result.missing
        if errors and not self.problem:
            self.problem = f"{result.case.id}: {errors[0].problem}"

    def _hard(self, case: str, now: Tally) -> None:
        kept = self._kept.get(case)
        new = tuple(check for check in now.hard if not (kept and check in kept.tally.hard))
        if new:
            self.blocking[case] = new
        elif now.hard:
            self.accepted.append(case)

    def _compare(self, result: CaseResult, now: Tally) -> None:
        if self.baseline is None:
            return
        kept = self._kept.get(now.case)
        if kept is None:
            self.new.append(now.case)
        elif kept.tally.fingerprint != now.fingerprint:
            self.edited.append(now.case)
        else:
            pair = Pair(result.case, kept.tally, now)
            if counts(result.case, self.mode):
                self.pairs.append(pair)
            self.flips += flips_of(pair, result, kept, self.baseline, hard=now.case in self.blocking)
