"""Decide who answers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from langgraph.runtime import Runtime

from graph.routing.decide import Decision, decide
from graph.routing.repeat import overlap
from graph.routing.rules import Facts
from graph.services import TurnContext
from graph.state import State


async def route(state: State, runtime: Runtime[TurnContext]) -> dict[str, Any]:
    """Apply the rules of escalation.md; calls no model."""
    decision = decision_of(facts_of(state, runtime.context), state, runtime.context)
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
        answered = (e for e in state.get("history") or [] if e["outcome"] not in ("failed", "stopped"))
        similarity = overlap(turn.text, [exchange["asked"] for exchange in answered])
    else:
        similarity = float(repeat)
    rating = turn.signals.rating or state.get("rating")
    return Facts(turn.text, similarity, rating, state["covered"], turn.signals.person)


def decision_of(facts: Facts, state: State, context: TurnContext) -> Decision:
    """Decide by the rules that the turn goes by."""
    services = context.services
    foreign = state["language"] != services.knowledge.language
    readable = any(attachment.text for attachment in context.turn.attachments)
    return decide(facts, context.edition.escalation, services.tiers, foreign=foreign, readable=readable)
