"""Account for a finished turn: its record, and what later turns see of it."""

from __future__ import annotations

import time
from typing import Any

from graph.composing import trim
from graph.guard import cited
from graph.models.prices import total_usd
from graph.records.codec import from_dict, to_dict
from graph.services import Services, TurnContext
from graph.state import Exchange, State
from graph.turn import Call, Outcome, Route, Source, TurnRecord

REMEMBERED = 4
"""Records a conversation keeps, to answer a repeated turn from; order within it makes more than one rare."""

LONGEST_ASKED = 4000
"""Characters of a message that later turns see."""


def finish(
    context: TurnContext,
    state: State,
    route: Route,
    outcome: Outcome,
    *,
    calls: list[dict[str, Any]],
    summary: str = "",
) -> dict[str, Any]:
    """Return the state's last update of a turn: the record, and the exchange in the trimmed history."""
    answer = context.speaker.shown
    record = make_record(context, state, route, outcome, calls=calls, answer=answer)
    asked = context.turn.text[:LONGEST_ASKED]
    exchange = Exchange(
        id=context.turn.id, asked=asked, answer=answer, outcome=outcome, summary=summary,
        messages=[message.id for message in context.turn.messages], at=time.time(),
        audience=context.turn.audience,
    )  # fmt: skip
    context.finished = True
    history = [*(state.get("history") or []), exchange]
    return {
        "history": kept(history, context.services),
        "records": [*(state.get("records") or []), to_dict(record)][-REMEMBERED:],
        "shown": answer,
        "calls": calls,
        "draft": None,
    }


def kept(history: list[Exchange], services: Services) -> list[Exchange]:
    """Return what a conversation may still remember: within the budget of tokens, and of days."""
    since = time.time() - services.keep_text_s
    return trim([e for e in history if e.get("at", since) >= since], services.tiers.history_tokens)


def make_record(
    context: TurnContext,
    state: State,
    route: Route,
    outcome: Outcome,
    *,
    calls: list[dict[str, Any]],
    answer: str,
) -> TurnRecord:
    """Make the record of a turn that ends now."""
    turn, speaker = context.turn, context.speaker
    made = tuple(from_dict(Call, call) for call in calls)
    now = time.monotonic()
    first = speaker.first_words_at
    return TurnRecord(
        turn_id=turn.id,
        messages=tuple(message.id for message in turn.messages),
        attempt=turn.attempt,
        conversation=turn.conversation,
        customer=turn.customer,
        received_at=turn.received_at,
        route=route,
        calls=made,
        sources=sources(context, answer) if outcome == "answered" else (),
        outcome=outcome,
        language=state.get("language") or context.knowledge.language,
        total_ms=_ms(now - context.started + context.waited_s),
        first_words_ms=None if first is None else _ms(first - context.started + context.waited_s),
        queue_ms=_ms(context.waited_s),
        cost_usd=total_usd(made),
    )


def sources(context: TurnContext, answer: str) -> tuple[Source, ...]:
    """Return the articles that an answer cites, each once."""
    passages = (context.passages[number - 1] for number in cited(answer, len(context.passages)))
    found = {
        passage.article: Source(passage.article, passage.article_title, passage.url) for passage in passages
    }
    return tuple(found.values())


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
