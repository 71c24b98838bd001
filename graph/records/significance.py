"""Whether a difference is more than chance: the unit is always the case, never the trial.

Trials of one case resemble one another, so counting them as independent makes intervals too narrow and
differences too significant. Everything here is pure, and what cannot be told is None.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import comb, sqrt
from statistics import NormalDist, fmean

import numpy as np
import numpy.typing as npt

from graph.records.non_inferiority import NonInferiority, non_inferior
from graph.records.statistics import wilson
from graph.records.student import t_quantile

__all__ = [
    "NonInferiority",
    "clustered_interval",
    "mcnemar_exact",
    "mean_pass_hat",
    "non_inferior",
    "paired_bootstrap",
    "pass_hat",
    "smallest_visible_loss",
]

_DRAWN_AT_ONCE = 1_000_000
"""Cases drawn at a time, so that memory stays flat however many there are."""


def pass_hat(passed: int, trials: int, k: int) -> float | None:
    """Return pass^k, the chance that k trials drawn from these all passed; None of fewer than k trials.

    Raises ValueError where more passed than were tried, or k is below 1.
    """
    if k < 1 or not 0 <= passed <= trials:
        raise ValueError(f"pass^{k} of {passed} passed in {trials} trials makes no sense")
    return comb(passed, k) / comb(trials, k) if trials >= k else None


def mean_pass_hat(counts: Sequence[tuple[int, int]], k: int) -> float | None:
    """Return the mean of pass^k over cases of (passed, trials); None where one has fewer than k trials.

    A mean over the cases that happen to have k trials would be another suite's, so there is none.
    """
    values = [pass_hat(passed, trials, k) for passed, trials in counts]
    known = [value for value in values if value is not None]
    return fmean(known) if known and len(known) == len(values) else None


def clustered_interval(
    values: Sequence[Sequence[float]], *, confidence: float = 0.95
) -> tuple[float, float, float] | None:
    """Return mean, low and high over all trials, one inner sequence a case; None of fewer than two cases.

    The standard error is robust to what trials of a case have in common (CR1: the sandwich estimate times
    cases / (cases - 1)); the quantile is Student's with cases - 1 degrees of freedom. Of values that are
    all 0 or 1 the bounds stay in 0..1, and where all are equal, which would give no width, they are
    Wilson's over the cases. A case without a trial does not count.
    """
    cases = [case for case in values if case]
    if len(cases) < 2:
        return None
    trials = [value for case in cases for value in case]
    mean, freedom = fmean(trials), len(cases) - 1
    binary = all(value in (0, 1) for value in trials)
    if binary and mean in (0, 1):
        bounds = wilson(round(mean) * len(cases), len(cases), NormalDist().inv_cdf((1 + confidence) / 2))
        return (mean, *bounds) if bounds else None
    residuals = sum(sum(value - mean for value in case) ** 2 for case in cases)
    error = sqrt(residuals * len(cases) / freedom) / len(trials)
    margin = t_quantile((1 + confidence) / 2, freedom) * error
    low, high = mean - margin, mean + margin
    return (mean, max(0.0, low), min(1.0, high)) if binary else (mean, low, high)


def mcnemar_exact(broke: int, fixed: int) -> float:
    """Return the two-sided exact McNemar p of so many cases that broke and so many that were fixed.

    Cases that stayed as they were say nothing about the difference; 1.0 where none flipped.
    """
    flipped = broke + fixed
    ways = tail = 1
    for fewer in range(min(broke, fixed)):
        ways = ways * (flipped - fewer) // (fewer + 1)
        tail += ways
    return min(1.0, 2 * tail / (1 << flipped))


def paired_bootstrap(
    before: Sequence[float],
    after: Sequence[float],
    *,
    seed: int = 0,
    rounds: int = 2000,
    confidence: float = 0.95,
) -> tuple[float, float, float] | None:
    """Return the mean of after - before over cases, with the bounds of a bootstrap over cases.

    The n-th value of each belongs to the n-th case. Percentiles are taken further out the fewer cases there
    are (the expanded percentile interval), as plain ones are too narrow. None of fewer than two cases;
    raises ValueError where the two differ in length.
    """
    if len(before) != len(after):
        raise ValueError(f"{len(before)} cases cannot be paired with {len(after)}")
    changes = np.asarray(after, dtype=np.float64) - np.asarray(before, dtype=np.float64)
    cases = len(changes)
    if cases < 2:
        return None
    means = np.concatenate(list(_resampled(changes, seed, rounds)))
    quantile = t_quantile((1 + confidence) / 2, cases - 1) * sqrt(cases / (cases - 1))
    tail = 100 * NormalDist().cdf(-quantile)
    low, high = np.percentile(means, [tail, 100 - tail])
    return float(changes.mean()), float(low), float(high)


def _resampled(changes: npt.NDArray[np.float64], seed: int, rounds: int) -> Iterator[npt.NDArray[np.float64]]:
    draw = np.random.default_rng(seed)
    at_once = max(1, _DRAWN_AT_ONCE // len(changes))
    for done in range(0, rounds, at_once):
        size = (min(at_once, rounds - done), len(changes))
        yield changes[draw.integers(0, len(changes), size)].mean(axis=1)


def smallest_visible_loss(cases: int, *, alpha: float = 0.05) -> float | None:
    """Return the smallest share of the cases whose loss exact McNemar would call one in a suite of this size.

    It assumes the clearest loss there is: all of these cases break and none is fixed (6 to 0 at 5 %). Where
    some are fixed at the same time, more must break, so this is a lower bound of what the suite can miss,
    not a promise of what it finds. None where even the loss of every case would not be significant.
    """
    broken = 1
    while mcnemar_exact(broken, 0) > alpha:
        broken += 1
    return broken / cases if broken <= cases else None
