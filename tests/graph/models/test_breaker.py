"""A model that fails again and again is spared, and tried again after a while."""

from __future__ import annotations

import pytest

from graph.errors import BreakerOpen, CutOff, ModelError, Overloaded, RateLimited, Unauthorized
from graph.models.breaker import COOL_DOWN_S, FAILURES, LONGEST_S, WINDOW, Breaker

JITTER = 1.3


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("vendor model", clock)


def is_open(breaker: Breaker) -> bool:
    """Try a call, and tell whether it was refused; a call that was let through is taken back."""
    try:
        breaker.admit()
    except BreakerOpen:
        return True
    breaker.abandoned()
    return False


def fail(breaker: Breaker, error: ModelError, times: int = 1) -> None:
    for _ in range(times):
        breaker.admit()
        breaker.failed(error)


def test_it_opens_after_four_failures_and_says_for_whom(breaker: Breaker) -> None:
    fail(breaker, Overloaded("x"), FAILURES - 1)
    assert not is_open(breaker)
    fail(breaker, CutOff("x"))
    with pytest.raises(BreakerOpen, match="vendor model failed too often"):
        breaker.admit()


def test_failures_among_many_good_calls_do_not_open_it(breaker: Breaker) -> None:
    for _ in range(20):
        fail(breaker, Overloaded("x"), FAILURES - 1)
        for _ in range(WINDOW - FAILURES + 1):
            breaker.admit()
            breaker.succeeded()
        assert not is_open(breaker)


def test_after_the_cool_down_one_call_may_probe(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, Overloaded("x"), FAILURES)
    clock.now += COOL_DOWN_S * 0.99
    assert is_open(breaker)
    clock.now += COOL_DOWN_S * JITTER
    breaker.admit()
    with pytest.raises(BreakerOpen):
        breaker.admit()
    breaker.succeeded()
    assert not is_open(breaker)
    fail(breaker, Overloaded("x"), FAILURES - 1)
    assert not is_open(breaker)


def test_a_probe_that_fails_opens_it_again_at_once(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, Overloaded("x"), FAILURES)
    clock.now += COOL_DOWN_S * JITTER
    fail(breaker, Overloaded("x"))
    assert is_open(breaker)
    clock.now += COOL_DOWN_S * JITTER
    assert not is_open(breaker)


def test_a_probe_that_the_customer_stopped_lets_the_next_one_probe(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, Overloaded("x"), FAILURES)
    clock.now += COOL_DOWN_S * JITTER
    breaker.admit()
    breaker.abandoned()
    breaker.admit()


def test_what_somebody_must_change_first_opens_it_at_once(breaker: Breaker) -> None:
    fail(breaker, Unauthorized("x"))
    assert is_open(breaker)


def test_a_vendor_that_wants_a_long_pause_gets_it(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, RateLimited("x", retry_after=60))
    clock.now += 59
    assert is_open(breaker)
    clock.now += 60 * JITTER - 59
    assert not is_open(breaker)


def test_a_short_pause_is_the_callers_to_wait_for(breaker: Breaker, clock: Clock) -> None:
    """Otherwise the very retry that the vendor asked for would be refused."""
    fail(breaker, RateLimited("x", retry_after=1))
    clock.now += 1
    breaker.admit()


def test_no_vendor_puts_a_model_out_of_use_for_a_day(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, RateLimited("x", retry_after=1e9))
    clock.now += LONGEST_S * JITTER
    assert not is_open(breaker)
