"""Where people take over: a card in the team's channel; the bot is quiet between claim and hand back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import structlog
from redis.asyncio import Redis

from bot.inbox import Inbox, Job
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
KEEP_S = 30 * 86_400
LOOK_AGAIN_S = 60.0
"""How long a channel that could not be reached is taken to be away."""
OPEN, CLAIMED, HANDED_BACK = "open", "claimed", "handed_back"


def _stays(_place: Place, _ts: str) -> None:
    """Leave a card where it is: a second one for the same turn says the same."""


@dataclass(slots=True)
class Handoffs:
    """Conversations that a person has, or is asked to take."""

    redis: Redis
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

    async def owner(self, conversation: str) -> str | None:
        """Return who has a conversation; None where the bot has it."""
        if self.channel is None:
            return None
        state, by = await self._fields(conversation, "state", "by")
        return by if state == CLAIMED else None

    async def staff(self) -> frozenset[str]:
        """Return who has ever taken over a conversation."""
        members = await ask(self.redis.smembers("{bot}:staff"))
        return frozenset(text_of(member) for member in members)

    async def ask_for_person(self, lease: Lease, customer: str, handed: HandedOff, place: Place) -> None:
        """Post the card of a conversation, once; where it cannot be, nobody is promised from then on."""
        if self.channel is None:
            return
        job = lease.job
        link = await self._link(place)
        values = {
            "state": OPEN, "by": "", "customer": customer, "link": link, "turn": job.turn,
            "summary": handed.summary, "reason": handed.reason, "channel": self.channel,
        }  # fmt: skip
        pen = self._pen(lease)
        try:
            ts = await self._posted(pen, job) or await self._post(pen, lease, job.thread, values)
        except (Gone, Refused) as refused:
            self._reachable = False
            log.warning("handoff.unreachable", why=refused.why)
            return
        await self._store(job.thread, {**values, "ts": ts})

    async def _post(self, pen: Pen, lease: Lease, conversation: str, values: Mapping[str, str]) -> str:
        lease.update(await self.inbox.note(lease.job, card="tried"))
        text, blocks = self._card(conversation, values)
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
        state, by = await self._fields(lease.job.thread, "state", "by")
        await ask(self.redis.sadd("{bot}:staff", user))
        if state == CLAIMED and by != user:
            return
        await self._change(lease, {"state": CLAIMED, "by": user})

    async def hand_back(self, lease: Lease, user: str) -> None:
        """Give a conversation back to the bot."""
        await ask(self.redis.sadd("{bot}:staff", user))
        await self._change(lease, {"state": HANDED_BACK, "by": user})

    async def _change(self, lease: Lease, change: Mapping[str, str]) -> None:
        """Keep a change and show it on the card."""
        conversation = lease.job.thread
        await self._store(conversation, change)
        log.info("handoff.changed", conversation=conversation, state=change["state"])
        stored = await ask(self.redis.hgetall(_key(conversation)))
        values = {text_of(name): text_of(value) for name, value in stored.items()}
        if "ts" not in values:
            return
        text, blocks = self._card(conversation, values)
        pen = self._pen(lease, values["channel"])
        try:
            await pen.insist("chat.update", ts=values["ts"], text=text, blocks=blocks)
        except Refused as refused:
            log.warning("slack.refused", method=refused.method, why=refused.why)

    def _card(self, conversation: str, values: Mapping[str, str]) -> tuple[str, list[dict[str, Any]]]:
        card = Card(
            conversation=conversation,
            customer=values["customer"],
            summary=values["summary"],
            reason=values["reason"],
            link=values["link"],
            state=cast("CardState", values["state"]),
            by=values["by"] or None,
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

    async def _fields(self, conversation: str, *names: str) -> list[str]:
        values = await ask(self.redis.hmget(_key(conversation), list(names)))
        return [text_of(value) if value is not None else "" for value in values]

    async def _store(self, conversation: str, values: Mapping[str, str]) -> None:
        async with self.redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(_key(conversation), mapping=cast("Any", values))
            pipeline.expire(_key(conversation), KEEP_S)
            await ask(pipeline.execute())


def _key(conversation: str) -> str:
    return f"{{bot}}:handoff:{conversation}"
