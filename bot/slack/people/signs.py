"""What nobody says and is to be noticed: who left, who is silent for too long, what waits without a card.

One process at a time looks; what it finds goes through the inbox, where it is judged again under the lease.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from bot.inbox import Item
from bot.people.changes import ended, left
from bot.people.notices import AGENT
from bot.people.store import CLAIMED, HANDED_BACK, Handoff
from bot.slack.api import SlackFault
from bot.slack.channels import Channels
from bot.slack.events import message_key
from bot.slack.items import message_item
from bot.slack.people.handoff import Handoffs
from bot.slack.people.items import CARD, LEFT, RETURN, sign_item
from bot.slack.people.relay import Put
from bot.slack.people.reminders import Reminders
from bot.slack.people.room import People
from bot.slack.unanswered import unanswered
from bot.worker import Lease
from graph.errors import StateError
from graph.state_store import ask
from graph.tasks import end

log = structlog.get_logger()


@dataclass(slots=True)
class Signs:
    """Looks every few seconds, and deals with what was found."""

    handoffs: Handoffs
    people: People
    channels: Channels
    put: Put
    return_after_s: float
    """How long a customer waits for who has the conversation, before the bot has it again; 0 for ever."""
    every_s: float
    clock: Callable[[], float] = time.time
    reminders: Reminders = field(init=False)
    _loop: asyncio.Task[None] | None = field(default=None)
    _unposted: int = 0

    def __post_init__(self) -> None:
        self.reminders = Reminders(self.handoffs, self.clock)

    def start(self) -> None:
        """Begin to look."""
        if self.handoffs.channel is not None:
            self._loop = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Stop looking."""
        await end(self._loop)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self.every_s)
            try:
                client: Any = self.handoffs.redis
                if await ask(
                    client.set(f"{self.handoffs.inbox.prefix}signs", 1, nx=True, px=int(self.every_s * 900))
                ):
                    await self.look()
                else:
                    await self.handoffs.look()
            except StateError as error:
                log.debug("redis.away", why=str(error))
            except SlackFault as fault:
                log.info("slack.skipped", method=fault.method, why=fault.why)

    async def look(self) -> None:
        """Look once; raises StateError and a SlackFault."""
        await self.handoffs.look()
        await self.handoffs.ensure_read()
        members = await self.handoffs.staffing.members()
        now = self.clock()
        under_way = await self.handoffs.store.under_way()
        reachable = self.handoffs.reachable()
        unposted = 0
        for handoff in under_way:
            conversation, since = handoff.conversation, f"{handoff.since:.6f}"
            agent = handoff.by.startswith(AGENT)
            if members is not None and handoff.state == CLAIMED and not agent and handoff.by not in members:
                item = sign_item(LEFT, f"left:{conversation}:{handoff.by}:{since}", {"who": handoff.by}, now)
                await self.put(conversation, item, item.id)
            if self._silent(handoff, now):
                at = handoff.customer_at
                item = sign_item(RETURN, f"return:{conversation}:{at:.6f}", {"customer_at": at}, now)
                await self.put(conversation, item, item.id)
            if reminder := self.reminders.item(handoff):
                await self.put(conversation, reminder, reminder.id)
            if not handoff.ts:
                unposted += 1
                if reachable:
                    item = sign_item(CARD, f"card:{conversation}:{since}:{int(now)}", {}, now)
                    await self.put(conversation, item, item.id)
        if unposted != self._unposted:
            self._unposted = unposted
            log.warning("handoff.without_card", conversations=unposted, reachable=reachable)
        claimed = sum(handoff.state == CLAIMED for handoff in under_way)
        self.handoffs.slack.metrics.handoffs(len(under_way) - claimed, claimed, unposted, self.handoffs.team)

    def _silent(self, handoff: Handoff, now: float) -> bool:
        waits = handoff.state == CLAIMED and handoff.customer_at > 0
        return bool(self.return_after_s) and waits and now - handoff.customer_at >= self.return_after_s

    async def left(self, lease: Lease, item: Item) -> None:
        """Have a conversation wait for somebody again whose person is no longer among the staff."""
        known = await self.handoffs.store.get(lease.job.thread)
        who = str(item.body["who"])
        if known is None or await self.handoffs.staffing.has(who) is not False:
            return
        change = left(known, who, self.clock())
        if change.verdict == "done":
            notice = self.handoffs.look_of.say("card_owner_left", person=who)
            await self.people.keep(lease, change.handoff, notice)

    async def silent(self, lease: Lease, item: Item) -> None:
        """Give a conversation back to the bot whose customer has waited too long, and have them answered."""
        known = await self.handoffs.store.get(lease.job.thread)
        if known is None or known.customer_at != float(item.body["customer_at"]):
            return
        if not self._silent(known, self.clock()):
            return
        change = ended(known, HANDED_BACK, "", self.clock())
        if change.verdict == "done":
            await self.answer_again(known, known.customer_at)
            await self.people.keep(lease, change.handoff)

    async def answer_again(self, known: Handoff, since: float) -> None:
        """Put back what was overheard since a time of Slack's and nobody has answered."""
        team, channel, root = known.conversation.split(":")
        members = await self.handoffs.staff()
        thread = await self.handoffs.history.thread(channel, root)
        found = unanswered(
            thread, team=team, channel=channel, since=since, channels=self.channels,
            bot_user=self.handoffs.bot_user,
        )  # fmt: skip
        # What still waits, or has not come yet, is answered in its turn.
        keys = {message.id: message_key(message.id) for message in found}
        overheard = await self.handoffs.inbox.dealt_with(known.conversation, keys)
        for message in found:
            if message.id in overheard and (message.user not in members or message.dm):
                item = message_item(message, alone=bool(message.files))
                again = replace(item, body={**item.body, "again": True})
                await self.put(known.conversation, again, f"again:{message.id}")

    async def card(self, lease: Lease) -> None:
        """Post the card of a conversation that has none."""
        known = await self.handoffs.store.get(lease.job.thread)
        if known is not None and known.under_way and not known.ts:
            await self.handoffs.post(lease, known, again=True)
