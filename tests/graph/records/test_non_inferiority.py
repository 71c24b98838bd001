"""Non-inferiority: Tango's published interval, a search of its own, and how often a verdict is wrong."""

from __future__ import annotations

from math import comb, log, sqrt

import numpy as np
import pytest

from graph.records.significance import NonInferiority, non_inferior

AT_MOST_WRONG = 0.034
"""Of the suites, each way, with one trial a case."""

AT_MOST_WRONG_OF_SHARES = 0.05


def test_without_the_half_case_the_bounds_are_the_published_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airway reactivity of 21 children before and after transplantation: -0.517 to -0.026."""
    monkeypatch.setattr("graph.records.non_inferiority._CORRECTION", 0.0)
    result = non_inferior(*_flips(won=1, lost=7, cases=21), margin=0.1)
    assert (result.low, result.high) == pytest.approx((-0.517, -0.026), abs=5e-4)


@pytest.mark.parametrize(("won", "lost", "cases"), [(0, 3, 20), (4, 1, 30), (2, 2, 12), (0, 0, 15)])
def test_the_bounds_are_where_a_search_finds_them(won: int, lost: int, cases: int) -> None:
    result = non_inferior(*_flips(won, lost, cases), margin=0.1)
    inside = [d for d in np.linspace(-0.995, 0.995, 1991) if abs(_score(won, lost, cases, d)) <= 1.959964]
    assert (result.low, result.high) == pytest.approx((inside[0], inside[-1]), abs=2e-3)


@pytest.mark.parametrize(
    ("won", "lost", "cases", "verdict"),
    [
        (3, 2, 300, "non_inferior"),
        (0, 30, 100, "inferior"),
        (0, 9, 9, "inferior"),
        (9, 0, 9, "non_inferior"),
        (1, 2, 30, "undecided"),
    ],
)
def test_a_verdict_is_given_where_the_interval_lies_on_one_side(
    won: int, lost: int, cases: int, verdict: str
) -> None:
    result = non_inferior(*_flips(won, lost, cases), margin=0.05)
    assert result.verdict == verdict
    assert (result.low > -0.05) == (verdict == "non_inferior")
    assert (result.high < -0.05) == (verdict == "inferior")
    assert (result.more_cases is None) == (verdict != "undecided")


@pytest.mark.parametrize(("won", "lost", "cases"), [(0, 0, 10), (1, 1, 20), (0, 3, 30)])
def test_the_promised_number_of_cases_decides_it_and_one_tenth_fewer_do_not(
    won: int, lost: int, cases: int
) -> None:
    result = non_inferior(*_flips(won, lost, cases), margin=0.05)
    assert result.more_cases is not None
    times = (cases + result.more_cases) / cases
    enough, fewer = (round(times * 1.05) + 1, int(times * 0.9))
    assert _at(won, lost, cases, enough).verdict != "undecided"
    assert _at(won, lost, cases, fewer).verdict == "undecided"


def test_a_loss_of_just_the_margin_is_decided_by_no_number() -> None:
    result = non_inferior(*_flips(won=0, lost=1, cases=20), margin=0.05)
    assert (result.verdict, result.more_cases) == ("undecided", None)


def test_no_cases_say_nothing() -> None:
    result = non_inferior([], [], margin=0.05)
    assert (result.verdict, result.difference, result.low, result.high) == ("undecided", None, -1.0, 1.0)


def test_a_loss_that_every_case_shares_keeps_a_width() -> None:
    result = non_inferior([0.5] * 12, [0.75] * 12, margin=0.1)
    assert result.difference == -0.25
    assert result.low < -0.25 < result.high


@pytest.mark.parametrize(
    ("larger", "margin", "says"), [([1.0], 0.1, "paired"), ([1.0, 0.0], 0.0, "margin"), ([1, 1], 1, "margin")]
)
def test_what_makes_no_sense_is_refused(larger: list[float], margin: float, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        non_inferior([1.0, 0.0], larger, margin=margin)


@pytest.mark.parametrize("cases", [8, 15, 30, 60])
@pytest.mark.parametrize("margin", [0.05, 0.1, 0.2])
def test_over_all_samples_a_loss_of_just_the_margin_is_misjudged_within_the_stated_rate(
    cases: int, margin: float
) -> None:
    verdicts = {
        (won, lost): non_inferior(*_flips(won, lost, cases), margin=margin).verdict
        for won in range(cases + 1)
        for lost in range(cases + 1 - won)
        if won + lost <= cases * 0.9
    }
    for by_chance in (0.0, 0.01, 0.05, 0.12, 0.3):
        chances = {flip: _chance(*flip, cases, by_chance, by_chance + margin) for flip in verdicts}
        for wrong in ("non_inferior", "inferior"):
            assert sum(chances[f] for f, verdict in verdicts.items() if verdict == wrong) <= AT_MOST_WRONG


@pytest.mark.parametrize(("cases", "margin"), [(20, 0.1), (80, 0.05)])
def test_with_three_trials_a_case_2000_runs_stay_within_the_stated_rate(cases: int, margin: float) -> None:
    draw = np.random.default_rng(1)
    larger = margin + (1 - margin) * draw.beta(4, 1, (2000, cases))
    pairs = zip(draw.binomial(3, larger - margin) / 3, draw.binomial(3, larger) / 3, strict=True)
    verdicts = [non_inferior(s.tolist(), g.tolist(), margin=margin).verdict for s, g in pairs]
    assert verdicts.count("non_inferior") <= AT_MOST_WRONG_OF_SHARES * 2000
    assert verdicts.count("inferior") <= AT_MOST_WRONG_OF_SHARES * 2000


def test_enough_cases_find_an_equal_and_a_worse_one() -> None:
    draw = np.random.default_rng(2)
    found = {"equal": 0, "worse": 0}
    for _ in range(200):
        larger, same, worse = (draw.random(400) < [[0.95], [0.95], [0.7]]).astype(float).tolist()
        found["equal"] += non_inferior(same, larger, margin=0.1).verdict == "non_inferior"
        found["worse"] += non_inferior(worse, larger, margin=0.1).verdict == "inferior"
    assert min(found.values()) >= 190


def _flips(won: int, lost: int, cases: int) -> tuple[list[bool], list[bool]]:
    same = [True] * (cases - won - lost)
    return [True] * won + [False] * lost + same, [False] * won + [True] * lost + same


def _at(won: int, lost: int, cases: int, times: int) -> NonInferiority:
    return non_inferior(*_flips(won * times, lost * times, cases * times), margin=0.05)


def _chance(won: int, lost: int, cases: int, wins: float, losses: float) -> float:
    rest = cases - won - lost
    ways = comb(cases, won) * comb(cases - won, lost)
    return float(ways * wins**won * losses**lost * (1 - wins - losses) ** rest)


def _score(won: int, lost: int, cases: int, difference: float) -> float:
    """Find the likeliest shares that have this difference by trying 4,000, and score against them."""
    losses = np.linspace(max(0.0, -difference), (1 - difference) / 2, 4_001)[1:-1]
    wins = losses + difference
    likelihood = (
        (won * np.log(wins) if won else 0)
        + (lost * np.log(losses) if lost else 0)
        + (cases - won - lost) * np.log(1 - wins - losses)
    )
    best = int(np.argmax(likelihood))
    assert log(losses[best]) <= 0
    variance = (wins[best] + losses[best] - difference**2) / cases
    distance = (won - lost) / cases - difference
    return float(np.sign(distance) * max(0.0, abs(distance) - 0.5 / cases) / sqrt(variance))
