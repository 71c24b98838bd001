"""Quantiles of Student's t distribution: what an interval from few cases has to be widened by."""

from __future__ import annotations

from functools import lru_cache
from math import cos, pi, sin, sqrt, tan


@lru_cache(maxsize=512)
def t_quantile(probability: float, freedom: int) -> float:
    """Return the value that a t variable with so many degrees of freedom stays below with this probability.

    Exact to about 12 digits. Raises ValueError outside 0 < probability < 1 and freedom >= 1.
    """
    if not 0 < probability < 1 or freedom < 1:
        raise ValueError(
            "a t quantile needs a probability between 0 and 1 and at least one degree of freedom"
        )
    if probability < 0.5:
        return -t_quantile(1 - probability, freedom)
    inside = 2 * probability - 1
    low, high = 0.0, pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < inside else (low, middle)
    return sqrt(freedom) * tan((low + high) / 2)


def _within(angle: float, freedom: int) -> float:
    """Return P(|t| < sqrt(freedom) * tan(angle)), by the finite series for whole degrees of freedom."""
    square = cos(angle) ** 2
    odd = freedom % 2
    term = total = (cos(angle) if freedom > 1 else 0.0) if odd else 1.0
    for step in range(3 if odd else 2, freedom, 2):
        term *= square * (step - 1) / step
        total += term
    return (angle + sin(angle) * total) * 2 / pi if odd else sin(angle) * total
