"""Whether a colleague can see a conversation, or must be shown it."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from bot.slack.api import SlackFault
from bot.slack.fields import Fields
from bot.slack.history import History

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sight:
    """Asks Slack who is where."""

    history: History

    async def hidden(self, channel: str, user: str) -> bool:
        """Tell whether a channel's messages are hidden from somebody, or Slack does not say.

        Direct messages with the bot are; private channels, groups and channels that are shared with another
        company are to those who are not in them.
        """
        if channel.startswith("D"):
            return True
        try:
            about = Fields(await self.history.call("conversations.info", channel=channel)).at("channel")
            closed = ("is_private", "is_mpim", "is_im", "is_ext_shared")
            if not any(about.value(name) is True for name in closed):
                return False
            return user not in await self.history.listed("conversations.members", "members", channel=channel)
        except SlackFault as fault:
            log.info("slack.skipped", method=fault.method, why=fault.why)
            return True
