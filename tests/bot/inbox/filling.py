"""Items for an inbox, and what time would do to it."""

from __future__ import annotations

from typing import Any

from redis.asyncio import Redis

from bot.inbox import Inbox, Item, Job, Placed

THREAD = "T1:C1:1.0"


def message(name: str, text: str = "hi", *, alone: bool = False, files: list[Any] | None = None) -> Item:
    """Make a message; `name` is its id."""
    body: dict[str, Any] = {"text": text} | ({"files": files} if files else {})
    return Item(name, "message", body, alone=alone, received_at=1_900_000_000.0)


async def wait(inbox: Inbox, *names: str, thread: str = THREAD) -> None:
    """Put messages that nobody takes yet."""
    for name in names:
        assert await put(inbox, name, thread=thread, take=False) == Placed("new", thread)


async def put(inbox: Inbox, name: str, *, thread: str = THREAD, take: bool = True) -> Placed:
    """Put a plain message."""
    return await inbox.put(thread, message(name), keys=[f"e:{name}", f"m:{name}"], take=take)


async def take(inbox: Inbox) -> Job:
    """Take a job that must be there."""
    job = await inbox.take()
    assert job is not None
    return job


async def expire(redis: Redis, thread: str = THREAD) -> None:
    """Let a thread's lease or delay be over."""
    await redis.zadd("{bot}:due", {thread: 1}, xx=True)


def names(job: Job) -> list[str]:
    """Name the members of a job."""
    return [item.id for item in job.members]


async def boxed(redis: Redis, thread: str = THREAD) -> int:
    """Count the items that wait in a thread."""
    reply: Any = redis.llen(f"{{bot}}:box:{thread}")
    return int(await reply)
