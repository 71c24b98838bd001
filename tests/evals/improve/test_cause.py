"""The table that a diagnosis goes by, row by row."""

from __future__ import annotations

import pytest

from evals.improve.cause import ADVICE, ROUTING, WRITERS, Arm, Arms, Cause, Gold, cause
from evals.improve.work_lists import list_of

NO, YES, HALF = Arm(0, 3), Arm(3, 3), Arm(1, 2)


@pytest.mark.parametrize(
    ("as_is", "larger", "gold", "both", "retrieved", "known", "found"),
    [
        (Arm(1, 3), NO, NO, NO, True, "there", "flake"),
        (YES, None, None, None, False, "missing", "flake"),
        (NO, YES, None, None, False, "not needed", "capability"),
        (NO, NO, None, None, False, "not needed", "label"),
        (NO, None, None, None, False, "not needed", "untold"),
        (NO, NO, None, None, False, "missing", "knowledge missing"),
        (NO, YES, None, None, False, "missing", "knowledge missing"),
        (NO, None, None, None, False, "missing", "knowledge missing"),
        (NO, NO, None, None, False, "unnamed", "knowledge missing"),
        (NO, YES, None, None, False, "unnamed", "capability"),
        (NO, None, None, None, False, "unnamed", "untold"),
        (NO, NO, YES, None, False, "there", "not found"),
        (NO, YES, YES, YES, False, "there", "not found"),
        (NO, NO, YES, None, True, "there", "ignored"),
        (NO, YES, Arm(2, 3), None, True, "there", "ignored"),
        (NO, NO, NO, YES, True, "there", "capability"),
        (NO, NO, NO, YES, False, "there", "capability"),
        (NO, YES, NO, NO, True, "there", "capability"),
        (NO, YES, NO, None, True, "there", "capability"),
        (NO, NO, HALF, YES, True, "there", "capability"),
        (NO, NO, NO, NO, True, "there", "label"),
        (NO, HALF, HALF, HALF, True, "there", "label"),
        (NO, None, NO, None, True, "there", "untold"),
        (NO, NO, NO, None, True, "there", "untold"),
        (NO, NO, None, NO, True, "there", "untold"),
        (None, YES, YES, YES, True, "there", "untold"),
    ],
)
def test_each_row_of_the_table(
    as_is: Arm | None,
    larger: Arm | None,
    gold: Arm | None,
    both: Arm | None,
    retrieved: bool,
    known: Gold,
    found: Cause,
) -> None:
    assert cause(Arms(as_is, larger, gold, both), retrieved, known) == found


def test_every_cause_has_a_list_and_something_to_do() -> None:
    lists = {name: list_of(name) for name in ADVICE}
    assert {name for name, on in lists.items() if on == "writers"} == set(WRITERS)
    assert {name for name, on in lists.items() if on == "routing"} == set(ROUTING)
    assert {name for name, on in lists.items() if on == "rest"} == {"label", "flake", "untold"}
