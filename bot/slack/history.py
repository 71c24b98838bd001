"""What Slack still has of the conversations that the bot is in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import structlog

from bot.slack.api import Limited, Slack, SlackFault, Unsure
from bot.slack.fields import Fields
from bot.slack.limiter import Limiter

log = structlog.get_logger()

Raw: TypeAlias = Mapping[str, Any]

PAUSES_S = (0.5, 1.0, 2.0, 4.0)
"""Before each further try of a call whose answer did not come."""
PATIENCE_S = 120.0
"""How long one call is tried while Slack wants fewer of them."""
BREATH_S = 0.05
"""Before each call: what is read here is late already, and today's customers come first."""
PAGE = 200
TYPES = "public_channel,private_channel,mpim,im"


@dataclass(frozen=True, slots=True)
class History:
    """Reads lists page by page, at the pace that Slack allows; raises a SlackFault where that fails."""

    slack: Slack
    limiter: Limiter
    team: str

    async def channels(self) -> list[str]:
        """Return the ids of the channels that the bot is in."""
        pages = self._pages("users.conversations", "channels", types=TYPES, exclude_archived=True)
        return [name async for channel in pages if (name := Fields(channel).word("id"))]

    async def top(self, channel: str, oldest: float) -> list[Raw]:
        """Return what was said in a channel outside of threads since a time, and began threads."""
        pages = self._pages(
            "conversations.history",
            "messages",
            channel=channel,
            oldest=f"{oldest:.6f}",
            include_all_metadata=True,
        )
        return _sorted([message async for message in pages])

    async def thread(self, channel: str, root: str) -> list[Raw]:
        """Return all of a thread, oldest first."""
        pages = self._pages(
            "conversations.replies", "messages", channel=channel, ts=root, include_all_metadata=True
        )
        return _sorted([message async for message in pages])

    async def listed(self, method: str, listed: str, **arguments: Any) -> list[Any]:
        """Return all entries of a list that has pages."""
        return [entry async for entry in self._pages(method, listed, **arguments)]

    async def _pages(self, method: str, listed: str, **arguments: Any) -> AsyncIterator[Raw]:
        cursor: str | None = None
        while cursor != "":
            page = Fields(await self.call(method, limit=PAGE, cursor=cursor, **arguments))
            for entry in page.value(listed) or ():
                yield entry
            cursor = page.at("response_metadata").text("next_cursor")

    async def call(self, method: str, **arguments: Any) -> Raw:
        """Make a call that may be repeated until Slack answers; raises a SlackFault when it does not."""
        ends, failed = time.monotonic() + PATIENCE_S, 0
        while True:
            await asyncio.sleep(BREATH_S)
            await self.limiter.wait(self.team, method, at_most=max(0.0, ends - time.monotonic()))
            try:
                return await self.slack.call(method, **arguments)
            except Limited as limited:
                await self.limiter.blocked(self.team, method, limited.retry_after)
                if time.monotonic() + limited.retry_after > ends:
                    raise
                await asyncio.sleep(limited.retry_after)
            except Unsure as unsure:
                if failed == len(PAUSES_S):
                    raise
                log.info("slack.again", method=method, why=unsure.why)
                await asyncio.sleep(PAUSES_S[failed])
                failed += 1

    async def link(self, channel: str, ts: str) -> str:
        """Return a message's permalink; empty where Slack gives none."""
        try:
            found = await self.call("chat.getPermalink", channel=channel, message_ts=ts)
        except SlackFault as fault:
            log.info("slack.skipped", method=fault.method, why=fault.why)
            return ""
        return str(found.get("permalink", ""))


def _sorted(messages: list[Raw]) -> list[Raw]:
    """Return each message once, oldest first: every page of a thread begins with its first message."""
    by_ts = {ts: message for message in messages if (ts := Fields(message).timestamp("ts"))}
    return sorted(by_ts.values(), key=lambda message: float(message["ts"]))
