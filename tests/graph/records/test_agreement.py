"""A judge against people: published kappas, and how often the bounds hold what they should."""

from __future__ import annotations

import numpy as np
import pytest

from graph.records.agreement import Agreement, agreement


def test_kappa_is_the_textbook_one() -> None:
    """Two readers of 50 proposals: 20 yes, 15 no, 5 and 10 apart."""
    both = agreement([True] * 25 + [False] * 25, [True] * 20 + [False] * 5 + [True] * 10 + [False] * 15)
    assert both == Agreement(20, 5, 10, 15)
    assert both.kappa == pytest.approx(0.4)
    assert (both.tpr, both.tnr) == (20 / 30, 15 / 20)


def test_full_agreement_on_few_items_keeps_a_doubt() -> None:
    judged = Agreement(both_yes=10, only_judge=0, only_human=0, both_no=10)
    assert judged.kappa == 1.0
    assert judged.kappa_interval == pytest.approx((0.6778, 1.0), abs=1e-4)
    assert judged.tpr_interval == pytest.approx((0.7225, 1.0), abs=1e-4)


def test_what_cannot_be_told_is_unknown() -> None:
    nothing, always_yes = Agreement(0, 0, 0, 0), Agreement(12, 0, 0, 0)
    assert (nothing.kappa, nothing.kappa_interval, nothing.tpr, nothing.tnr_interval) == (None,) * 4
    assert (always_yes.kappa, always_yes.kappa_interval, always_yes.tnr) == (None, None, None)


def test_a_judge_that_always_says_yes_is_worth_nothing() -> None:
    assert Agreement(both_yes=18, only_judge=2, only_human=0, both_no=0).kappa == 0.0


def test_labels_must_be_paired() -> None:
    with pytest.raises(ValueError, match="zip"):
        agreement([True], [True, False])


@pytest.mark.parametrize("items", [20, 60])
@pytest.mark.parametrize(("yes", "tpr", "tnr"), [(0.5, 0.9, 0.9), (0.7, 0.95, 0.8), (0.5, 1.0, 0.97)])
def test_the_bounds_of_kappa_hold_it_as_often_as_they_say(
    items: int, yes: float, tpr: float, tnr: float
) -> None:
    agreed = yes * tpr + (1 - yes) * tnr
    says = yes * tpr + (1 - yes) * (1 - tnr)
    chance = yes * says + (1 - yes) * (1 - says)
    bounds = [judged.kappa_interval for judged in _judged(items, yes, tpr, tnr)]
    known = [b for b in bounds if b is not None]
    true = (agreed - chance) / (1 - chance)
    assert sum(low <= true <= high for low, high in known) / len(known) >= 0.93


def _judged(items: int, yes: float, tpr: float, tnr: float) -> list[Agreement]:
    shares = [yes * tpr, (1 - yes) * (1 - tnr), yes * (1 - tpr), (1 - yes) * tnr]
    counts = np.random.default_rng(6).multinomial(items, shares, 2000)
    return [Agreement(*map(int, row)) for row in counts]
