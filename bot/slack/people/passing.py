"""A message of the bot's that stands for somebody's, exactly once whatever dies, and what becomes of it.

Each names in its metadata what it stands for, so that whoever goes on with the work finds it in Slack.

{bot}:posted:<of>   channel:ts of the message that stands for another one, for 30 days

Before the name stands the tenant, where there is one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from bot.inbox import Inbox
from bot.people.store import KEEP_S
from bot.slack.api import Limited, Refused, Slack, SlackFault, Unsure
from bot.slack.fields import Fields, Missing
from bot.slack.limiter import POST
from bot.slack.message import LOOK_AFTER_S, NO_UNFURL
from bot.slack.pen import PATIENCE_S, Pen
from bot.slack.people.cards import CARD
from graph.state_store import ask, text_of

log = structlog.get_logger()

NOT_THERE = frozenset({"user_not_in_channel", "not_in_channel", "channel_not_found"})
PASSED = "bot_passed"
"""The event type in the metadata of a message that stands for another one."""


@dataclass(frozen=True, slots=True)
class Passing:
    """Posts what stands for something else, under the lease of its conversation."""

    inbox: Inbox
    redis: Any
    bot_user: str

    def _key(self, of: str) -> str:
        return f"{self.inbox.prefix}posted:{of}"

    async def post(
        self, pen: Pen, of: str, since: float, *, look: bool = False, by: str = "", **arguments: Any
    ) -> str:
        """Post a message once for `of`, which happened at a time of Slack's; return the message's ts.

        With `look`, one may be there although nobody noted it; `by` is whose words they are. Raises a
        SlackFault where it cannot be posted, or is not known to be.
        """
        kind = {"event_type": PASSED, "event_payload": {"of": of, **({"by": by} if by else {})}}
        given = {"metadata": kind, "thread_ts": pen.place.thread_ts or None, **NO_UNFURL, **arguments}
        kept = None if look else await ask(self.redis.get(self._key(of)))
        if kept is not None:
            return text_of(kept).rpartition(":")[2]
        ts = await self._once(pen, of, since, given, look=look or since < self.inbox.epoch_at)
        await ask(self.redis.set(self._key(of), f"{pen.place.channel}:{ts}", ex=KEEP_S))
        return ts

    async def _once(self, pen: Pen, of: str, since: float, given: Mapping[str, Any], *, look: bool) -> str:
        lease, mark = pen.lease, f"passed:{of}"
        # What is older than Redis's memory may have been posted by somebody whose notes are lost.
        if (mark in lease.job.notes or look) and (there := await self.find(pen, of, since)):
            return await self._only(pen, there)
        if mark not in lease.job.notes:
            tried: dict[str, Any] = {mark: "tried"}
            lease.update(await self.inbox.note(lease.job, **tried))
        ends, place, doubtful = time.monotonic() + PATIENCE_S, pen.place, False
        while True:
            await pen.limiter.wait(place.team, POST, place.channel, at_most=max(0.0, ends - time.monotonic()))
            try:
                posted = str((await pen.call(POST, **given))["ts"])
            except Limited as limited:
                if time.monotonic() + limited.retry_after > ends:
                    raise
                await asyncio.sleep(limited.retry_after)
            except Unsure as unsure:
                log.warning("slack.unsure", method=unsure.method, why=unsure.why)
                if there := await self._look(pen, of, since):
                    return await self._only(pen, there)
                doubtful = True
                if time.monotonic() > ends:
                    raise
            else:
                # An earlier try of which nothing was known may have landed after it was looked for.
                there = await self.find(pen, of, since) if doubtful else []
                return await self._only(pen, there) if there else posted

    async def _look(self, pen: Pen, of: str, since: float) -> list[str]:
        for pause in LOOK_AFTER_S:
            await asyncio.sleep(pause)
            if there := await self.find(pen, of, since):
                return there
        return []

    async def find(self, pen: Pen, of: str, since: float) -> list[str]:
        """Return the messages in a pen's place that stand for something, oldest first."""
        method = "conversations.replies" if pen.place.thread_ts else "conversations.history"
        where: dict[str, Any] = {"oldest": f"{since:.6f}", "include_all_metadata": True, "limit": 200}
        where |= {"ts": pen.place.thread_ts} if pen.place.thread_ts else {}
        found: set[str] = set()
        cursor: str | None = None
        while cursor != "":
            try:
                page = Fields(await pen.insist(method, cursor=cursor, **where))
            except Refused as refused:
                log.info("slack.skipped", method=refused.method, why=refused.why)
                return []
            same = (each for each in page.each("messages") if stands_for(each, self.bot_user) == of)
            found |= {each.timestamp("ts") for each in same}
            cursor = page.at("response_metadata").text("next_cursor")
        return sorted(found, key=float)

    async def _only(self, pen: Pen, there: list[str]) -> str:
        """Take away all but the first."""
        for ts in there[1:]:
            try:
                await pen.insist("chat.delete", ts=ts)
            except Refused as refused:
                log.info("slack.skipped", method=refused.method, why=refused.why)
        return there[0]

    async def change(self, pen: Pen, of: str, since: float, **arguments: Any) -> bool:
        """Change what stands for something, or take it away for no arguments; False where nothing does."""
        kept = await ask(self.redis.get(self._key(of)))
        there = [text_of(kept).rpartition(":")[2]] if kept else await self.find(pen, of, since)
        for ts in there:
            try:
                await pen.insist("chat.update" if arguments else "chat.delete", ts=ts, **arguments)
            except Refused as refused:
                log.info("slack.skipped", method=refused.method, why=refused.why)
        return bool(there)


def stands_for(message: Fields, bot_user: str) -> str:
    """Return what a message of the bot's stands for; empty for any other message."""
    about = message.at("metadata")
    if message.text("user") != bot_user:
        return ""
    payload = about.at("event_payload")
    if about.text("event_type") == CARD:
        return card_of(payload.text("conversation"), payload.text("turn"))
    return payload.text("of") if about.text("event_type") == PASSED else ""


def card_of(conversation: str, turn: str) -> str:
    """Return what a card stands for."""
    return f"card:{conversation}:{turn}"


async def tell(slack: Slack, user: str, channel: str, thread_ts: str, text: str) -> None:
    """Tell one person something that nobody else sees; what cannot be told is logged."""
    where = {"channel": channel, "thread_ts": thread_ts or None}
    try:
        try:
            await slack.call("chat.postEphemeral", user=user, text=text, **where)
        except Refused as refused:
            if refused.why not in NOT_THERE:
                raise
            # Whoever looks into a public channel without being in it hears of it in their own messages.
            opened = Fields(await slack.call("conversations.open", users=user)).at("channel")
            await slack.call("chat.postMessage", channel=opened.id("id"), text=text, **NO_UNFURL)
    except (SlackFault, Missing) as fault:
        log.info("slack.skipped", what="a word to one person", why=str(fault))
