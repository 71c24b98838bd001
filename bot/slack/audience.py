"""Who reads an answer in Slack: colleagues, or anybody; where that is not known, anybody.

An answer is for colleagues where all who asked are full members of the bot's own workspace, and nobody of
another company is in the channel. Guests, people of other workspaces and shared channels get what is for
everyone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import structlog

from bot.inbox import Item
from bot.slack.api import Slack, SlackFault
from bot.slack.channels import Channels
from bot.slack.fields import Fields
from graph.turn import Audience

log = structlog.get_logger()

MEMBER_S = 300.0
"""How long is gone by what Slack said of somebody: so long may somebody who became a guest be a colleague."""
CHANNEL_S = 30.0
"""How long is gone by what Slack said of a channel; a new message says it itself."""
UNKNOWN_S = 10.0
"""After which time Slack is asked again that did not say."""
PATIENCE_S = 2.0
"""A customer waits meanwhile."""
MOST = 10_000
"""People and channels of which is remembered what Slack said."""


@dataclass(slots=True)
class Audiences:
    """Tells whose articles an answer may rest on; asks Slack where only some may read some of them."""

    slack: Slack
    channels: Channels
    closed: Callable[[], bool]
    """Whether there are articles that not everybody may read."""
    ours: frozenset[str]
    """The ids of the bot's own workspace and organisation; empty where it is a guest itself."""
    _known: dict[str, tuple[float, bool]] = field(default_factory=dict)

    async def of(self, members: Iterable[Item]) -> Audience:
        """Return the audience of what answers these messages: the narrowest one of any of them."""
        if not self.closed():
            return "everyone"  # there is nothing else
        for body in {_about(item.body): item.body for item in members}.values():
            if not await self._internal(body):
                return "everyone"
        return "internal"

    async def _internal(self, body: dict[str, Any]) -> bool:
        channel, user, team = str(body["channel"]), str(body["user"]), str(body.get("user_team") or "")
        shared = body.get("shared")
        if shared is True or self.channels.open_to_all(channel) or (team and team not in self.ours):
            return False
        # Nobody else is in direct messages.
        if shared is None and not channel.startswith("D") and not await self._true(channel, self._unshared):
            return False
        return await self._true(user, self._is_member)

    async def _true(self, name: str, ask: Callable[[str], Any]) -> bool:
        until, said = self._known.get(name, (0.0, False))
        if time.monotonic() < until:
            return said
        try:
            async with asyncio.timeout(PATIENCE_S):
                said, keep_s = await ask(name)
        except (SlackFault, TimeoutError) as fault:
            log.warning("audience.unknown", about=name, why=str(fault) or "Slack took too long")
            said, keep_s = False, UNKNOWN_S
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[name] = (time.monotonic() + keep_s, said)
        return said

    async def _unshared(self, channel: str) -> tuple[bool, float]:
        about = Fields(await self.slack.call("conversations.info", channel=channel)).at("channel")
        return bool(about) and about.value("is_ext_shared") is not True, CHANNEL_S

    async def _is_member(self, user: str) -> tuple[bool, float]:
        about = Fields(await self.slack.call("users.info", user=user)).at("user")
        guest = any(
            about.value(name) is True for name in ("is_restricted", "is_ultra_restricted", "is_stranger")
        )
        return about.word("team_id") in self.ours and not guest, MEMBER_S


def _about(body: Any) -> tuple[Any, ...]:
    return tuple(body.get(name) for name in ("channel", "user", "user_team", "shared"))
