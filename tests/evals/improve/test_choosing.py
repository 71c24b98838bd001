"""The climb chooses the smallest rung that surely works, and says so where it cannot tell."""

from __future__ import annotations

import pytest

from evals.improve.choosing import choose


def shares(cases: int, **passed: float) -> dict[str, list[float]]:
    """Return shares in which the easiest cases pass first, so that rungs agree as far as they can."""
    return {name: [float(n < share * cases) for n in range(cases)] for name, share in passed.items()}


@pytest.mark.parametrize(
    ("passed", "rung"),
    [
        ({"a": 0.9, "b": 0.9, "c": 0.9}, "a"),
        ({"a": 0.5, "b": 0.9, "c": 0.9}, "b"),
        ({"a": 0.5, "b": 0.6, "c": 0.9}, "c"),
        ({"a": 0.3, "b": 0.3, "c": 0.9}, "c"),
        ({"a": 0.9, "b": 0.5, "c": 0.9}, "a"),
        ({"a": 0.4}, "a"),
    ],
)
def test_the_smallest_that_loses_nothing_is_chosen(passed: dict[str, float], rung: str) -> None:
    choice = choose(shares(400, **passed), margin=0.05)
    assert (choice.word, choice.rung, choice.cases) == ("chosen", rung, 400)


def test_too_few_cases_are_undecided_with_how_many_more_are_needed() -> None:
    choice = choose(shares(20, a=0.9, b=0.9), margin=0.05)
    assert (choice.word, choice.rung) == ("undecided", "a")
    assert choice.more_cases is not None
    enough = choose(shares(20 + choice.more_cases, a=0.9, b=0.9), margin=0.05)
    assert enough.word == "chosen"
    less = choose(shares(20 + choice.more_cases - 5, a=0.9, b=0.9), margin=0.05)
    assert less.word == "undecided"


def test_a_rung_is_undecided_above_one_that_is_ruled_out() -> None:
    choice = choose(shares(50, a=0.2, b=0.88, c=0.9), margin=0.05)
    assert (choice.word, choice.rung) == ("undecided", "b")


def test_no_case_decides_nothing_and_no_rung_is_an_error() -> None:
    assert choose({"a": [], "b": []}, margin=0.05).word == "undecided"
    with pytest.raises(ValueError, match="no rung"):
        choose({}, margin=0.05)


def test_more_rungs_below_the_top_make_each_comparison_stricter() -> None:
    two = choose(shares(400, a=0.5, b=0.9), margin=0.05).compared[0].result
    four = choose(shares(400, a=0.5, b=0.9, c=0.9, d=0.9), margin=0.05).compared[0].result
    assert four.low < two.low
    assert four.high > two.high
