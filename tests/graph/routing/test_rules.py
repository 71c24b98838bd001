"""The rules of escalation.md, one condition at a time."""

from __future__ import annotations

import pytest

from graph.routing.rules import Facts, first_rule
from graph.turn import Thumb
from prompts import Complex, Condition, Covered, LongerThan, PhraseSet, Rated, Repeat, Rule, Says


def facts(
    text: str = "x", *, repeat: float = 0.0, rating: Thumb | None = None, covered: bool | None = True
) -> Facts:
    return Facts(text, repeat, rating, covered)


def holds(on: Condition, given: Facts) -> bool:
    rule = Rule("r", on, "large", "Because.")
    return first_rule([rule], given) is rule


COMPLEX = Complex(PhraseSet(["what if", "but only", "unless"]), at_least=2, questions=3)


@pytest.mark.parametrize(
    ("on", "given", "expected"),
    [
        (Says(PhraseSet(["real person"])), facts("A REAL person!"), True),
        (Says(PhraseSet(["real person"])), facts("real personal"), False),
        (Repeat(0.8), facts(repeat=0.8), True),
        (Repeat(0.8), facts(repeat=0.79), False),
        (Rated("down"), facts(rating="down"), True),
        (Rated("down"), facts(rating="up"), False),
        (Rated("down"), facts(), False),
        (COMPLEX, facts("What if I pay, but only later?"), True),
        (COMPLEX, facts("What if? And what if not?"), False),
        (COMPLEX, facts("What if? Why? When?"), True),
        (COMPLEX, facts("Why? When? Where?"), False),
        (Complex(PhraseSet(["a"]), 1, 0), facts("??????"), False),
        (Covered(value=False), facts(covered=False), True),
        (Covered(value=False), facts(covered=True), False),
        (Covered(value=False), facts(covered=None), False),
        (Covered(value=True), facts(covered=None), False),
        (LongerThan(3), facts("four"), True),
        (LongerThan(4), facts("four"), False),
    ],
)
def test_a_condition_holds(on: Condition, given: Facts, expected: bool) -> None:
    assert holds(on, given) == expected


def test_the_first_rule_that_holds_decides() -> None:
    rules = [
        Rule("no", Rated("up"), "large", "No."),
        Rule("first", LongerThan(1), "person", "First."),
        Rule("second", Covered(value=False), "large", "Second."),
    ]
    assert first_rule(rules, facts("long", covered=False)) == rules[1]
    assert first_rule(rules, facts("x", covered=False)) == rules[2]


def test_no_rule_holds() -> None:
    assert first_rule([], facts()) is None
    assert first_rule([Rule("no", Rated("up"), "large", "No.")], facts()) is None
