"""What may still be spent on models, and how a route keeps within it: large, then small, then a person."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

from graph.routing.decide import PHRASE
from graph.tiers import EXTRACTIVE, FLOOR, Tiers
from graph.turn import PERSON, Route

Allowance: TypeAlias = Literal["all", "smallest", "none"]
"""Which tiers may be asked: all, the smallest one alone, or no model."""

NEARLY = "The day's budget is nearly spent: no larger tier is asked."
SPENT = "The day's budget is spent: no model is asked."


class Purse(Protocol):
    """Counts what calls cost; every method but `end` raises StateError where that cannot be known."""

    async def allowance(self) -> Allowance:
        """Return which tiers may be asked now."""
        ...

    async def begin(self, worst_usd: float) -> str:
        """Note a call that is about to be made, and what it costs at most; return its name for `end`."""
        ...

    async def end(self, name: str, cost_usd: float) -> None:
        """Count what a call has cost; never raises: one that is not counted here counts at its worst."""
        ...


def without_models(tiers: Tiers) -> Tiers:
    """Return the ladder that is left where no model may be asked."""
    return Tiers((FLOOR,), tiers.deadlines, tiers.history_tokens)


def within(
    route: Route, allowance: Allowance, tiers: Tiers, *, people: bool, covered: bool | None, asked: bool
) -> Route:
    """Return the route that keeps within what may be spent; where it does already, the same one.

    `people` tells that a person can be reached, `asked` that the smallest tier has had its say.
    """
    first = tiers.first.name
    free = route.tier in (PERSON, PHRASE) or first == EXTRACTIVE
    if allowance == "all" or free or (allowance == "smallest" and route.tier in (first, EXTRACTIVE)):
        return route
    why = NEARLY if allowance == "smallest" else SPENT
    if people:
        return Route(PERSON, why, "budget")
    if allowance == "smallest" and not asked:
        return Route(first, why, "budget")
    return Route(EXTRACTIVE if covered else PERSON, why, "budget")
