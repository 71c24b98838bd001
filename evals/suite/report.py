"""What a run came to: results by case, what flipped against the baseline, the gate's word.

Every output (terminal, JUnit, summary, comment, page) is a projection of a `Report`, and a report is made
from `cases.jsonl`, the cases and a baseline: none of them runs anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from evals.suite.case import Case
from evals.suite.trial import Mode, Source, Trial
from graph.records.escalation_matrix import EscalationMatrix

Word: TypeAlias = Literal[
    "fine", "regressed", "could_not_run", "unfinished", "not_re_recorded", "too_little_data"
]
"""`unfinished`: trials were left out, as the budget was spent or somebody stopped the run."""
EXIT_CODES: dict[Word, int] = {
    "fine": 0,
    "regressed": 1,
    "could_not_run": 2,
    "unfinished": 4,
    "not_re_recorded": 3,
    "too_little_data": 4,
}

NOTHING = EscalationMatrix(0, 0, 0, 0, 0)

FlipKind: TypeAlias = Literal["broke", "fixed", "now_escalates", "no_longer_escalates"]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """All trials of one case, and what they say together."""

    case: Case
    trials: tuple[Trial, ...]
    times: int | None = None
    """How often it was to be played; None: as often as there are trials."""

    @property
    def missing(self) -> int:
        """How many trials were to be played and were not."""
        return max(0, (self.times or 0) - len(self.trials))

    @property
    def known(self) -> tuple[Trial, ...]:
        """The trials that say something about the bot."""
        return tuple(trial for trial in self.trials if trial.status in ("passed", "failed"))

    @property
    def passed(self) -> bool | None:
        """Whether enough trials passed; None where too many are missing, stale or in error to tell."""
        passed, planned = sum(trial.passed for trial in self.known), len(self.trials) + self.missing
        need = min(self.case.trials.need, planned)
        if passed >= need > 0:
            return True
        unknown = planned - len(self.known)
        return None if not planned or passed + unknown >= need else False

    @property
    def share(self) -> float | None:
        """The share of the known trials that passed."""
        return sum(trial.passed for trial in self.known) / len(self.known) if self.known else None


@dataclass(frozen=True, slots=True)
class Flip:
    """One case that is not what it was in the baseline."""

    case: str
    kind: FlipKind
    says: str
    """In plain words: what came before, what comes now."""
    before: Trial | None
    """A trial that shows it; None where the baseline kept no transcript."""
    after: Trial
    hard: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """A share over cases with its 95 % interval, clustered by case; None of nothing."""

    value: float | None
    low: float | None
    high: float | None
    cases: int


@dataclass(frozen=True, slots=True)
class Change:
    """A difference to the baseline over the cases that both have."""

    what: str
    """`passed`, `usd`, `first_words_ms`, `total_ms`."""
    before: float | None
    after: float | None
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    """Of exact McNemar for `passed`; None for the others."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether a change may go in, and every reason against it."""

    word: Word
    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()
    """What does not block and should be known."""

    @property
    def exit_code(self) -> int:
        """The command's exit code."""
        return EXIT_CODES[self.word]


@dataclass(frozen=True, slots=True)
class Report:
    """A run, judged."""

    name: str
    """The run's id."""
    mode: Mode
    source: Source
    results: Sequence[CaseResult]
    gate: Gate
    flips: tuple[Flip, ...] = ()
    passed: Share = Share(None, None, None, 0)
    pass_hat: tuple[float | None, ...] = ()
    """pass^1, pass^2, ... as far as every case has so many trials."""
    confusion: EscalationMatrix = NOTHING
    """Over trials of cases with `must` or `must_not`; `may` counts nowhere."""
    confusion_before: EscalationMatrix | None = None
    """The baseline's, over the same cases; None without one."""
    changes: tuple[Change, ...] = ()
    smallest_visible: float | None = None
    """The smallest loss of passing cases, as a share, that this suite could call one."""
    usd_per_conversation: float | None = None
    """Only of live recordings; None where nothing live was played."""
    usd_per_resolved: float | None = None
    """Over what a customer confirmed, or a label says."""
    usd_per_resolved_assumed: float | None = None
    """Over what nobody complained about."""
    baseline: str = ""
    """Who accepted the baseline, when and why, in one line; empty without one."""
