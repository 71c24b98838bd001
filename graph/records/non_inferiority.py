"""Whether something smaller is good enough in place of something larger, by the same cases.

The interval is Tango's score interval for paired shares, half a case wider on both sides. At 95 % confidence
each of the two wrong verdicts is rarer than 5 %: over all samples of 5 to 200 cases, margins of 2 to 20 % and
any number of cases that flip by chance, at most 3.4 % (5.2 % without the half case); with shares of several
trials a case, 4 % was the most in simulations. A bootstrap would not do: cases that agree give it no width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import copysign, inf, sqrt
from statistics import NormalDist
from typing import Literal, TypeAlias

NonInferiorityVerdict: TypeAlias = Literal["non_inferior", "inferior", "undecided"]

_MOST_CASES = 1_000_000
"""Beyond it "so many more cases" is no advice."""

_CORRECTION = 0.5
"""Cases: the counts are whole, and the score's distribution is not."""


@dataclass(frozen=True, slots=True)
class NonInferiority:
    """What a comparison over the same cases came to."""

    verdict: NonInferiorityVerdict
    difference: float | None
    """Smaller minus larger, in shares of passing cases; None of no cases."""
    low: float
    high: float
    margin: float
    cases: int
    more_cases: int | None
    """Of `undecided`: about how many more cases like these would decide it; None where no number would."""


@dataclass(frozen=True, slots=True)
class _Pairs:
    """How many cases there are, and how many only the one or only the other passed; need not be whole."""

    cases: float
    lost: float
    won: float

    def score(self, difference: float) -> float:
        """Return Tango's z of these pairs if the true difference, won minus lost, were this one."""
        # The likeliest share of lost cases that this difference allows solves a quadratic equation.
        twice = 2 * self.cases
        linear = (twice - self.won + self.lost) * difference - self.won - self.lost
        constant = -self.lost * difference * (1 - difference)
        root = sqrt(max(0.0, linear * linear - 4 * twice * constant))
        lost = (root - linear) / (2 * twice)
        variance = self.cases * (2 * lost + difference * (1 - difference))
        distance = self.won - self.lost - self.cases * difference
        certain = copysign(max(0.0, abs(distance) - _CORRECTION), distance)
        if not certain:
            return 0.0
        return certain / sqrt(variance) if variance > 1e-15 else copysign(inf, certain)

    def verdict(self, margin: float, z: float) -> NonInferiorityVerdict:
        score = self.score(-margin)
        return "non_inferior" if score > z else "inferior" if score < -z else "undecided"

    def bound(self, z: float) -> float:
        """Return the difference whose score is z; the score falls as the difference rises."""
        low, high = -1.0, 1.0
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (middle, high) if self.score(middle) > z else (low, middle)
        return (low + high) / 2

    def scaled(self, cases: float) -> _Pairs:
        factor = cases / self.cases
        return _Pairs(cases, self.lost * factor, self.won * factor)


def non_inferior(
    smaller: Sequence[float], larger: Sequence[float], *, margin: float, confidence: float = 0.95
) -> NonInferiority:
    """Say whether `smaller` loses less than `margin` against `larger`, both in shares from 0 to 1 by case.

    The n-th value of each belongs to the n-th case: True and False, or the share of its trials that passed.
    Raises ValueError where the two differ in length, or the margin is not between 0 and 1.
    """
    if len(smaller) != len(larger):
        raise ValueError(f"{len(smaller)} cases cannot be paired with {len(larger)}")
    if not 0 < margin < 1 or not 0 < confidence < 1:
        raise ValueError("a margin and a confidence both lie between 0 and 1")
    changes = [float(ours) - float(theirs) for ours, theirs in zip(smaller, larger, strict=True)]
    if not changes:
        return NonInferiority("undecided", None, -1.0, 1.0, margin, 0, None)
    pairs, z = _pairs(changes), NormalDist().inv_cdf((1 + confidence) / 2)
    verdict = pairs.verdict(margin, z)
    return NonInferiority(
        verdict,
        sum(changes) / len(changes),
        pairs.bound(z),
        pairs.bound(-z),
        margin,
        len(changes),
        _more_cases(pairs, margin, z) if verdict == "undecided" else None,
    )


def _pairs(changes: Sequence[float]) -> _Pairs:
    """Return the pairs of whole wins and losses that have the mean and the spread of these changes."""
    total = sum(changes)
    # Shares of trials can change alike in every case, which no wins and losses do: then the spread is theirs.
    flipped = max(sum(change * change for change in changes), abs(total))
    return _Pairs(len(changes), lost=(flipped - total) / 2, won=(flipped + total) / 2)


def _more_cases(pairs: _Pairs, margin: float, z: float) -> int | None:
    """Return how many more cases would decide it if they came out as those so far."""
    few, enough = int(pairs.cases), _MOST_CASES
    if pairs.scaled(enough).verdict(margin, z) == "undecided":
        return None
    while enough - few > 1:
        middle = (few + enough) // 2
        undecided = pairs.scaled(middle).verdict(margin, z) == "undecided"
        few, enough = (middle, enough) if undecided else (few, middle)
    return enough - int(pairs.cases)
