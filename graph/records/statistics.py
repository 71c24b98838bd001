"""The numbers of a ledger: pure functions, in which unknown stays unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import floor, sqrt
from typing import TypeVar

from graph.records.ledger import RatedTurn

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

_Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and 95th percentile of the values that are known."""

    known: int
    p50: float | None
    p95: float | None


@dataclass(frozen=True, slots=True)
class Ratings:
    """Thumbs, and between which bounds the share of thumbs up lies with 95 % confidence."""

    up: int
    down: int
    share: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Cost:
    """US dollars of the turns whose cost is known, beside the number of those whose cost is not."""

    known_usd: float
    known: int
    unknown: int
    per_answered_usd: float | None
    """Mean over the answered turns of known cost."""


def percentile(values: Sequence[float], q: float) -> float | None:
    """Return the `q`-th percentile (0 to 100), interpolated between neighbours; None of no values."""
    if not values:
        return None
    ordered = sorted(values)
    place = (len(ordered) - 1) * q / 100
    below = floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def spread(values: Iterable[float | None]) -> Spread:
    """Return median and 95th percentile of the known values."""
    known = [value for value in values if value is not None]
    return Spread(len(known), percentile(known, 50), percentile(known, 95))


def wilson(successes: int, trials: int, z: float = _Z_95) -> tuple[float, float] | None:
    """Return Wilson's score interval for a share, which holds for few trials too; None of no trials."""
    if trials == 0:
        return None
    share = successes / trials
    centre = share + z * z / (2 * trials)
    margin = z * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return max(0.0, (centre - margin) / scale), min(1.0, (centre + margin) / scale)


def ratings(turns: Iterable[RatedTurn]) -> Ratings:
    """Count the ratings in force of these turns, whoever gave them."""
    values = Counter(rating.value for turn in turns for rating in turn.ratings)
    up, down = values["up"], values["down"]
    total = up + down
    return Ratings(up, down, up / total if total else None, wilson(up, total))


def cost(turns: Sequence[RatedTurn]) -> Cost:
    """Sum what these turns cost; a turn of unknown cost is counted, never taken for free."""
    known = [turn.record for turn in turns if turn.record.cost_usd is not None]
    answered = [record.cost_usd or 0.0 for record in known if record.outcome == "answered"]
    return Cost(
        known_usd=sum(record.cost_usd or 0.0 for record in known),
        known=len(known),
        unknown=len(turns) - len(known),
        per_answered_usd=sum(answered) / len(answered) if answered else None,
    )


def group(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Group items by a key, the largest group first, equal ones in order of appearance."""
    groups: dict[K, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return dict(sorted(groups.items(), key=lambda pair: -len(pair[1])))


def by_tier(turns: Iterable[RatedTurn]) -> dict[str, list[RatedTurn]]:
    """Group turns by the tier that they ended at."""
    return group(turns, lambda turn: turn.record.route.tier)
