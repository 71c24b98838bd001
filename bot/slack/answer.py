"""A turn's answer in Slack: its first whole word at once, the rest on time and rate, and only one of it.

What is shown is noted in the inbox, so that whoever takes the turn over goes on with the same message.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import structlog

from bot.inbox import Inbox, Write
from bot.keys import prefix_of
from bot.slack.blocks import answer_blocks, whole_blocks
from bot.slack.clean import Cleaner
from bot.slack.items import PERSON_STOPS
from bot.slack.message import Blocks, How, Message
from bot.slack.pen import Pen
from bot.slack.presence import Presence
from bot.worker import AWAY_S
from graph.errors import StateError
from graph.tasks import end
from graph.turn import Chunk, Escalated, HandedOff, Restarted, TextDelta, TurnRecord
from prompts import Phrases

log = structlog.get_logger()
T = TypeVar("T")

EVERY_S = 0.5
"""Time between two calls that add words to a stream, where the workspace's rate allows that many."""
FULL_BYTES = 9_000
"""A message with more is refused, or cut without a word (Slack does so from about 10,600 on)."""
FORM_S = 3600.0
"""For how long a process may stand still, and what it does when it wakes is still put right."""
OLD_S = 240.0
"""Slack ends a stream after about 300 s, even an active one."""


class Changed(Exception):
    """What the job holds may have changed, and nothing of the answer was posted yet: begin it anew."""


