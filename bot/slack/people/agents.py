"""What somebody at a help desk does with a conversation, under its lease like what colleagues do in Slack."""

from __future__ import annotations

from dataclasses import dataclass, replace

import structlog

from bot.inbox import Item
from bot.people.changes import claimed, ended
from bot.people.notices import AGENT, handoff_id
from bot.people.store import HANDED_BACK, RESOLVED, Handoff
from bot.slack.api import Refused
from bot.slack.people.relay import Relay
from bot.slack.people.room import People
from bot.worker import Lease
from graph.run import PersonSaid

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Agents:
    """Does what is asked for, unless it is too late."""

    people: People
    relay: Relay

    async def did(self, lease: Lease, item: Item) -> None:
        """Claim, reply to the customer, resolve or hand back; raises StateError and a SlackFault."""
        body, store = item.body, self.people.store
        await self.people.handoffs.ensure_read()
        known = await store.get(lease.job.thread)
        if known is None or handoff_id(known) != body["handoff"]:
            log.info("help_desk.too_late", conversation=lease.job.thread, wish=body["wish"])
            return
        # Which handoff is meant is told by its name: two clocks that disagree do not make a wish too late.
        by, at = f"{AGENT}{body['by']}", max(float(body["at"]), known.since)
        if lease.job.deliveries > 1 and not known.under_way and (known.by, known.since) == (by, at):
            await self.people.keep(lease, known)  # whoever had this before may not have come to the card
            return
        if body["text"]:
            await self._reply(lease, item, by, at)
            known = await store.get(lease.job.thread) or known
        elif body["wish"] in ("claim", "reply"):
            await self._take(lease, known, by, at)
        if body["wish"] in ("resolve", "hand_back"):
            change = ended(known, RESOLVED if body["wish"] == "resolve" else HANDED_BACK, by, at)
            if self.people.happens(lease, change, at):
                if known.heard_at > at:
                    await self.people.answer_again(known, at)
                await self.people.keep(lease, change.handoff)

    async def _reply(self, lease: Lease, item: Item, by: str, at: float) -> None:
        """Tell the customer; who replies has the conversation, as with colleagues."""
        known = await self.people.store.get(lease.job.thread)
        assert known is not None
        handoff = await self._take(lease, known, by, at)
        text = str(item.body["text"])
        try:
            await self.relay.say_for(lease, item.id, float(item.body["at"]), by, text)
        except Refused as refused:
            log.warning("reply.undeliverable", why=refused.why)
            await self.relay.say_undelivered(lease, handoff, item.id, at)
            return
        await self.people.heard(lease, handoff, by, at, PersonSaid(text, item.id))

    async def _take(self, lease: Lease, known: Handoff, by: str, at: float) -> Handoff:
        change = claimed(known, by, at, hidden=True)
        if not self.people.happens(lease, change, at):
            return change.handoff
        handoff = await self.people.keep(lease, change.handoff)
        await self.people.show_what_was_said(lease, handoff)
        return handoff

    async def lost(self, lease: Lease, item: Item) -> None:
        """Say on the card that the help desk does not know of it; raises StateError and a SlackFault."""
        handoffs = self.people.handoffs
        known = await handoffs.store.get(lease.job.thread)
        if known is None or handoff_id(known) != item.body["handoff"]:
            return
        marked = replace(known, desk_lost=True)
        await handoffs.store.put(marked)
        await handoffs.show(lease, marked)
