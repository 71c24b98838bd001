"""What becomes of a draft: sent as it is or changed, once, or discarded, which gives it to a person."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog

from bot.control.drafts import Decided, Draft
from bot.inbox import Job
from bot.slack.answer import FULL_BYTES, border
from bot.slack.api import Refused, SlackFault
from bot.slack.blocks import answer_blocks
from bot.slack.clean import clean
from bot.slack.control.draft_desk import DraftDesk, leave
from bot.slack.items import DRAFT_DISCARD
from bot.slack.message import Message
from bot.slack.pen import Pen, Place
from bot.worker import Lease
from graph.turn import PERSON, HandedOff, Route

log = structlog.get_logger()

DISCARDED = "The bot's answer was discarded."
_HOST = re.compile(r"https://([A-Za-z0-9.-]+)")


@dataclass(frozen=True, slots=True)
class SendPen(Pen):
    """Posts a draft's answer: it answers the customer's messages, and is known by the job that sends it."""

    answered: tuple[str, ...] = ()

    def metadata(self, *, whole: bool) -> dict[str, Any]:
        """Name the customer's messages too, so that they count as answered."""
        made = Pen.metadata(self, whole=whole)
        payload = made["event_payload"]
        return {**made, "event_payload": {**payload, "messages": [*payload["messages"], *self.answered]}}

    def _ours(self, message: Mapping[str, Any]) -> bool:
        # Sent as a whole, so what names no turn is somebody else's.
        return bool(message.get("metadata")) and Pen._ours(self, message)  # noqa: SLF001


