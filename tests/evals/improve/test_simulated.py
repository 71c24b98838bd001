"""200 seeded runs: what is planted is found, and false alarms stay within what is promised."""

from __future__ import annotations

import numpy as np
import pytest

from evals.improve.bench import rates_table, wanting
from evals.improve.simulated import CAUSES, LADDERS, RUNS, Rate, passes, simulate


def test_every_decision_is_as_good_as_it_should_be() -> None:
    rates = simulate(RUNS, seed=0)
    assert {rate.what: (rate.found, rate.runs) for rate in rates if wanting(rate)} == {}
    assert {rate.runs for rate in rates} == {RUNS}
    # One each: a ladder that is planted, too few cases, a cause, and three kinds of false alarm.
    assert len(rates) == len(LADDERS) + 1 + len(CAUSES) + 3
    assert all((rate.at_least is None) != (rate.at_most is None) for rate in rates)


def test_models_pass_with_their_own_chance_and_find_the_same_cases_hard() -> None:
    one, other = passes((0.7, 0.9), 20_000, np.random.default_rng(1))
    assert one.mean() == pytest.approx(0.7, abs=0.01)
    assert other.mean() == pytest.approx(0.9, abs=0.01)
    assert (one & ~other).mean() < 0.7 * 0.1 * 0.6


@pytest.mark.parametrize(
    ("rate", "is_wanting"),
    [
        (Rate("a", 150, 200, at_least=0.8), False),
        (Rate("a", 130, 200, at_least=0.8), True),
        (Rate("a", 14, 200, at_most=0.05), False),
        (Rate("a", 25, 200, at_most=0.05), True),
        (Rate("a", 2, 2, at_least=1.0), False),
        (Rate("a", 1, 2, at_least=1.0), True),
    ],
)
def test_a_rate_is_wanting_where_its_whole_interval_is(rate: Rate, is_wanting: bool) -> None:
    assert wanting(rate) is is_wanting
    assert rates_table([rate], 200, 0).row_count == 1
