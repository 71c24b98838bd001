"""What a report says in plain words, and how each case stands: what all outputs share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from evals.suite.report import CaseResult, Change, FlipKind, Report, Share, Word
from evals.suite.tally import counts
from evals.suite.trial import Source

State: TypeAlias = Literal["passed", "failed", "stale", "error"]

VERDICTS: dict[Word, str] = {
    "fine": "Fine: nothing stands against this change.",
    "regressed": "Worse: this change should not go in as it is.",
    "could_not_run": "Could not run: nothing is known about this change.",
    "unfinished": "Unfinished: what was not played may stand against this change.",
    "not_re_recorded": "Not re-recorded: what changed has no recorded answers yet.",
    "too_little_data": "Too little data to tell.",
}
KINDS: dict[FlipKind, str] = {
    "broke": "passed -> fails",
    "fixed": "failed -> passes",
    "now_escalates": "answered -> escalated",
    "no_longer_escalates": "escalated -> answered",
}
NOT_LIVE: dict[Source, str] = {
    "live": "",
    "none": "Cost and times are not shown: no model was asked.",
    "stand-in": "Cost and times are not shown: the words came from a stand-in, not from a vendor's model.",
}
CHANGES = {
    "passed": "cases passed",
    "usd": "cost of a conversation",
    "first_words_ms": "first words after",
    "total_ms": "whole answer after",
}
UNKNOWN = "-"


@dataclass(frozen=True, slots=True)
class StaleGroup:
    """Cases without a recording because the same things changed."""

    changed: tuple[str, ...]
    """Empty where a case was never recorded."""
    cases: tuple[str, ...]
    of: int
    """How many cases count."""

    @property
    def says(self) -> str:
        """What changed, and how many cases have no recording for it; in the gate's words."""
        why = f"{', '.join(self.changed)} changed" if self.changed else "New, or never recorded"
        have = "has" if len(self.cases) == 1 else "have"
        return f"{why}: {len(self.cases)} of {counted(self.of, 'case')} {have} no recording."


def state_of(result: CaseResult) -> State:
    """Say how a case stands; one with a stale trial is neither passed nor failed."""
    if any(trial.status == "stale" for trial in result.trials):
        return "stale"
    return "error" if result.passed is None else "passed" if result.passed else "failed"


def gates(report: Report, result: CaseResult) -> bool:
    """Tell whether the case counts for the gate."""
    return counts(result.case, report.mode)


def why_not_gated(result: CaseResult) -> str:
    """Say why a case does not count for the gate."""
    return "a draft" if result.case.draft else "needs a model"


def stale_groups(report: Report) -> list[StaleGroup]:
    """Group the cases that count and have no recording by what changed, the largest group first."""
    groups: dict[tuple[str, ...], list[str]] = {}
    of = 0
    for result in report.results:
        if not gates(report, result):
            continue
        of += 1
        stale = [trial for trial in result.trials if trial.status == "stale"]
        if stale:
            changed = tuple(dict.fromkeys(name for trial in stale for name in trial.changed))
            groups.setdefault(changed, []).append(result.case.id)
    found = [StaleGroup(changed, tuple(cases), of) for changed, cases in groups.items()]
    return sorted(found, key=lambda group: (-len(group.cases), group.changed))


def by_state(report: Report) -> dict[State, int]:
    """Count the cases by how they stand."""
    found: dict[State, int] = {"passed": 0, "failed": 0, "stale": 0, "error": 0}
    for result in report.results:
        found[state_of(result)] += 1
    return found


def live(report: Report) -> bool:
    """Tell whether cost and times were measured with a vendor's models."""
    return report.source == "live"


def change_row(change: Change) -> tuple[str, str, str, str]:
    """Return a change as words: what, before, after, and the difference with its interval."""
    unit = {"passed": percent, "usd": usd}.get(change.what, milliseconds)
    told = UNKNOWN if change.difference is None else _signed(change, unit(abs(change.difference)))
    if change.low is not None and change.high is not None:
        told += f" [{_sign(change.low)}{unit(abs(change.low))}, {_sign(change.high)}{unit(abs(change.high))}]"
    if change.p is not None:
        told += f", p = {change.p:.2g}"
    return CHANGES.get(change.what, change.what), unit(change.before), unit(change.after), told


def _signed(change: Change, size: str) -> str:
    assert change.difference is not None
    return f"{_sign(change.difference)}{size}"


def _sign(value: float) -> str:
    return "-" if value < 0 else "+" if value > 0 else ""


def share(value: Share) -> str:
    """Return a share with its interval."""
    if value.value is None:
        return "nothing is known"
    return f"{percent(value.value)} of {counted(value.cases, 'case')}{between(value)}"


def between(value: Share) -> str:
    """Return a share's interval as words that follow it."""
    return "" if value.low is None else f", between {percent(value.low)} and {percent(value.high)}"


def percent(value: float | None) -> str:
    """Return a share as per cent."""
    return UNKNOWN if value is None else f"{value * 100:.1f} %"


def usd(value: float | None) -> str:
    """Return an amount with its currency after it: a dollar sign begins a formula in GitHub's Markdown."""
    if value is None:
        return UNKNOWN
    return f"{value:.2f} USD" if value >= 1 or value == 0 else f"{value:.2g} USD"


def milliseconds(value: float | None) -> str:
    """Return a time."""
    if value is None:
        return UNKNOWN
    return f"{value / 1000:.1f} s" if value >= 1000 else f"{value:.0f} ms"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(names: Sequence[str]) -> str:
    """Return names as a list in a sentence."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
