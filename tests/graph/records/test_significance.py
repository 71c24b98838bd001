"""Intervals and tests over cases: against small formulas of their own, and by how often they err."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, product
from math import sqrt
from statistics import fmean, stdev

import numpy as np
import pytest

from graph.records.significance import (
    clustered_interval,
    mcnemar_exact,
    mean_pass_hat,
    paired_bootstrap,
    pass_hat,
    smallest_visible_loss,
)
from graph.records.student import t_quantile

Interval = tuple[float, float, float]


@pytest.mark.parametrize(("passed", "trials"), [(0, 4), (1, 4), (3, 4), (4, 4), (5, 7)])
def test_pass_hat_is_the_share_of_draws_in_which_all_passed(passed: int, trials: int) -> None:
    results = [True] * passed + [False] * (trials - passed)
    for k in range(1, trials + 1):
        draws = [all(draw) for draw in combinations(results, k)]
        assert pass_hat(passed, trials, k) == pytest.approx(sum(draws) / len(draws))


def test_pass_hat_of_too_few_trials_is_unknown() -> None:
    assert pass_hat(2, 2, 3) is None
    assert mean_pass_hat([(1, 2), (2, 4)], 3) is None
    assert mean_pass_hat([], 1) is None
    assert mean_pass_hat([(1, 2), (2, 2)], 1) == 0.75


@pytest.mark.parametrize(("passed", "trials", "k"), [(3, 2, 1), (-1, 2, 1), (1, 2, 0)])
def test_pass_hat_of_nonsense_is_refused(passed: int, trials: int, k: int) -> None:
    with pytest.raises(ValueError, match="makes no sense"):
        pass_hat(passed, trials, k)


def test_equal_clusters_have_the_interval_of_their_means() -> None:
    values = [[1, 0], [1, 1], [0, 0], [1, 1], [0, 1]]
    means = [fmean(case) for case in values]
    margin = t_quantile(0.975, 4) * stdev(means) / sqrt(5)
    assert clustered_interval(values) == pytest.approx((0.6, max(0.0, 0.6 - margin), min(1.0, 0.6 + margin)))


def test_unequal_clusters_have_the_sandwich_error() -> None:
    values = [[2.0, 4.0, 9.0], [1.0], [5.0, 5.0]]
    mean = 26 / 6
    residuals = [15 - 3 * mean, 1 - mean, 10 - 2 * mean]
    error = sqrt(sum(r * r for r in residuals) * 3 / 2) / 6
    margin = t_quantile(0.975, 2) * error
    assert clustered_interval([*values, []]) == pytest.approx((mean, mean - margin, mean + margin))


def test_trials_that_repeat_each_other_are_no_evidence() -> None:
    once = clustered_interval([[1], [0], [1], [1], [0], [1]])
    assert clustered_interval([[v] * 10 for v in (1, 0, 1, 1, 0, 1)]) == pytest.approx(once)


def test_cases_that_all_pass_leave_a_doubt() -> None:
    interval = clustered_interval([[1, 1]] * 20)
    assert interval == pytest.approx((1.0, 0.8389, 1.0), abs=1e-4)


@pytest.mark.parametrize("values", [[], [[1, 0, 1]], [[], [1.0]]])
def test_one_case_has_no_interval(values: list[list[float]]) -> None:
    assert clustered_interval(values) is None


def test_the_clustered_interval_covers_what_it_says_and_the_naive_one_does_not() -> None:
    draw = np.random.default_rng(7)
    clustered = naive = 0
    for shares in draw.beta(1.2, 0.8, (1000, 25)):
        values = (draw.random((4, 25)) < shares).T.astype(float).tolist()
        clustered += _covers(clustered_interval(values), 0.6)
        naive += _covers(clustered_interval([[v] for case in values for v in case]), 0.6)
    assert clustered >= 930
    assert naive < 880


def test_exact_mcnemar_is_the_count_of_all_ways_to_flip() -> None:
    for flipped in range(1, 11):
        ways = [sum(way) for way in product((0, 1), repeat=flipped)]
        for broke in range(flipped + 1):
            far = [w for w in ways if abs(w - flipped / 2) >= abs(broke - flipped / 2)]
            assert mcnemar_exact(broke, flipped - broke) == pytest.approx(len(far) / len(ways))


def test_mcnemar_without_flips_says_nothing_and_with_many_stays_a_number() -> None:
    assert mcnemar_exact(0, 0) == 1.0
    assert mcnemar_exact(3000, 2000) < 1e-40


def test_mcnemar_raises_false_alarms_within_its_rate() -> None:
    draw = np.random.default_rng(3)
    flipped = draw.binomial(120, 0.15, 2000)
    broke = draw.binomial(flipped, 0.5)
    alarms = sum(mcnemar_exact(int(b), int(f - b)) <= 0.05 for b, f in zip(broke, flipped, strict=True))
    assert 0 < alarms <= 100


def test_the_bootstrap_is_seeded_and_brackets_the_difference() -> None:
    before, after = [0.0, 1.0, 1.0, 0.5, 0.0], [1.0, 1.0, 0.5, 1.0, 0.0]
    interval = paired_bootstrap(before, after)
    assert interval == paired_bootstrap(before, after)
    assert interval is not None
    difference, low, high = interval
    assert difference == pytest.approx(0.2)
    assert low < difference < high


def test_the_bootstrap_finds_a_shift_that_each_case_shares() -> None:
    assert paired_bootstrap([1.0, 5.0, 9.0], [3.0, 7.0, 11.0]) == pytest.approx((2.0, 2.0, 2.0))


def test_the_bootstrap_needs_two_cases_that_are_paired() -> None:
    assert paired_bootstrap([1.0], [0.0]) is None
    with pytest.raises(ValueError, match="paired"):
        paired_bootstrap([1.0], [0.0, 1.0])


def test_the_bootstrap_draws_in_parts_and_all_of_them() -> None:
    draw = np.random.default_rng(5)
    before, after = draw.normal(size=30_000), draw.normal(0.1, size=30_000)
    interval = paired_bootstrap(before.tolist(), after.tolist(), rounds=200)
    assert interval is not None
    error = float((after - before).std()) / sqrt(30_000)
    assert interval[2] - interval[1] == pytest.approx(2 * 1.96 * error, rel=0.25)


@pytest.mark.parametrize(
    "sample", [lambda draw: draw.normal(size=20), lambda draw: draw.integers(-1, 2, 20).astype(float)]
)
def test_the_bootstrap_covers_what_it_says(sample: Callable[[np.random.Generator], np.ndarray]) -> None:
    draw = np.random.default_rng(11)
    zeros = [0.0] * 20
    covered = sum(
        _covers(paired_bootstrap(zeros, sample(draw).tolist(), seed=seed, rounds=400), 0.0)
        for seed in range(2000)
    )
    assert covered >= 1860


@pytest.mark.parametrize(("cases", "share"), [(120, 6 / 120), (6, 1.0), (5, None), (0, None), (1000, 0.006)])
def test_six_broken_cases_are_the_fewest_that_can_be_seen(cases: int, share: float | None) -> None:
    assert smallest_visible_loss(cases) == share


def test_a_stricter_level_sees_less() -> None:
    assert smallest_visible_loss(100, alpha=0.01) == 0.08
    assert mcnemar_exact(8, 0) <= 0.01 < mcnemar_exact(7, 0)


def _covers(interval: Interval | None, true: float) -> bool:
    return interval is not None and interval[1] <= true <= interval[2]
