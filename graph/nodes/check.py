"""Judge the draft: it is the answer, or the turn goes one tier up, to the floor, or to a person."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from graph.allowance import within
from graph.finishing import finish
from graph.nodes.answer import escalate, tier_of
from graph.services import TurnContext
from graph.state import Draft, State
from graph.tiers import EXTRACTIVE
from graph.turn import PERSON, Route
from graph.verdict import judge

if TYPE_CHECKING:  # the graph gives it by its name, and who only decides needs no graph
    from langgraph.runtime import Runtime

ASKS_FOR_PERSON = "asks_for_person"
"""The reason in escalation.md by which a model says that the customer wants a person."""


async def check(state: State, runtime: Runtime[TurnContext]) -> dict[str, Any]:
    """Accept the draft and account for the turn, or set the route that it goes on by."""
    context, draft = runtime.context, state["draft"]
    assert draft is not None
    tier = tier_of(context, state)
    first = tier == context.services.tiers.first
    route = judge(draft, tier, context.edition.escalation, covered=state["covered"], first=first)
    if route is None:
        if draft["text"] != context.speaker.shown:  # it was held until now
            context.speaker.say(draft["text"])
        return finish(context, state, Route(**state["route"]), "answered", calls=state.get("calls") or [])
    route = await _affordable(context, state, route)
    _announce(context, state, draft, route)
    asked = state.get("asked", False) or draft["reason"] == ASKS_FOR_PERSON
    return {"route": asdict(route), "shown": context.speaker.shown, "asked": asked}


async def _affordable(context: TurnContext, state: State, route: Route) -> Route:
    """Keep the next step within what may be spent."""
    if route.tier in (PERSON, EXTRACTIVE):
        return route
    services = context.services
    allowance, people = await services.allowance(), context.people
    return within(route, allowance, services.tiers, people=people, covered=state["covered"], asked=True)


def _announce(context: TurnContext, state: State, draft: Draft, route: Route) -> None:
    """Tell the customer's side what becomes of the words that they have seen."""
    speaker = context.speaker
    if draft["stop"] == "escalated":
        return  # announced on the tool's name; the opening stays
    speaker.restart(route.reason)
    if route.tier != PERSON:
        escalate(context, state, route)
