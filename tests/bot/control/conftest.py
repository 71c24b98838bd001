"""An empty Redis: inside this process, then a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from graph.state_store import open_state


@pytest.fixture(params=["fakeredis", "redis"])
async def redis(request: pytest.FixtureRequest) -> AsyncIterator[Redis]:
    """An empty Redis."""
    url = request.getfixturevalue("redis_server") if request.param == "redis" else None
    async with open_state(url) as client:
        await client.flushdb()
        yield client
