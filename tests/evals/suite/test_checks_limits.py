"""Limits: calls always, money and time only where a vendor was asked."""

from __future__ import annotations

import pytest

from evals.suite.case import Limits
from evals.suite.checks_limits import check_limits, usd
from evals.suite.trial import Mode
from tests.evals.suite.making import make_played

TURNS = (make_played(calls=2, usd=0.02), make_played(calls=1, usd=0.01, total_ms=2500.0))


def broken(limits: Limits, mode: Mode = "live") -> list[str]:
    findings = list(check_limits(limits, TURNS, mode))
    assert all(finding.hard for finding in findings)
    return [finding.says for finding in findings]


def test_what_is_within_its_limits_has_no_finding() -> None:
    assert broken(Limits(usd=0.03, first_words_ms=300, total_ms=2500, model_calls=3)) == []


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (Limits(usd=0.02), "It costs $0.0300, and may cost $0.02."),
        (Limits(total_ms=2000), "It takes 2500 ms to the whole answer, and may take 2000 ms."),
        (Limits(model_calls=2), "It takes 3 model calls, and may take 2."),
    ],
)
def test_each_broken_limit_is_said(limits: Limits, says: str) -> None:
    assert broken(limits) == [says]


@pytest.mark.parametrize("mode", ["keyless", "replay"])
def test_money_and_time_are_the_vendors_only_when_live(mode: Mode) -> None:
    assert broken(Limits(usd=0.0, first_words_ms=1, total_ms=1), mode) == []
    assert len(broken(Limits(first_words_ms=1, model_calls=1), mode)) == 1


def test_an_unknown_cost_is_not_within_a_limit() -> None:
    turns = (make_played(usd=None), make_played())
    assert usd(turns) is None
    (finding,) = check_limits(Limits(usd=1.0), turns, "live")
    assert "unknown" in finding.says
