"""Which cases two editions decide differently, which way, and which of them a model reads differently."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from evals.preview.deciding import Decided, decide_case
from evals.preview.editions import Compared
from evals.preview.once import Once
from evals.suite.case import Case
from graph.services import Services
from prompts import FixedPrompts

Kind: TypeAlias = Literal["now_escalates", "no_longer_escalates", "otherwise"]
KINDS: dict[Kind, str] = {
    "now_escalates": "answered -> escalated",
    "no_longer_escalates": "escalated -> answered",
    "otherwise": "decided otherwise",
}


@dataclass(frozen=True, slots=True)
class TurnPair:
    """One turn with both editions."""

    number: int
    """From 1."""
    asked: str
    before: Decided
    after: Decided

    @property
    def flips(self) -> bool:
        """Whether it is decided differently."""
        return self.before.decision != self.after.decision


@dataclass(frozen=True, slots=True)
class CasePair:
    """One case with both editions."""

    case: Case
    turns: tuple[TurnPair, ...]

    @property
    def kind(self) -> Kind | None:
        """How the conversation flips; None where every turn is decided as before."""
        if not any(turn.flips for turn in self.turns):
            return None
        was, now = self._escalates("before"), self._escalates("after")
        return "otherwise" if was == now else "now_escalates" if now else "no_longer_escalates"

    @property
    def label(self) -> Literal["with", "against", ""]:
        """Whether the flip goes where the case says that it belongs, or away; empty where it says nothing."""
        verdict = self.case.escalation.verdict
        if verdict == "may" or self.kind in (None, "otherwise"):
            return ""
        return "with" if (verdict == "must") == (self.kind == "now_escalates") else "against"

    @property
    def asks_model(self) -> bool:
        """Whether a model reads anything, after the change."""
        return any(turn.after.reads for turn in self.turns)

    @property
    def reads_other(self) -> bool:
        """Whether a model reads what it did not read before: recordings of it are of no use."""
        return any(turn.after.reads and turn.after.reads != turn.before.reads for turn in self.turns)

    @property
    def says_other(self) -> bool:
        """Whether the customer reads another sentence that no model writes, where all is decided alike."""
        return any(not turn.flips and turn.after.says != turn.before.says for turn in self.turns)

    def _escalates(self, when: Literal["before", "after"]) -> bool:
        return any(getattr(turn, when).escalated for turn in self.turns)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change of the prompts does to a set of cases, as far as no model is asked."""

    compared: Compared
    pairs: tuple[CasePair, ...]

    @property
    def flips(self) -> tuple[CasePair, ...]:
        """The cases that are decided differently."""
        return tuple(pair for pair in self.pairs if pair.kind)

    @property
    def stale(self) -> tuple[CasePair, ...]:
        """The cases that need re-recording."""
        return tuple(pair for pair in self.pairs if pair.reads_other)

    @property
    def touched(self) -> tuple[CasePair, ...]:
        """The cases that the change can make a difference to."""
        return tuple(pair for pair in self.pairs if pair.kind or pair.reads_other or pair.says_other)

    def of_kind(self, kind: Kind) -> tuple[CasePair, ...]:
        """Return the cases that flip this way."""
        return tuple(pair for pair in self.pairs if pair.kind == kind)


async def preview(compared: Compared, cases: Iterable[Case], services: Services) -> Preview:
    """Decide every turn of every case with both editions, in place of the services' own prompts."""
    once = replace(services, knowledge=Once(services.knowledge))
    before = replace(once, prompts=FixedPrompts(compared.before))
    after = replace(once, prompts=FixedPrompts(compared.after))
    pairs = [await _pair(case, before, after) for case in cases]
    return Preview(compared, tuple(pairs))


async def _pair(case: Case, before: Services, after: Services) -> CasePair:
    then, now = await decide_case(case, before), await decide_case(case, after)
    both = zip(case.turns, then, now, strict=True)
    return CasePair(case, tuple(TurnPair(n, turn.user, b, a) for n, (turn, b, a) in enumerate(both, 1)))
