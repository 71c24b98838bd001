"""Judge the draft: it is the answer, or the turn goes one tier up, to the floor, or to a person."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from langgraph.runtime import Runtime

from graph.finishing import finish
from graph.nodes.answer import tier_of
from graph.services import TurnContext
from graph.state import Draft, State
from graph.turn import PERSON, Route
from graph.verdict import judge


async def check(state: State, runtime: Runtime[TurnContext]) -> dict[str, Any]:
    """Accept the draft and account for the turn, or set the route that it goes on by."""
    context, draft = runtime.context, state["draft"]
    assert draft is not None
    tier = tier_of(context, state)
    verdict = judge(draft, tier, context.edition.escalation, covered=state["covered"])
    if verdict.route is None:
        if draft["text"] != context.speaker.shown:  # it was held until now
            context.speaker.say(draft["text"])
        return finish(context, state, Route(**state["route"]), "answered", calls=state.get("calls") or [])
    _announce(context, draft, verdict.route)
    return {"route": asdict(verdict.route), "shown": context.speaker.shown, "hold": state["hold"]}


def _announce(context: TurnContext, draft: Draft, route: Route) -> None:
    """Tell the customer's side what becomes of the words that they have seen."""
    speaker = context.speaker
    if draft["stop"] == "escalated":
        return  # announced on the tool's name; the opening stays
    speaker.restart(route.reason)
    if route.tier != PERSON:
        speaker.escalate(route)
