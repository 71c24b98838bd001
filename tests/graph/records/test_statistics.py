"""Numbers of a ledger, against values worked out by hand."""

from __future__ import annotations

import statistics as reference

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.records.ledger import RatedTurn
from graph.records.statistics import by_tier, cost, percentile, ratings, spread, wilson
from graph.turn import Route
from tests.graph.records.samples import rating, turn


def test_percentiles_lie_between_neighbours() -> None:
    assert percentile([30.0, 10.0, 20.0, 40.0], 50) == 25.0
    assert percentile([10.0, 20.0], 95) == 19.5
    assert percentile([7.0], 95) == 7.0
    assert percentile([], 50) is None


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50), q=st.integers(1, 99))
def test_percentiles_are_those_of_the_standard_library(values: list[float], q: int) -> None:
    expected = reference.quantiles(values, n=100, method="inclusive")[q - 1]
    assert percentile(values, q) == pytest.approx(expected, abs=1e-6)


def test_an_unknown_time_is_left_out_not_taken_for_zero() -> None:
    assert spread([None, 100.0, None]).p50 == 100.0
    assert (spread([None]).known, spread([None]).p50) == (0, None)


@pytest.mark.parametrize(
    ("up", "of", "low", "high"), [(8, 10, 0.4902, 0.9433), (0, 5, 0.0, 0.4345), (5, 5, 0.5655, 1.0)]
)
def test_wilson_gives_the_published_bounds(up: int, of: int, low: float, high: float) -> None:
    bounds = wilson(up, of)
    assert bounds is not None
    assert bounds == pytest.approx((low, high), abs=5e-4)


def test_no_ratings_have_no_share_and_no_bounds() -> None:
    given_none = ratings([RatedTurn(turn())])
    assert (given_none.up, given_none.down, given_none.share, given_none.interval) == (0, 0, None, None)


def test_ratings_are_counted_a_person_each() -> None:
    rated = RatedTurn(turn(), (rating(), rating(person="U2"), rating(person="U3", value="down")))
    counted = ratings([rated, RatedTurn(turn("b"))])
    assert (counted.up, counted.down) == (2, 1)


def test_an_unknown_cost_is_counted_beside_the_known_sum() -> None:
    turns = [
        RatedTurn(turn("a", cost_usd=0.25)),
        RatedTurn(turn("b", cost_usd=None)),
        RatedTurn(turn("c", cost_usd=0.75, outcome="handed_off")),
    ]
    spent = cost(turns)
    assert (spent.known_usd, spent.known, spent.unknown, spent.per_answered_usd) == (1.0, 2, 1, 0.25)


def test_no_known_cost_has_no_mean() -> None:
    spent = cost([RatedTurn(turn(cost_usd=None))])
    assert (spent.known, spent.per_answered_usd) == (0, None)


def test_tiers_come_by_size() -> None:
    large = Route("large", "asked again")
    turns = [RatedTurn(turn("a", route=large)), RatedTurn(turn("b")), RatedTurn(turn("c"))]
    assert {tier: len(some) for tier, some in by_tier(turns).items()} == {"small": 2, "large": 1}
    assert list(by_tier(turns)) == ["small", "large"]
