"""A turn of which only the words are known: kept in a baseline, or played by somebody else's agent."""

from __future__ import annotations

from evals.suite.case import To
from evals.suite.trial import PlayedTurn
from graph.turn import Outcome, Route, TurnRecord


def bare_turn(
    asked: str,
    answer: str,
    outcome: Outcome,
    route: Route,
    *,
    escalated: To | None = None,
    reason: str = "",
    rule: str = "",
    sources: tuple[str, ...] = (),
    name: str = "",
    conversation: str = "",
    language: str = "",
) -> PlayedTurn:
    """Return it; the times, which a TurnRecord has to have, are 0 and mean nothing."""
    record = TurnRecord(
        turn_id=name,
        messages=(name,) if name else (),
        attempt=1,
        conversation=conversation,
        customer="",
        received_at=0.0,
        route=route,
        calls=(),
        sources=(),
        outcome=outcome,
        language=language,
        total_ms=0.0,
    )
    return PlayedTurn(
        asked=asked,
        answer=answer,
        outcome=outcome,
        escalated=escalated,
        reason=reason,
        rule=rule,
        passages=(),
        sources=sources,
        record=record,
    )
