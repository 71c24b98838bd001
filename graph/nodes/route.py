"""Decide who answers."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from graph.allowance import SPENT, Allowance, within, without_models
from graph.routing.decide import PHRASE, Decision, decide
from graph.routing.repeat import overlap
from graph.routing.rules import Facts
from graph.services import TurnContext
from graph.state import State, seen_by
from graph.turn import PERSON, Route

if TYPE_CHECKING:  # the graph gives it by its name, and who only decides needs no graph
    from langgraph.runtime import Runtime


async def route(state: State, runtime: Runtime[TurnContext]) -> dict[str, Any]:
    """Apply the rules of escalation.md; calls no model."""
    return await routed(state, runtime.context)


async def routed(state: State, context: TurnContext) -> dict[str, Any]:
    """Return what the node adds to the state."""
    allowance = await context.services.allowance()
    decision = held_back(context) or decision_of(facts_of(state, context), state, context, allowance)
    return {
        "route": asdict(decision.route),
        "phrase": decision.phrase,
        "hold": decision.hold,
        "unknown": decision.unknown,
        "covered": decision.covered,
        "asked": decision.asked,
        "rating": None,
    }


def facts_of(state: State, context: TurnContext) -> Facts:
    """Gather what the rules ask about the turn."""
    turn = context.turn
    repeat = turn.signals.repeat
    if repeat is None:
        # Whoever is told to try again, or stopped the answer, does not ask again because of the answer.
        answered = (e for e in seen_by(turn.audience, state) if e["outcome"] not in ("failed", "stopped"))
        similarity = overlap(turn.text, [exchange["asked"] for exchange in answered])
    else:
        similarity = float(repeat)
    rating = turn.signals.rating or state.get("rating")
    return Facts(turn.text, similarity, rating, state["covered"], turn.signals.person)


LIMITED = "The customer wrote more than may be answered at once."


def held_back(context: TurnContext) -> Decision | None:
    """Return the decision about a turn that no model may answer, whatever it says; None where one may."""
    signals = context.turn.signals
    if signals.limited:
        return Decision(Route(PHRASE, LIMITED), phrase=signals.limited)
    return Decision(Route(PERSON, signals.withheld, by="person")) if signals.withheld else None


def decision_of(facts: Facts, state: State, context: TurnContext, allowance: Allowance = "all") -> Decision:
    """Decide by the rules that the turn goes by, within what may be spent."""
    services, escalation = context.services, context.edition.escalation
    foreign = state["language"] != context.knowledge.language
    readable = any(attachment.text for attachment in context.turn.attachments)
    decision = decide(facts, escalation, services.tiers, foreign=foreign, readable=readable)
    if allowance == "none" and decision.route.tier not in (PERSON, PHRASE):
        left = without_models(services.tiers)
        decision = decide(facts, escalation, left, foreign=foreign, readable=readable)
        if decision.route.tier == PERSON:
            return replace(decision, route=Route(PERSON, SPENT, "budget"))
    route = within(
        decision.route, allowance, services.tiers,
        people=context.people, covered=decision.covered, asked=False,
    )  # fmt: skip
    return replace(decision, route=route)
