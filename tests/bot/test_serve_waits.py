"""`bot serve` beside a Redis that is starting as well, and one that refuses it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from redis.asyncio import Redis

from graph.errors import StateAway, StateError
from graph.state_store import open_state
from tests.bot.slack.failing import redis_that_fails
from tests.bot.slack.serving import CUSTOMER, DM, QUESTION, stage


async def test_a_redis_that_comes_later_is_waited_for(tmp_path: Path) -> None:
    async with redis_that_fails(tmp_path / "redis") as redis:
        redis.kill()
        async with stage(tmp_path, redis_url=redis.url, start=False) as on:
            starting = asyncio.create_task(on.start())
            await asyncio.sleep(0.3)
            assert not starting.done()
            await redis.start()
            await starting
            on.slack.say(CUSTOMER, DM, QUESTION)
            await on.until(on.finished)


async def test_a_redis_that_never_comes_ends_it_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.floor.START_TRIES", 1)
    async with redis_that_fails(tmp_path / "redis") as redis:
        redis.kill()
        async with stage(tmp_path, redis_url=redis.url, start=False) as on:
            with pytest.raises(StateAway, match="Redis cannot be reached"):
                await on.start()
            on.serving = None


async def test_a_wrong_password_is_not_waited_for(tmp_path: Path) -> None:
    async with redis_that_fails(tmp_path / "redis") as redis:
        async with Redis.from_url(redis.url) as client:
            await client.config_set("requirepass", "right")
        wrong = redis.url.replace("redis://", "redis://:wrong@")
        with pytest.raises(StateError) as caught:
            async with open_state(wrong):
                pass
        assert not isinstance(caught.value, StateAway)
