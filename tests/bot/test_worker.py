"""What a process takes beside what it has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from bot import worker
from bot.inbox import Inbox, Job
from bot.metrics import Metrics
from bot.worker import Lease, Workers
from graph.state_store import open_state
from tests.bot.inbox.filling import expire, put, take, wait

POISON, OTHER = "T1:C1:1.0", "T1:C1:2.0"


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    async with open_state(None) as client:
        yield client


class Process:
    """Works on what it takes until it is told to end it."""

    def __init__(self, redis: Redis, name: str, lease_s: float = 60.0) -> None:
        self.inbox = Inbox(redis, process=name, lease_s=60.0)
        self.taken: list[str] = []
        self.over = asyncio.Event()
        self.workers = Workers(self.inbox, self.handle, lease_s, 10, Metrics())

    async def has_taken(self, *threads: str) -> None:
        """Wait until it has taken these; raises TimeoutError."""
        async with asyncio.timeout(20):
            while self.taken != list(threads):
                await asyncio.sleep(0.01)

    async def handle(self, lease: Lease) -> Job | None:
        self.taken.append(lease.job.thread)
        await self.over.wait()
        lease.done = True
        return (await self.inbox.finish(lease.job)).next


async def twice_handed_out(redis: Redis) -> None:
    """Have one thread's job be one that two processes were lost with, and another's be new."""
    inbox = Inbox(redis, process="lost")
    await inbox.open()
    await wait(inbox, "a", thread=POISON)
    for _ in range(2):
        await take(inbox)
        await expire(redis, POISON)
    await put(inbox, "b", thread=OTHER, take=False)


async def test_what_may_end_the_process_is_taken_alone(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "POLL_S", 0.02)
    await twice_handed_out(redis)
    one, two = Process(redis, "one"), Process(redis, "two")
    one.workers.start()
    await one.has_taken(POISON)
    await asyncio.sleep(0.3)
    assert one.taken == [POISON]
    two.workers.start()
    await two.has_taken(OTHER)
    two.over.set()
    await put(one.inbox, "c", thread=OTHER, take=False)
    await two.workers.drain(1.0)
    one.over.set()
    await one.has_taken(POISON, OTHER)
    await one.workers.drain(1.0)


async def test_nothing_waits_longer_than_a_lease_for_what_is_slow(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "POLL_S", 0.02)
    await twice_handed_out(redis)
    one = Process(redis, "one", lease_s=0.3)
    one.workers.start()
    await one.has_taken(POISON, OTHER)
    one.over.set()
    await one.workers.drain(1.0)
