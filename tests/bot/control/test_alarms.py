"""Alarms: told once when they begin and once when they are over, by one process, also where one dies."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from redis.asyncio import Redis

from bot.control import alarms as module
from bot.control.alarms import Alarms, Kind, News, unclaimed
from bot.people.store import CLAIMED, Handoff

FOUND: dict[Kind, dict[str, str]] = {"budget": {"percent": "81", "budget": "$5.00"}}


async def test_of_two_processes_one_tells_it(redis: Redis) -> None:
    one, other = Alarms(redis), Alarms(redis)
    (news,) = await one.news(FOUND)
    assert news == News("budget", on=True, values=FOUND["budget"])
    assert await other.news(FOUND) == []
    await one.told(news)
    assert await other.news(FOUND) == []
    assert await other.on() == FOUND
    (over,) = await other.news({})
    assert over == News("budget", on=False, values=FOUND["budget"])
    assert await one.news({}) == []
    await other.told(over)
    assert await one.news({}) == []
    assert await one.on() == {}
    assert [n.on for n in await one.news(FOUND)] == [True]


async def test_what_could_not_be_told_is_told_later(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0.05)
    alarms = Alarms(redis)
    (news,) = await alarms.news(FOUND)
    await alarms.untold(news)
    assert await alarms.news(FOUND) == []
    await asyncio.sleep(0.06)
    assert await alarms.news(FOUND) == [news]


async def test_another_one_tells_what_a_process_died_over(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TELLING_S", 0.05)
    (news,) = await Alarms(redis).news(FOUND)
    await asyncio.sleep(0.06)
    assert await Alarms(redis).news(FOUND) == [news]


async def test_a_model_that_fails_in_any_process_fails_for_a_minute(redis: Redis) -> None:
    assert await Alarms(redis).report_failing(["anthropic big"]) == {"anthropic big"}
    assert await Alarms(redis).report_failing([]) == {"anthropic big"}
    await redis.delete("{bot}:alarm-seen:anthropic big")  # as after a minute
    assert await Alarms(redis).report_failing([]) == frozenset()


async def test_messages_that_were_given_up_lately_are_counted(redis: Redis) -> None:
    alarms, now = Alarms(redis), time.time() * 1000
    assert await alarms.dead() == 0
    for age in (4_000_000, 2_000, 1_000):
        line = json.dumps({"why": "x", "at": int(now - age), "thread": "t", "item": {}})
        await redis.lpush("{bot}:dead", line)
    assert await alarms.dead() == 2


def test_one_card_that_waits_for_an_hour_or_many_for_a_quarter_are_an_alarm() -> None:
    now = 100_000.0

    def waiting(*minutes: float) -> list[Handoff]:
        return [Handoff(f"c{n}", "U", opened_at=now - m * 60) for n, m in enumerate(minutes)]

    assert unclaimed(waiting(), now) is None
    assert unclaimed(waiting(59, 20), now) is None
    assert unclaimed(waiting(61, 20), now) == (1, 61)
    assert unclaimed(waiting(16, 17, 18, 19, 20), now) == (5, 20)
    taken = Handoff("c", "U", state=CLAIMED, opened_at=now - 9_000)
    assert unclaimed([taken], now) is None
