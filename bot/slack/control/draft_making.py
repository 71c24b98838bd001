"""Making a draft: a turn that its customer sees nothing of, and a card for the team."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace

import structlog

from bot.control.drafts import Draft
from bot.conversation import Told
from bot.inbox import Job
from bot.slack.answer import Changed
from bot.slack.api import Refused, SlackFault
from bot.slack.clean import Cleaner
from bot.slack.control.draft_desk import DraftDesk, fence_of
from bot.slack.control.gate import TRIED
from bot.slack.items import place_of, said_at
from bot.slack.message import NO_UNFURL
from bot.slack.pen import Pen, Place
from bot.worker import Lease
from graph.run import Corrected, remember
from graph.turn import Chunk, HandedOff, Restarted, TextDelta, Turn, TurnRecord

log = structlog.get_logger()

CARD = "bot_draft"
"""The event type in a draft card's metadata."""
LOOK_BACK_S = 3600.0


class Unseen(Exception):
    """Nobody can be shown the draft: the customer must be told honestly instead."""


@dataclass(slots=True)
class Collected:
    """A surface that nobody sees: it keeps what the answer comes to."""

    hosts: frozenset[str]
    text: str = ""
    handed_off: HandedOff | None = None
    _cleaner: Cleaner = field(init=False)

    def __post_init__(self) -> None:
        self._cleaner = Cleaner(self.hosts)

    async def show(self, chunk: Chunk) -> None:
        """Take a chunk."""
        match chunk:
            case TextDelta(text):
                self.text += self._cleaner.feed(text)
            case Restarted():
                self.text, self._cleaner = "", Cleaner(self.hosts)
            case HandedOff():
                self.handed_off = chunk

    async def finish(self, record: TurnRecord) -> TurnRecord:
        """Take the end; the customer has seen no word of it."""
        self.text = (self.text + self._cleaner.finish()).strip()
        return replace(record, first_words_ms=None, outcome="handed_off")


@dataclass(frozen=True, slots=True)
class DraftMaking(DraftDesk):
    """Makes drafts: one a turn, whichever process dies meanwhile."""

    async def make(self, lease: Lease, turn: Turn) -> Job | None:
        """Answer a turn where only the team sees it, and finish its job; nothing shows in its conversation.

        Raises Changed where the customer changed a message meanwhile, and Unseen where nobody can see it.
        """
        draft = await self.store.get(turn.id)
        told: Told | None = None
        if draft is None:
            lease.update(await self.inbox.note(lease.job, draft=TRIED))
            surface = Collected(self.hosts(turn.audience))
            told = await self.conversations.answer(turn, surface, stop=lease.stop, fence=fence_of(lease.job))
            await self._mark(lease, turn)
            if surface.handed_off or not surface.text:
                return await self._hand_off(lease, turn, told, surface.handed_off)
            draft = await self._keep(lease, turn, told.record, surface.text)
        await self.correct(lease, draft, "")
        await self._show(lease, draft)
        log.info("draft.made", thread=lease.job.thread, turn=draft.turn)
        return await self.finish(lease, draft, "", draft.record, count=told is not None)

    async def _mark(self, lease: Lease, turn: Turn) -> None:
        """Mark that it may be shown; what the customer changed until now makes it another turn."""
        revision = lease.job.revision
        lease.update(await self.inbox.begin(lease.job))
        if lease.job.revision != revision:
            unseen = Corrected(turn.id, "")
            await remember(self.conversations.app.support, turn.conversation, unseen, fence_of(lease.job))
            raise Changed

    async def _keep(self, lease: Lease, turn: Turn, record: TurnRecord, text: str) -> Draft:
        first = lease.job.members[0]
        place = place_of(first)
        link = await self._link(place)
        asked = tuple(message.text for message in turn.messages)
        where = {name: str(value) for name, value in asdict(place).items()}
        channel = self.handoffs.channel or ""
        draft = Draft(record, asked, text, where, said_at(first), time.time(), link, channel)
        await self.store.put(draft)
        return draft

    async def _link(self, place: Place) -> str:
        slack = self.handoffs.slack
        try:
            found = await slack.call("chat.getPermalink", channel=place.channel, message_ts=place.first_ts)
        except SlackFault as fault:
            log.info("slack.skipped", method=fault.method, why=fault.why)
            return ""
        return str(found.get("permalink", ""))

    async def _hand_off(self, lease: Lease, turn: Turn, told: Told, handed: HandedOff | None) -> Job | None:
        """Ask a person, where the turn came to that: there is no answer to send."""
        handed = handed or HandedOff(turn.text[:2000], told.record.route.reason)
        place = place_of(lease.job.members[0])
        await self.handoffs.ask_for_person(lease, turn.customer, handed, place)
        if not self.handoffs.reachable():
            raise Unseen
        await remember(
            self.conversations.app.support, turn.conversation, Corrected(turn.id, ""), fence_of(lease.job)
        )
        return await self.pop(lease, Told(told.record, replace(told.transcript, answer="")), {}, count=True)

    async def _show(self, lease: Lease, draft: Draft) -> None:
        """Post the card of a draft, once."""
        if draft.ts:
            return
        pen = self.team_pen(lease, draft.channel)
        try:
            ts = await self._posted(pen, lease.job, draft) or await self._post(pen, lease, draft)
        except Refused as refused:
            log.warning("draft.unseen", why=refused.why, turn=draft.turn)
            self.handoffs.lost(refused.why)
            await self.store.drop(draft)
            raise Unseen from refused
        await self.store.change(draft, ts=ts)

    async def _post(self, pen: Pen, lease: Lease, draft: Draft) -> str:
        lease.update(await self.inbox.note(lease.job, draft_card=TRIED))
        text, blocks = self.card(draft)
        metadata = {"event_type": CARD, "event_payload": {"turn": draft.turn}}
        response = await pen.insist(
            "chat.postMessage", text=text, blocks=blocks, metadata=metadata, **NO_UNFURL
        )
        return str(response["ts"])

    async def _posted(self, pen: Pen, job: Job, draft: Draft) -> str | None:
        """Return the card that a predecessor posted, if it did."""
        if "draft_card" not in job.notes:
            return None
        since = f"{min(draft.made_at, time.time()) - LOOK_BACK_S:.6f}"
        found = await pen.insist("conversations.history", oldest=since, include_all_metadata=True, limit=200)
        for message in found.get("messages", ()):
            metadata = message.get("metadata") or {}
            if metadata.get("event_type") == CARD and metadata["event_payload"].get("turn") == draft.turn:
                return str(message["ts"])
        return None
