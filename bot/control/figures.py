"""What the team sees of today (UTC) at a glance, from the day's last turns."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bot.ledger import DAY, Ledger
from graph.records.statistics import cost, ratings, spread

MOST = 2000
"""Turns that are looked at: somebody waits for the page."""


@dataclass(frozen=True, slots=True)
class Today:
    """The day so far; `more` tells that there were more turns than were looked at."""

    turns: int
    answered: int
    handed_off: int
    cost_usd: float
    first_words_ms: float | None
    up: int
    down: int
    more: bool = False


async def today(ledger: Ledger, now: float | None = None, *, tenant: str = "") -> Today:
    """Count the turns since midnight, of one tenant where it is given; raises StateError."""
    at = time.time() if now is None else now
    view = await ledger.recent(at - at % DAY, MOST)
    turns = [
        turn for turn in view.turns if turn.record.conversation.startswith(f"{tenant}:" if tenant else "")
    ]
    records = [turn.record for turn in turns]
    outcomes = [record.outcome for record in records]
    given = ratings(turns)
    return Today(
        turns=len(records),
        answered=outcomes.count("answered"),
        handed_off=outcomes.count("handed_off"),
        cost_usd=cost(turns).known_usd,
        first_words_ms=spread(record.first_words_ms for record in records).p50,
        up=given.up,
        down=given.down,
        more=len(view.turns) >= MOST,
    )
