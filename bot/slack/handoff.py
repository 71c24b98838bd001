"""Where people take over: a card in the team's channel; the bot is quiet between claim and hand back."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any, cast

import structlog
from redis.asyncio import Redis

from bot.inbox import Inbox, Job
from bot.people.store import CLAIMED, HANDED_BACK, Handoff, HandoffStore, State
from bot.slack.api import Gone, Refused, Slack, SlackFault
from bot.slack.blocks import Card, CardState, handoff_card
from bot.slack.limiter import Limiter
from bot.slack.message import NO_UNFURL
from bot.slack.pen import Pen, Place
from bot.tasks import Background
from bot.worker import Lease
from graph.state_store import ask, text_of
from graph.turn import HandedOff
from prompts import Phrases

log = structlog.get_logger()

CARD = "bot_handoff"
"""The event type in a card's metadata."""
LOOK_AGAIN_S = 60.0
"""How long a channel that could not be reached is taken to be away."""


def _stays(_place: Place, _ts: str) -> None:
    """Leave a card where it is: a second one for the same turn says the same."""


@dataclass(slots=True)
class Handoffs:
    """Conversations that a person has, or is asked to take."""

    redis: Redis
    store: HandoffStore
    inbox: Inbox
    slack: Slack
    limiter: Limiter
    phrases: Phrases
    language: str
    """Of the team's cards."""
    team: str
    bot_user: str
    channel: str | None
    """Where the cards go; None: nobody takes over."""
    background: Background
    _reachable: bool = False
    _looked_at: float = field(default=0.0)

    def reachable(self) -> bool:
        """Tell whether a person can be reached, as far as is known; a channel that was away is asked anew."""
        if self.channel and not self._reachable and time.monotonic() - self._looked_at > LOOK_AGAIN_S:
            self._looked_at = time.monotonic()
            self.background.run(self.look())
        return self._reachable

    async def look(self) -> None:
        """Find out whether the team's channel can be reached."""
        if self.channel is None:
            return
        self._looked_at = time.monotonic()
        try:
            await self.slack.call("conversations.history", channel=self.channel, limit=1)
        except SlackFault as fault:
            self._reachable = False
            log.warning("handoff.unreachable", why=fault.why)
        else:
            self._reachable = True

    def lost(self, why: str) -> None:
        """Take note that the team's channel cannot be reached."""
        self._reachable, self._looked_at = False, time.monotonic()
        log.warning("handoff.unreachable", why=why)

    async def owner(self, conversation: str) -> str | None:
        """Return who has a conversation; None where the bot has it."""
        if self.channel is None:
            return None
        return await self.store.owner(conversation)

    async def staff(self) -> frozenset[str]:
        """Return who has ever taken over a conversation."""
        members = await ask(self.redis.smembers("{bot}:staff"))
        return frozenset(text_of(member) for member in members)

    async def ask_for_person(self, lease: Lease, customer: str, handed: HandedOff, place: Place) -> None:
        """Post the card of a conversation, once; where it cannot be, nobody is promised from then on."""
        if self.channel is None:
            return
        job = lease.job
        handoff = Handoff(
            job.thread, customer, turn=job.turn, summary=handed.summary, reason=handed.reason,
            link=await self._link(place), channel=self.channel, opened_at=time.time(), changed_at=time.time(),
        )  # fmt: skip
        pen = self._pen(lease)
        try:
            ts = await self._posted(pen, job) or await self._post(pen, lease, handoff)
        except (Gone, Refused) as refused:
            self._reachable = False
            log.warning("handoff.unreachable", why=refused.why)
            return
        await self.store.put(replace(handoff, ts=ts))

    async def _post(self, pen: Pen, lease: Lease, handoff: Handoff) -> str:
        lease.update(await self.inbox.note(lease.job, card="tried"))
        text, blocks = self._card(handoff)
        metadata = {"event_type": CARD, "event_payload": {"turn": lease.job.turn}}
        response = await pen.insist(
            "chat.postMessage", text=text, blocks=blocks, metadata=metadata, **NO_UNFURL
        )
        return str(response["ts"])

    async def _posted(self, pen: Pen, job: Job) -> str | None:
        """Return the card that a predecessor posted for this turn, if it did."""
        if "card" not in job.notes:
            return None
        since = f"{time.time() - 3600:.6f}"
        found = await pen.insist("conversations.history", oldest=since, include_all_metadata=True, limit=200)
        for message in found.get("messages", ()):
            metadata = message.get("metadata") or {}
            if metadata.get("event_type") == CARD and metadata["event_payload"].get("turn") == job.turn:
                return str(message["ts"])
        return None

    async def claim(self, lease: Lease, user: str) -> None:
        """Give a conversation to the person who claimed it first."""
        known = await self.store.get(lease.job.thread)
        await ask(self.redis.sadd("{bot}:staff", user))
        if known and known.state == CLAIMED and known.by != user:
            return
        await self._change(lease, CLAIMED, user)

    async def hand_back(self, lease: Lease, user: str) -> None:
        """Give a conversation back to the bot."""
        await ask(self.redis.sadd("{bot}:staff", user))
        await self._change(lease, HANDED_BACK, user)

    async def _change(self, lease: Lease, state: State, user: str) -> None:
        """Keep a change and show it on the card."""
        conversation = lease.job.thread
        now = time.time()
        # A flush may have taken what was known; the card that was pressed says which conversation it is.
        known = await self.store.get(conversation) or Handoff(conversation, "", opened_at=now)
        handoff = replace(known, state=state, by=user, changed_at=now)
        await self.store.put(handoff)
        log.info("handoff.changed", conversation=conversation, state=state)
        if not handoff.ts:
            return
        text, blocks = self._card(handoff)
        pen = self._pen(lease, handoff.channel)
        try:
            await pen.insist("chat.update", ts=handoff.ts, text=text, blocks=blocks)
        except Refused as refused:
            log.warning("slack.refused", method=refused.method, why=refused.why)

    def _card(self, handoff: Handoff) -> tuple[str, list[dict[str, Any]]]:
        card = Card(
            conversation=handoff.conversation,
            customer=handoff.customer,
            summary=handoff.summary,
            reason=handoff.reason,
            link=handoff.link,
            state=cast("CardState", handoff.state),
            by=handoff.by or None,
        )
        return handoff_card(self.phrases, self.language, card)

    async def _link(self, place: Place) -> str:
        try:
            found = await self.slack.call(
                "chat.getPermalink", channel=place.channel, message_ts=place.first_ts
            )
        except SlackFault as fault:
            log.info("slack.skipped", method=fault.method, why=fault.why)
            return ""
        return str(found.get("permalink", ""))

    def _pen(self, lease: Lease, channel: str | None = None) -> Pen:
        place = Place(self.team, channel or self.channel or "", "", "", self.team, "0")
        return Pen(self.slack, self.limiter, lease, place, self.bot_user, self.background, _stays)
