"""Who can read a conversation where it is: from whom it is hidden, replies and messages are passed on."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import structlog

from bot.slack.api import SlackFault
from bot.slack.fields import Fields
from bot.slack.history import History
from bot.tasks import Background

log = structlog.get_logger()

CLOSED = ("is_private", "is_mpim", "is_im", "is_ext_shared")
KNOWN_S = 600.0
"""How long is gone by what Slack said of a channel."""
MOST = 10_000
"""Channels that are known at once."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Asks Slack who is where."""

    history: History
    background: Background
    _open: dict[str, tuple[bool, float]] = field(default_factory=dict)
    """Whether a channel is open to all of the team, as far as is known, and since when that was asked."""

    def seen(self, channel: str) -> bool:
        """Tell whether any colleague can read a channel, as far as is known: nobody waits for Slack here.

        What is not known, or not any more, is found out meanwhile.
        """
        if channel.startswith("D"):
            return False
        known, asked_at = self._open.get(channel, (False, -KNOWN_S))
        now = time.monotonic()
        if now - asked_at >= KNOWN_S:
            if len(self._open) >= MOST:
                self._open.clear()
            self._open[channel] = (known, now)
            self.background.run(self._find_out(channel))
        return known

    async def _find_out(self, channel: str) -> None:
        try:
            seen = await self._is_open(channel)
        except SlackFault as fault:
            log.info("slack.skipped", method=fault.method, why=fault.why)
            seen = False
        self._open[channel] = (seen, time.monotonic())

    async def hidden(self, channel: str, user: str) -> bool:
        """Tell whether a channel's messages are hidden from somebody, or Slack does not say.

        Direct messages with the bot are; private channels, groups and channels that are shared with another
        company are to those who are not in them.
        """
        if channel.startswith("D"):
            return True
        try:
            if await self._is_open(channel):
                return False
            return user not in await self.history.listed("conversations.members", "members", channel=channel)
        except SlackFault as fault:
            log.info("slack.skipped", method=fault.method, why=fault.why)
            return True

    async def _is_open(self, channel: str) -> bool:
        about = Fields(await self.history.call("conversations.info", channel=channel)).at("channel")
        return not any(about.value(name) is True for name in CLOSED)
