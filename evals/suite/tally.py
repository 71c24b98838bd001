"""What the trials of one case come to in numbers: what the gate compares and a baseline keeps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from evals.suite.case import Case
from evals.suite.checks_escalation import reached
from evals.suite.report import CaseResult
from evals.suite.run_info import case_fingerprint
from evals.suite.trial import Mode, Source, Trial

AGAIN = "same question again"
"""The rule by which a customer's repeated question is known."""


@dataclass(frozen=True, slots=True)
class Tally:
    """One case of a run, over its trials that are known."""

    case: str
    fingerprint: str
    """Of the case as it was played: an edited one is not compared."""
    passed: bool | None
    """None where a trial has no recording, or too many are in error to tell."""
    trials: int
    passes: int
    escalated: int
    """Trials that went beyond the first tier."""
    reached: int
    """Trials that went where the label wants it, in time or late."""
    late: int
    hard: tuple[str, ...] = ()
    """The checks of the hard findings, where the case does not pass."""
    usd: float | None = None
    """Mean of a trial; None where no vendor was asked, or a cost is unknown."""
    first_words_ms: float | None = None
    """Mean of a turn, as is `total_ms`; None where no vendor was asked."""
    total_ms: float | None = None
    resolved: int = 0
    """Trials that passed without a person."""
    assumed: int = 0
    """Trials without a person, in which the customer neither complained nor asked again."""

    @property
    def escalates(self) -> bool:
        """Whether most of the trials escalate."""
        return 2 * self.escalated > self.trials


def counts(case: Case, mode: Mode) -> bool:
    """Tell whether a case counts for score and gate: no draft, and nothing that the mode cannot pass."""
    return not case.draft and not (mode == "keyless" and case.needs == "model")


def tally(result: CaseResult, source: Source) -> Tally:
    """Count what came of a case in a run whose words came from there."""
    case, known = result.case, result.known
    stale = any(trial.status == "stale" for trial in result.trials)
    passed = None if stale else result.passed
    # Trials in which nothing had to be asked belong to a live run: they are what makes it cheap.
    live = known if source == "live" else ()
    turns = [turn.record for trial in live for turn in trial.turns]
    return Tally(
        case=case.id,
        fingerprint=case_fingerprint(case),
        passed=passed,
        trials=len(known),
        passes=sum(trial.passed for trial in known),
        escalated=sum(trial.escalated is not None for trial in known),
        reached=sum(reached(case.escalation, trial.turns) is not None for trial in known),
        late=sum(trial.late for trial in known),
        hard=_hard(known) if passed is False else (),
        usd=mean(trial.usd for trial in live),
        first_words_ms=_mean_of_known(record.first_words_ms for record in turns),
        total_ms=_mean_of_known(record.total_ms for record in turns),
        resolved=sum(trial.passed and _alone(trial) for trial in known),
        assumed=sum(_assumed(case, trial) for trial in known),
    )


def mean(values: Iterable[float | None]) -> float | None:
    """Return the mean; None of nothing, and where a value is unknown."""
    found = list(values)
    known = [value for value in found if value is not None]
    return fmean(known) if known and len(known) == len(found) else None


def shown(result: CaseResult) -> Trial | None:
    """Return the trial that shows best what the case comes to; None where none is known."""
    alike = (trial for trial in result.known if trial.passed == result.passed)
    return next(alike, result.known[0] if result.known else None)


def _mean_of_known(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _hard(trials: Iterable[Trial]) -> tuple[str, ...]:
    return tuple(sorted({finding.check for trial in trials for finding in trial.findings if finding.hard}))


def _alone(trial: Trial) -> bool:
    return trial.escalated != "person" and bool(trial.turns) and trial.turns[-1].outcome == "answered"


def _assumed(case: Case, trial: Trial) -> bool:
    complained = any(turn.rating == "down" for turn in case.turns)
    again = any(turn.rule == AGAIN for turn in trial.turns)
    return _alone(trial) and not complained and not again
