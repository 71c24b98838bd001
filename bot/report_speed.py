"""Whether faster answers are rated better: the askers' ratings by tier and by time to the first words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from graph.records.ledger import RatedTurn
from graph.records.statistics import by_tier, group, ratings
from graph.turn import Who

BOUNDS_S = (1, 2, 4, 8)
"""People notice one second, and few wait for eight; in between, each step doubles."""
FEWEST = 10
"""Below so many ratings a share says next to nothing: 9 of 10 up is between 60 % and 98 %."""

TOO_FEW = (
    "Too few ratings to compare response times: two rows of one tier need"
    f" {FEWEST} ratings each by those who asked."
)


def only(who: Who, turns: Iterable[RatedTurn]) -> list[RatedTurn]:
    """Return the turns with the ratings of askers, bystanders or staff alone."""
    return [
        replace(turn, ratings=tuple(given for given in turn.ratings if given.who == who)) for turn in turns
    ]


def ratings_by_speed(turns: Sequence[RatedTurn]) -> list[dict[str, Any]]:
    """Return a row for each tier and range of first words that has turns, fastest first.

    `from_ms` and `to_ms` bound the range; both are None where nobody knows the time.
    """
    return [
        {
            "tier": tier,
            "from_ms": None if step is None else 1000 * (0, *BOUNDS_S)[step],
            "to_ms": None if step is None or step == len(BOUNDS_S) else 1000 * BOUNDS_S[step],
            "turns": len(some),
            **asdict(ratings(only("asker", some))),
            "bystanders": _counts("bystander", some),
            "staff": _counts("staff", some),
        }
        for tier, theirs in by_tier(turns).items()
        for step, some in sorted(group(theirs, _step).items(), key=lambda pair: (pair[0] is None, pair[0]))
    ]


def can_be_compared(rows: Iterable[dict[str, Any]]) -> bool:
    """Tell whether some tier has two ranges with enough ratings."""
    enough = [row["tier"] for row in rows if row["from_ms"] is not None and row["up"] + row["down"] >= FEWEST]
    return len(enough) > len(set(enough))


def speed(row: dict[str, Any]) -> str:
    """Write the range of a row."""
    if row["from_ms"] is None:
        return "unknown"
    if row["to_ms"] is None:
        return f"over {row['from_ms'] // 1000} s"
    if not row["from_ms"]:
        return f"under {row['to_ms'] // 1000} s"
    return f"{row['from_ms'] // 1000} to {row['to_ms'] // 1000} s"


def _step(turn: RatedTurn) -> int | None:
    """Return which range the first words came in; the upper bound is outside."""
    first = turn.record.first_words_ms
    return None if first is None else sum(first >= 1000 * bound for bound in BOUNDS_S)


def _counts(who: Who, turns: Iterable[RatedTurn]) -> dict[str, int]:
    given = ratings(only(who, turns))
    return {"up": given.up, "down": given.down}
