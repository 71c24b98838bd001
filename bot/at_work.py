"""A floor at work: what begins with it, and ends in the right order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from bot.floor import Floor, patiently
from bot.inbox import Inbox
from bot.settings import BotSettings
from graph.errors import StateError
from graph.tasks import end

log = structlog.get_logger()

SETTLE_S = 2.0
"""For calls that nobody waits for, when all else has ended."""


@asynccontextmanager
async def caught_up(floor: Floor) -> AsyncIterator[None]:
    """Note what may have been missed: before Slack is listened to, what comes then moves the mark on."""
    try:
        await patiently(floor.catch_up.open)
        try:
            yield
        finally:
            await floor.catch_up.close()
    finally:
        # Last of all: until then something may still begin.
        await floor.background.settle(SETTLE_S)


@asynccontextmanager
async def at_work(
    settings: BotSettings, floor: Floor, drain: Callable[[], Awaitable[None]]
) -> AsyncIterator[None]:
    """Look for what nobody says, and let other processes know that this one is there; drain at the end."""
    async with AsyncExitStack() as stack:
        floor.people.start()
        stack.push_async_callback(floor.people.close)
        floor.control.bell.open()
        stack.push_async_callback(floor.control.bell.close)
        # While it drains, what still comes over HTTP is kept, for others to answer.
        stack.push_async_callback(drain)
        beating = asyncio.create_task(_beat(floor.inbox, settings.bot_lease_s))
        stack.push_async_callback(end, beating)
        yield


async def drained(floor: Floor, within_s: float) -> None:
    """Let answers under way come to their end, and give the rest back."""
    left = await floor.workers.drain(within_s)
    log.info("drained", given_back=left)
    try:
        await floor.inbox.leave()
    except StateError as error:
        log.warning("redis.away", why=str(error))


async def _beat(inbox: Inbox, every_s: float) -> None:
    """Let the others know that this process is there."""
    while True:
        try:
            await inbox.beat()
        except StateError as error:
            log.debug("redis.away", why=str(error))
        await asyncio.sleep(every_s / 2)
