"""Escalation against labels, counted by hand."""

from __future__ import annotations

import pytest

from graph.records.escalation_matrix import EscalationMatrix, LabelledEscalation, escalation_matrix


def test_every_conversation_is_counted_once() -> None:
    items = [
        LabelledEscalation(must=True, did=True),
        LabelledEscalation(must=True, did=True, late=True),
        LabelledEscalation(must=True, did=True),
        LabelledEscalation(must=True, did=False),
        LabelledEscalation(must=False, did=True, late=True),
        LabelledEscalation(must=False, did=False),
        LabelledEscalation(must=False, did=False),
    ]
    matrix = escalation_matrix(items)
    assert matrix == EscalationMatrix(hit=3, missed=1, needless=1, right=2, late=1)
    assert (matrix.precision, matrix.recall, matrix.lateness) == (0.75, 0.75, 1 / 3)


def test_the_bounds_are_wilsons() -> None:
    matrix = EscalationMatrix(hit=6, missed=10, needless=42, right=142, late=0)
    assert matrix.precision_interval == pytest.approx((0.059, 0.247), abs=5e-4)
    assert matrix.recall_interval == pytest.approx((0.185, 0.614), abs=5e-4)
    assert matrix.lateness_interval == pytest.approx((0.0, 0.390), abs=5e-4)


def test_shares_of_nothing_are_unknown() -> None:
    matrix = escalation_matrix([LabelledEscalation(must=False, did=False)])
    assert (matrix.precision, matrix.recall, matrix.lateness) == (None, None, None)
    assert (matrix.precision_interval, matrix.recall_interval, matrix.lateness_interval) == (None,) * 3
