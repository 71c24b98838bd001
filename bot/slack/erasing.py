"""A message that was deleted in Slack is erased here too, wherever its words had gone."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import structlog

from bot.control.drafts import DraftStore
from bot.conversation import Conversations
from bot.inbox import FENCE_FIELD, Inbox, Item
from bot.slack.api import SlackFault
from bot.slack.control.draft_desk import leave
from bot.slack.events import Deleted
from bot.slack.handoff import Handoffs
from bot.slack.items import ERASED
from bot.slack.pen import Pen, Place
from bot.worker import Lease
from graph.run import TakenBack, remember, retold
from graph.turn import Fence

log = structlog.get_logger()


def erased_item(deleted: Deleted) -> Item:
    """Make the item of a message whose words are here already, in more than the inbox."""
    body = {"of": deleted.id, "at": float(deleted.ts)}
    return Item(f"{deleted.event_id}:{ERASED}", ERASED, body, alone=True, received_at=time.time())


@dataclass(frozen=True, slots=True)
class Erasing:
    """Erases, under the lease of the conversation."""

    conversations: Conversations
    inbox: Inbox
    handoffs: Handoffs
    drafts: DraftStore

    async def deal(self, lease: Lease, item: Item) -> None:
        """Erase a message from state, transcripts, drafts, dead items and the handoff's summary.

        Numbers and names stay. Raises StateError, and a SlackFault where the team's card cannot be changed.
        """
        of, at = str(item.body["of"]), float(item.body["at"])
        app, job = self.conversations.app, lease.job
        fence = Fence(job.fence_key, FENCE_FIELD, str(job.fence))
        await remember(app.support, job.thread, TakenBack(of), fence)
        erased = await app.ledger.erase(of, at)
        await self.inbox.bury_no_more(lambda _thread, dead: dead.id == of)
        for draft in await self.drafts.of_message(of):
            await self.drafts.drop(draft)
            await self._clear_card(lease, draft.channel, draft.ts)
        await self._sum_up_again(lease)
        log.info("message.erased", thread=job.thread, transcripts=erased)

    async def _sum_up_again(self, lease: Lease) -> None:
        """Have a card say what is left: its summary may have held the words."""
        known = await self.handoffs.store.get(lease.job.thread)
        if known is None or not known.summary:
            return
        support = self.conversations.app.support
        summary = await retold(support, lease.job.thread, known.reason)
        left = replace(known, summary=summary)
        await self.handoffs.store.put(left)
        if left.ts:
            await self.handoffs.show(lease, left)

    async def _clear_card(self, lease: Lease, channel: str, ts: str) -> None:
        """Take the customer's words, and the answer to them, off the card of a draft."""
        if not ts:
            return
        handoffs = self.handoffs
        place = Place(handoffs.team, channel, "", "", handoffs.team, "0")
        pen = Pen(
            handoffs.slack, handoffs.limiter, lease, place, handoffs.bot_user, handoffs.background, leave
        )
        text = f"_{handoffs.look_of.say('mirror_gone')}_"
        section = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
        try:
            await pen.insist("chat.update", ts=ts, text=text, blocks=[section])
        except SlackFault as fault:
            log.warning("draft.card", method=fault.method, why=fault.why)
