"""Limits: counted once a message, by sliding windows of a customer and fixed ones of a workspace."""

from __future__ import annotations

from dataclasses import dataclass

from redis.asyncio import Redis

from bot.control.limits import MessageLimits, Most


@dataclass
class Clock:
    """A time that a test moves."""

    now: float = 1_000_000_020.0

    def __call__(self) -> float:
        return self.now


async def test_the_window_slides_and_the_sentence_is_due_once_in_it(redis: Redis) -> None:
    clock = Clock()
    limits = MessageLimits(redis, Most(minute=2), clock=clock)
    assert await limits.over("T", "U", ["1", "2"]) is None
    over = await limits.over("T", "U", ["3"])
    assert over is not None
    assert (over.phrase, over.told) == ("rate_limit", False)
    again = await limits.over("T", "U", ["4"])
    assert again is not None
    assert again.told
    clock.now += 59
    assert await limits.over("T", "U", ["5"]) is not None
    clock.now += 2  # what was refused was not counted
    assert await limits.over("T", "U", ["6"]) is None


async def test_a_message_that_comes_again_counts_once_and_is_told_of_again(redis: Redis) -> None:
    limits = MessageLimits(redis, Most(minute=2), clock=Clock())
    for _ in range(5):
        assert await limits.over("T", "U", ["1", "2"]) is None
    for _ in range(2):  # its process may have died before the customer was told
        over = await limits.over("T", "U", ["3"])
        assert over is not None
        assert not over.told


async def test_hour_and_day_have_sentences_of_their_own(redis: Redis) -> None:
    clock = Clock()
    limits = MessageLimits(redis, Most(minute=5, hour=2, day=3), clock=clock)
    await limits.over("T", "U", ["1", "2"])
    hour = await limits.over("T", "U", ["3"])
    clock.now += 3601
    assert await limits.over("T", "U", ["4"]) is None
    day = await limits.over("T", "U", ["5"])
    assert hour is not None
    assert day is not None
    assert (hour.phrase, day.phrase) == ("limit_hour", "limit_day")


async def test_a_workspace_has_its_own_limit_and_others_go_on(redis: Redis) -> None:
    clock = Clock()
    limits = MessageLimits(redis, Most(minute=9), Most(minute=2), clock=clock)
    assert await limits.over("T1", "U1", ["1"]) is None
    assert await limits.over("T1", "U2", ["2"]) is None
    over = await limits.over("T1", "U3", ["3"])
    assert over is not None
    assert over.phrase == "limit_everyone"
    assert await limits.over("T2", "U3", ["4"]) is None
    clock.now += 60
    assert await limits.over("T1", "U3", ["5"]) is None


async def test_without_limits_nothing_is_counted(redis: Redis) -> None:
    assert await MessageLimits(redis).over("T", "U", ["1"] * 50) is None
    assert await redis.dbsize() == 0
