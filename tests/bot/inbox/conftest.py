"""An inbox over each kind of Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from bot.inbox import Inbox
from graph.state_store import open_state


@pytest.fixture(params=["fakeredis", "redis"])
async def redis(request: pytest.FixtureRequest) -> AsyncIterator[Redis]:
    """An empty Redis: inside this process, then a real server."""
    url = request.getfixturevalue("redis_server") if request.param == "redis" else None
    async with open_state(url) as client:
        await client.flushdb()
        yield client


@pytest.fixture
async def inbox(redis: Redis) -> Inbox:
    """An open inbox of the process `one`."""
    opened = Inbox(redis, process="one")
    await opened.open()
    return opened


@pytest.fixture
async def other(redis: Redis, inbox: Inbox) -> Inbox:
    """An open inbox of the process `two` over the same Redis."""
    opened = Inbox(redis, process="two")
    await opened.open()
    return opened
