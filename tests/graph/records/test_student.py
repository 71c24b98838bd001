"""Student's t, against the published tables."""

from __future__ import annotations

from statistics import NormalDist

import pytest

from graph.records.student import t_quantile


@pytest.mark.parametrize(
    ("probability", "freedom", "published"),
    [
        (0.975, 1, 12.7062),
        (0.975, 2, 4.3027),
        (0.975, 5, 2.5706),
        (0.95, 9, 1.8331),
        (0.995, 10, 3.1693),
        (0.975, 24, 2.0639),
        (0.975, 120, 1.9799),
    ],
)
def test_quantiles_are_those_of_the_tables(probability: float, freedom: int, published: float) -> None:
    assert t_quantile(probability, freedom) == pytest.approx(published, abs=5e-5)
    assert t_quantile(1 - probability, freedom) == pytest.approx(-published, abs=5e-5)


def test_many_degrees_of_freedom_are_the_normal_distribution() -> None:
    assert t_quantile(0.975, 20_000) == pytest.approx(NormalDist().inv_cdf(0.975), abs=2e-4)


@pytest.mark.parametrize(("probability", "freedom"), [(0.0, 5), (1.0, 5), (0.975, 0)])
def test_what_has_no_quantile_is_refused(probability: float, freedom: int) -> None:
    with pytest.raises(ValueError, match="t quantile"):
        t_quantile(probability, freedom)
