"""What came of playing a case once: what `cases.jsonl` holds a line of, and every report reads.

Lines are written as trials end, so a run that was interrupted can go on from what is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from evals.suite.case import To
from graph.turn import Outcome, TurnRecord

Mode: TypeAlias = Literal["keyless", "replay", "live"]
Status: TypeAlias = Literal["passed", "failed", "stale", "error"]
"""`stale`: a recording is missing, so nothing is known; `error`: it could not be played or judged. Neither
is a pass, and neither is a failure of the bot."""

Source: TypeAlias = Literal["none", "live", "stand-in"]
"""Where the models' words came from: no model was asked, a vendor, or a stand-in for one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as the case wants it, in words that a support lead understands."""

    check: str
    """`cites`, `says`, `says_none_of`, `language`, `asks_back`, `escalates`, `escalation`, `limits`,
    `rubric`..."""
    says: str
    turn: int | None = None
    """From 1; None for the whole conversation."""
    hard: bool = False
    """Whether it alone blocks, whatever the statistics say."""


@dataclass(frozen=True, slots=True)
class PlayedTurn:
    """One turn as it was played."""

    asked: str
    answer: str
    outcome: Outcome
    escalated: To | None
    """The highest that it went to beyond the first tier."""
    reason: str
    """Why it was routed there, in words."""
    rule: str
    """The rule or the model's reason that decided; empty where nothing did."""
    passages: tuple[str, ...]
    """Ids of what was retrieved, best first."""
    sources: tuple[str, ...]
    """Articles that the answer cites."""
    record: TurnRecord
    summary: str = ""
    """What the person reads who takes over; empty where nobody does."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A judge's answer to one rubric."""

    rubric: str
    passed: bool | None
    """None where the judge's answer could not be read: an error, never a pass."""
    why: str
    gates: bool
    """False where the case does not gate on it, or the judge holds no certificate."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One playing of one case."""

    case: str
    number: int
    """From 1."""
    mode: Mode
    status: Status
    turns: tuple[PlayedTurn, ...] = ()
    findings: tuple[Finding, ...] = ()
    judged: tuple[Judged, ...] = ()
    problem: str = ""
    """Of `stale` and `error`: what is missing or went wrong, in one sentence."""
    changed: tuple[str, ...] = ()
    """Of `stale`: what is not as it was recorded, such as `escalation.md` or `returns/exchanges.md`."""
    source: Source = "none"
    usd: float | None = 0.0
    """What the conversation cost; None where a call's cost is unknown."""
    late: bool = False
    """It escalated after the turn by which it should have."""

    @property
    def passed(self) -> bool:
        """Whether it counts as passed."""
        return self.status == "passed"

    @property
    def escalated(self) -> To | None:
        """The highest that any of its turns went to."""
        levels = {turn.escalated for turn in self.turns}
        return "person" if "person" in levels else "large" if "large" in levels else None