@dataclass(slots=True)
class Answer:
    """Shows one turn's chunks; `finish` returns its record with the times that Slack acknowledged."""

    pen: Pen
    inbox: Inbox
    presence: Presence
    phrases: Phrases
    hosts: frozenset[str]
    """Where links in an answer may lead."""
    people: Callable[[], bool]
    said_at: float
    """When the customer wrote, by Slack's clock."""
    overtaken: Callable[[], Awaitable[bool]]
    """Whether a colleague took the conversation over while this was written."""
    silenced: bool = False
    """Whether it ended because a colleague took over."""
    first_at: float | None = None
    """When Slack acknowledged the first words, in seconds since the epoch."""
    handed_off: HandedOff | None = None
    failed: BaseException | None = None
    how: How = "whole"
    """How the first message was shown."""
    _language: str = "en"
    _text: str = ""
    _from: int = 0
    """Where in the text the present message begins."""
    _message: Message = field(init=False)
    _closed: list[Message] = field(default_factory=list)
    _cleaner: Cleaner = field(init=False)
    _opened: bool = False
    _opened_at: float = 0.0
    _flushed_at: float = 0.0
    _aside: str = ""
    """What is to be said beside the answer: that somebody else takes a closer look."""
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _closing: asyncio.Event = field(default_factory=asyncio.Event)
    _writer: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self._message = Message(self.pen)
        self._cleaner = Cleaner(self.hosts)

    async def begin(self, language: str) -> None:
        """Take over what a predecessor left in Slack, or say that an answer is on its way."""
        self._language = language
        job = self.pen.lease.job
        if not job.begun:
            say = self.phrases.say
            self.presence.begin(say("status", language), say("slow", language))
            return
        self.first_at = float(job.notes["first_at"]) if "first_at" in job.notes else None
        self.pen.posts[:] = job.posts
        found = list(job.posts) or [str(message["ts"]) for message in await self.pen.orphans()]
        log.info("answer.adopted", turn=job.turn, messages=len(found))
        if found:
            self.pen.slack.metrics.adopted()
            await self._message.adopt(found)
            self.pen.posts[:] = found[:1]
            self._opened = True
            return
        # Its predecessor died before the first word: it may take in what was said earlier and came too late.
        raise Changed

    async def show(self, chunk: Chunk) -> None:
        """Take a chunk; it is written to Slack beside what goes on."""
        if self.failed:
            raise self.failed
        match chunk:
            case TextDelta(text):
                self._text += self._cleaner.feed(text)
            case Escalated(_, said):
                self._say_aside(said)
            case Restarted():
                self._restart()
            case HandedOff():
                self.handed_off = chunk
        self._wake.set()
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())

    def _say_aside(self, said: str) -> None:
        if not self._text:
            self.presence.say(said)
        elif said:
            self._aside = said

    def _restart(self) -> None:
        self._text, self._from, self._aside = "", 0, ""
        self._cleaner = Cleaner(self.hosts)

    async def finish(self, record: TurnRecord) -> TurnRecord:
        """Give the answer its last form; returns the record with the times as Slack acknowledged them."""
        self._closing.set()
        self._wake.set()
        if self._writer:
            await self._writer
        if self.failed:
            raise self.failed
        self._text = (self._text + self._cleaner.finish()).strip("\n")
        if record.outcome == "stopped":
            self.silenced = await self.patiently(self.overtaken)
            stopped = self.phrases.say("overtaken" if self.silenced else "stopped", record.language)
            self._text = f"{self._text}\n\n_{stopped}_" if self._text.strip() else stopped
        if not self._opened:
            if not self.silenced:
                await self._mark()
            if self.silenced:  # nothing of it is there, and nothing shall be
                self.presence.end(open=False)
                return self._timed(record)
        await self._roll_over(final=True)
        status = self.presence.end(open=self._message.how == "stream")
        await self._message.close(self._text[self._from :], self._blocks(record), status)
        self._closed.append(self._message)
        self.how = self.how if self._opened else self._message.how
        await self._note()
        return self._timed(record)

    async def leave(self) -> None:
        """Stop writing, whatever was still to be written; harmless after `finish`."""
        self.presence.leave()
        await end(self._writer)

    def forms(self) -> list[Write]:
        """Return what to keep of an answer that had other writers before: one of them may still change it."""
        if self.pen.lease.job.deliveries < 2:
            return []
        metadata = self.pen.metadata(whole=True)
        expires = int((time.time() + FORM_S) * 1000)
        return [
            (
                "set",
                form_key(self.pen.place.team, self.pen.place.channel, message.ts),
                _written(message.form, metadata),
                expires,
            )
            for message in self._closed
            if message.ts and message.form
        ]

    def _blocks(self, record: TurnRecord) -> Blocks:
        return answer_blocks(
            self.phrases,
            record.language,
            turn_id=record.turn_id,
            sources=record.sources,
            person=self.people() and self.handed_off is None,
            hosts=self.hosts,
        )

    def _timed(self, record: TurnRecord) -> TurnRecord:
        job, now = self.pen.lease.job, time.time()
        said_at = self.said_at
        received_at = job.members[0].received_at
        delivery = received_at - said_at
        first = (self.first_at or now) - said_at
        known = delivery >= 0 and first >= 0
        return replace(
            record,
            delivery_ms=round(delivery * 1000, 1) if delivery >= 0 else None,
            first_words_ms=round(first * 1000, 1) if known else None,
            total_ms=round((now - (said_at if known else received_at)) * 1000, 1),
        )

    async def _write(self) -> None:
        """Write to Slack, one call after the other, until the answer is complete."""
        try:
            while not self._closing.is_set():
                await self._wake.wait()
                self._wake.clear()
                if self._opened:
                    await self._flush()
                elif self._text.strip():
                    await self._open()
        except Exception as fault:  # the turn takes it up, at its next chunk or at its end
            self.failed = fault

    async def _open(self) -> None:
        await self._mark()
        if self.silenced:
            return
        place = self.pen.place
        self.how = await self.pen.limiter.choose(place.team, place.channel)
        self.presence.first_words()
        text = self._text
        self._opened = True
        if await self._message.open(text[self._from :], self.how):
            self.first_at = time.time()
            self._opened_at = self._flushed_at = time.monotonic()
            await self._note()
        self.how = self._message.how

    async def _mark(self) -> None:
        """Note that from now on something of this turn may be in Slack."""
        revision = self.pen.lease.job.revision
        marked = await self.patiently(lambda: self.inbox.begin(self.pen.lease.job))
        self.pen.lease.update(marked)
        if marked.revision != revision:
            raise Changed
        # Nothing is begun in a conversation that a colleague has taken over meanwhile.
        self.silenced = not self._opened and (marked.stop or "").startswith(PERSON_STOPS)

    async def _note(self) -> None:
        """Note what is in Slack, for whoever may have to go on with it."""
        ts = self._message.ts
        if ts is None or ts in self.pen.posts:
            return
        self.pen.posts.append(ts)
        if self.first_at is None:
            self.first_at = time.time()
        posts, first_at = list(self.pen.posts), f"{self.first_at:.3f}"
        lease = self.pen.lease
        lease.update(await self.patiently(lambda: self.inbox.note(lease.job, posts=posts, first_at=first_at)))

    async def patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask Redis, however long it is away: nothing may be shown that nobody could take over."""
        while True:
            try:
                return await ask()
            except StateError:
                await self.pen.lease.cover(0.0)  # raises where the lease is lost
                await asyncio.sleep(AWAY_S)

    async def _flush(self) -> None:
        """Show what came since, when its time has come."""
        message, shown = self._message, self._text[self._from :]
        if message.ts is None:
            return
        if not shown.startswith(message.sent):
            if message.sound:
                again = self.phrases.say("restarted", self._language)
                await message.replace(f"_{again}_")
            return
        if not message.sound:
            return
        if wait := self._flushed_at + EVERY_S - time.monotonic():
            await self._pause(wait)
        await self._roll_over(final=False)
        if self._closing.is_set() or not self._message.sound:
            return
        await self._append()

    async def _append(self) -> None:
        shown = self._text[self._from :]
        if shown == self._message.sent and not self._aside:
            return
        place = self.pen.place
        wait = await self.pen.limiter.take(place.team, "chat.appendStream", place.channel)
        if wait:
            await self._pause(wait)
            self._wake.set()
            return
        aside, self._aside = self._aside, ""
        task = {"type": "task_update", "id": "closer", "title": aside, "status": "in_progress"}
        await self._message.append(shown, task if aside else None)
        self._flushed_at = time.monotonic()

    async def _pause(self, seconds: float) -> None:
        """Wait, but not longer than the answer takes."""
        if seconds > 0:
            try:
                async with asyncio.timeout(seconds):
                    await self._closing.wait()
            except TimeoutError:
                return

    async def _roll_over(self, *, final: bool) -> None:
        """Go on in another message before this one is too long, or its stream too old."""
        while True:
            text = self._text[self._from :]
            full = len(text.encode()) > FULL_BYTES
            old = not final and self._message.sound and time.monotonic() - self._opened_at > OLD_S
            if not full and not old:
                return
            cut = border(text, FULL_BYTES) if full else len(self._message.sent)
            await self._message.close(text[:cut].rstrip(), ())
            self._closed.append(self._message)
            await self._note()
            self._from += cut
            self._message = Message(self.pen)
            if self._from < len(self._text) and not final:
                place = self.pen.place
                how = await self.pen.limiter.choose(place.team, place.channel)
                rest = self._text[self._from :]
                head = rest[: border(rest, FULL_BYTES)]
                await self._message.open(head, how)
                self._opened_at = self._flushed_at = time.monotonic()
                await self._note()


def form_key(team: str, channel: str, ts: str) -> str:
    """Return where the last form of a message is kept."""
    return f"{prefix_of(team)}form:{channel}:{ts}"


def _written(form: tuple[str, Blocks], metadata: Mapping[str, Any]) -> str:
    text, blocks = whole_blocks(form[0], *form[1])
    return json.dumps({"text": text, "blocks": blocks, "metadata": metadata})


def border(text: str, most: int) -> int:
    """Return where to cut a text of at most so many bytes: behind a paragraph, a line, or at least a word."""
    if len(text.encode()) <= most:
        return len(text)
    fits = len(text.encode()[:most].decode(errors="ignore"))
    for mark in ("\n\n", "\n", " "):
        place = text.rfind(mark, fits // 2, fits)
        if place > 0:
            return place + len(mark)
    return fits