@dataclass(frozen=True, slots=True)
class DraftSending(DraftDesk):
    """Carries out what is decided about drafts: once, whichever process dies meanwhile."""

    claim: Callable[[Lease, str, float], Awaitable[object]]
    """Gives a conversation to a colleague, at a time of Slack's."""

    async def decide(self, lease: Lease) -> Job | None:
        """Send a draft, as it is or changed, or discard it; of two decisions the first one counts."""
        item = lease.job.members[0]
        user, turn = str(item.body["user"]), str(item.body["value"]).partition(" ")[2]
        draft = await self.store.get(turn)
        refusal = await self._refusal(lease.job, draft, user)
        if draft is None or refusal:
            key, values = refusal or ("draft_gone", {})
            await self.tell(item.body, user, key, **values)
            return await self.done(lease)
        if item.kind == DRAFT_DISCARD:
            return await self._discard(lease, draft, user)
        sent = self._safe(str(item.body["text"]) if "text" in item.body else draft.text)
        if not sent:
            await self.tell(item.body, user, "press_failed")
            return await self.done(lease)
        return await self._send(lease, draft, user, sent)

    async def _refusal(self, job: Job, draft: Draft | None, user: str) -> tuple[str, dict[str, str]] | None:
        if user not in await self.handoffs.staff():
            log.warning("draft.not_staff", user=user)
            return "team_only", {}
        if draft is None:
            return "draft_gone", {}
        if draft.decided:
            return None if draft.job == job.turn else ("draft_late", {"person": f"<@{draft.by}>"})
        owner = await self.handoffs.owner(draft.conversation)
        if owner not in (None, user) and job.members[0].kind != DRAFT_DISCARD:
            return "draft_taken", {"person": f"<@{owner}>"}
        return None

    def _safe(self, text: str) -> str:
        """Return a colleague's words: they call nobody, and lead where the colleague says."""
        return clean(
            text.strip(), self.hosts("internal") | frozenset(host.lower() for host in _HOST.findall(text))
        )

    async def _send(self, lease: Lease, draft: Draft, user: str, text: str) -> Job | None:
        # A dialogue has one field for each part of a long text, and joins them in its own way.
        how: Decided = "same" if text.split() == self._safe(draft.text).split() else "edited"
        text = draft.text if how == "same" else text
        draft = await self.store.change(draft, decided=how, by=user, job=lease.job.turn)
        try:
            posts = await self._publish(lease, draft, text)
        except Refused as refused:
            log.warning("draft.undeliverable", thread=lease.job.thread, turn=draft.turn, why=refused.why)
            await self.store.change(draft, decided=None, by="", job="")
            await self.tell(lease.job.members[0].body, user, "draft_undelivered")
            return await self.done(lease)
        await self.correct(lease, draft, text)
        await self._redraw(lease, draft)
        about = {
            "turn": draft.turn,
            "thread": draft.conversation,
            "asker": draft.record.customer,
            "language": draft.record.language,
        }
        noted = {f"{draft.place['channel']}:{ts}": about for ts in posts}
        now = time.time()
        waited = round((now - draft.said_at) * 1000, 1)
        known = waited if waited >= 0 else None
        record = replace(
            draft.record, outcome="answered", first_words_ms=known,
            total_ms=max(draft.record.total_ms, waited),
        )  # fmt: skip
        log.info("draft.sent", thread=lease.job.thread, turn=draft.turn, how=how)
        self.metrics.shown("whole")
        following = await self.finish(lease, draft, text, record, answers=noted)
        await self.store.settle(draft)
        return following

    async def _publish(self, lease: Lease, draft: Draft, text: str) -> list[str]:
        """Post the answer in the customer's thread, going on with what a predecessor posted of it."""
        place = Place(**draft.place)
        handoffs = self.handoffs
        pen = SendPen(
            handoffs.slack, handoffs.limiter, lease, place, handoffs.bot_user, handoffs.background,
            leave, answered=draft.record.messages,
        )  # fmt: skip
        found: list[str] = []
        if lease.job.begun:
            found = [str(message["ts"]) for message in await pen.orphans()]
        else:
            lease.update(await self.inbox.begin(lease.job))
        parts = _parts(text)
        for number, part in enumerate(parts):
            message = Message(pen)
            if number < len(found):
                await message.adopt(found[number : number + 1])
            last = number == len(parts) - 1
            await message.close(part, self._blocks(draft) if last else ())
            pen.posts.append(str(message.ts))
        return pen.posts

    async def _discard(self, lease: Lease, draft: Draft, user: str) -> Job | None:
        draft = await self.store.change(draft, decided="discarded", by=user, job=lease.job.turn)
        summary = "\n".join(draft.asked)[:2000]
        place = Place(**draft.place)
        if await self.handoffs.owner(draft.conversation) != user:
            handed = HandedOff(summary, DISCARDED)
            await self.handoffs.ask_for_person(lease, draft.record.customer, handed, place)
            await self.claim(lease, user, float(lease.job.members[0].body["at"]))
        await self._redraw(lease, draft)
        record = replace(draft.record, route=Route(PERSON, DISCARDED, "person"))
        log.info("draft.discarded", thread=lease.job.thread, turn=draft.turn)
        following = await self.finish(lease, draft, "", record)
        await self.store.settle(draft)
        return following

    async def _redraw(self, lease: Lease, draft: Draft) -> None:
        """Show on the card what was decided; a card that is gone changes nothing."""
        text, blocks = self.card(draft)
        try:
            await self.team_pen(lease, draft.channel).insist(
                "chat.update", ts=draft.ts, text=text, blocks=blocks
            )
        except SlackFault as fault:
            log.warning("draft.card", method=fault.method, why=fault.why)

    def _blocks(self, draft: Draft) -> list[dict[str, Any]]:
        record = draft.record
        return answer_blocks(
            self.phrases, record.language, turn_id=record.turn_id, sources=record.sources,
            person=self.handoffs.reachable(), hosts=self.hosts("internal"),
        )  # fmt: skip


def _parts(text: str) -> list[str]:
    parts: list[str] = []
    while text:
        cut = border(text, FULL_BYTES)
        parts.append(text[:cut].rstrip())
        text = text[cut:]
    return parts
