"""What came too long ago to be answered: listed for people, each message once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from bot.slack.api import Limited, Refused, Unsure
from bot.slack.blocks import MISSED_SHOWN, Missed, catch_up_card
from bot.slack.events import IncomingMessage
from bot.slack.fields import Fields
from bot.slack.handoff import Handoffs
from bot.slack.history import PATIENCE_S, PAUSES_S, History
from bot.slack.limiter import POST
from bot.slack.message import NO_UNFURL

log = structlog.get_logger()

LISTED = "bot_missed"
"""The event type in the metadata of a card that lists messages."""
NAMED = 150
"""Messages that a card's metadata can name."""
LINKS_LOGGED = 100


@dataclass(frozen=True, slots=True)
class MissedList:
    """Lists messages in the team's channel, or in the log where there is none."""

    handoffs: Handoffs
    history: History

    async def tell(self, missed: Sequence[IncomingMessage], since: float) -> int:
        """List what no card since a time lists yet, on one card; returns how many.

        Raises a SlackFault where it is not certain whether Slack took the card.
        """
        messages = sorted(missed, key=lambda message: -float(message.ts))
        if messages and self.handoffs.channel:
            try:
                return await self._card(messages, since, self.handoffs.channel)
            except Refused as refused:
                log.warning("handoff.unreachable", why=refused.why)
        if messages:
            await self._log(messages)
        return len(messages)

    async def _card(self, messages: Sequence[IncomingMessage], since: float, channel: str) -> int:
        for pause in (*PAUSES_S, None):
            left = await self._unlisted(messages, since, channel)
            if not left:
                return 0
            try:
                await self._post(left, channel)
            except (Limited, Unsure) as fault:
                if isinstance(fault, Limited):
                    await self.history.limiter.blocked(self.history.team, POST, fault.retry_after, channel)
                if pause is None:
                    raise
                # It may stand there by now: that is looked for before it is posted again.
                log.info("slack.again", method=fault.method, why=fault.why)
                await asyncio.sleep(pause)
            else:
                return len(left)
        raise AssertionError(POST)

    async def _unlisted(
        self, messages: Sequence[IncomingMessage], since: float, channel: str
    ) -> list[IncomingMessage]:
        named: set[str] = set()
        until = 0.0
        for card in await self.history.top(channel, since):
            fields = Fields(card)
            metadata = fields.at("metadata")
            if fields.text("user") == self.handoffs.bot_user and metadata.text("event_type") == LISTED:
                payload = metadata.at("event_payload")
                named.update(payload.value("messages") or ())
                until = max(until, float(payload.timestamp("until") or 0))
        return [each for each in messages if each.id not in named and float(each.ts) > until]

    async def _post(self, messages: Sequence[IncomingMessage], channel: str) -> None:
        links = [await self._link(each) for each in messages[:MISSED_SHOWN]]
        links += [""] * (len(messages) - len(links))
        entries = [Missed(each.user, each.text, link) for each, link in zip(messages, links, strict=True)]
        text, blocks = catch_up_card(self.handoffs.phrases, self.handoffs.language, entries)
        await self.history.limiter.wait(self.history.team, POST, channel, at_most=PATIENCE_S)
        await self.history.slack.call(
            "chat.postMessage",
            channel=channel,
            text=text,
            blocks=blocks,
            metadata=_metadata(messages),
            **NO_UNFURL,
        )
        if more := messages[MISSED_SHOWN:]:
            await self._log(more)

    async def _log(self, messages: Sequence[IncomingMessage]) -> None:
        links = [await self._link(each) for each in messages[:LINKS_LOGGED]]
        log.warning("catch_up.missed", number=len(messages), links=links)

    async def _link(self, message: IncomingMessage) -> str:
        return await self.history.link(message.channel, message.ts)


def _metadata(messages: Sequence[IncomingMessage]) -> dict[str, Any]:
    """Name what a card lists, newest first; what does not fit counts as listed by its time."""
    payload: dict[str, Any] = {"messages": [each.id for each in messages[:NAMED]]}
    if older := messages[NAMED:]:
        payload["until"] = older[0].ts
    return {"event_type": LISTED, "event_payload": payload}
