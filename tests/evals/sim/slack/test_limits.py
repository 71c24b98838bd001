"""Buckets by tier, on a clock that only the test moves."""

from __future__ import annotations

import pytest

from evals.sim.slack.limits import Limits
from evals.sim.slack.settings import SlackSettings
from tests.evals.sim.slack.conftest import Clock


@pytest.mark.parametrize(
    ("method", "a_minute"),
    [("chat.startStream", 20), ("chat.update", 50), ("chat.appendStream", 100)],
)
def test_a_method_has_a_minutes_calls_by_its_tier(method: str, a_minute: int) -> None:
    clock = Clock(1000.0)
    limits = Limits(SlackSettings(limits=True), clock)
    assert [limits.retry_after(method, "C1") for _ in range(a_minute)] == [None] * a_minute
    assert limits.retry_after(method, "C2") is not None, "all channels share it"
    clock.now += 60 / a_minute
    assert limits.retry_after(method, "C1") is None
    assert limits.retry_after("auth.test", "") is None


def test_posts_have_one_a_second_and_channel_and_a_cap_for_the_workspace() -> None:
    clock = Clock(1000.0)
    limits = Limits(SlackSettings(limits=True, posts_per_minute=2), clock)
    assert limits.retry_after("chat.postMessage", "C1") is None
    assert limits.retry_after("chat.postMessage", "C1") == 1
    assert limits.retry_after("chat.postMessage", "C2") is None
    assert limits.retry_after("chat.postMessage", "C3") == 30


def test_a_burst_replaces_the_minutes_worth() -> None:
    clock = Clock(1000.0)
    limits = Limits(SlackSettings(limits=True, burst=2), clock)
    said = [limits.retry_after("chat.startStream", "") for _ in range(3)]
    assert said == [None, None, 3]


def test_without_limits_nothing_waits() -> None:
    limits = Limits(SlackSettings(burst=1), Clock(1000.0))
    assert {limits.retry_after("chat.startStream", "") for _ in range(50)} == {None}
