"""After an outage, or when Redis has lost everything: what nobody answered is found in Slack's own lists."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

import structlog

from bot.slack.events import IncomingMessage
from bot.slack.handoff import Handoffs
from bot.slack.history import History
from bot.slack.intake import DEADLINE_S, Intake
from bot.slack.look import Flushed, Look
from bot.slack.marks import DAY_S, Gap, Marks
from bot.slack.missed import MissedList
from graph.errors import StateError
from graph.tasks import end

log = structlog.get_logger()

LOOK_S = 1.0
"""How often is looked for gaps; the marks are written as often."""
QUIET_S = 20.0
"""A start after a longer silence may have missed something."""
MARGIN_S = 60.0
"""Slack's events overtake each other, and clocks disagree."""
AGAIN_S = 60.0
"""After which time is tried again what Slack did not let be read."""
GIVE_UP_S = 3600.0
FLUSH = "flush"
THREADS = 20_000
"""Conversations that a process remembers, in case Redis forgets them."""


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """What came of it: messages that are answered now, that were listed for people, and channels read."""

    answered: int = 0
    listed: int = 0
    channels: int = 0


@dataclass(slots=True)
class CatchUp:
    """Finds what was missed; one process does it for all, and goes on with what one that died had begun."""

    intake: Intake
    handoffs: Handoffs
    lease_s: float
    along: Mapping[str, Callable[[bytes | None], None]] = field(default_factory=dict)
    """Keys that are read with the marks, each second, and who is told what is there."""
    _marks: Marks = field(init=False)
    _history: History = field(init=False)
    _missed: MissedList = field(init=False)
    _epoch: str | None = None
    _until: float = 0.0
    _threads: dict[str, float] = field(default_factory=dict)
    """The conversations of this process, the one heard of last at the end."""
    _unwritten: set[str] = field(default_factory=set)
    """Conversations heard of since the marks were written."""
    _asked: list[Gap] = field(default_factory=list)
    _away_since: float | None = None
    _rests_until: float = 0.0
    _loop: asyncio.Task[None] | None = None
    _working: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        handoffs = self.handoffs
        self._marks = Marks(handoffs.redis, self.along, handoffs.team)
        self._history = History(handoffs.slack, handoffs.limiter, handoffs.team)
        self._missed = MissedList(handoffs, self._history)

    def saw(self, message: IncomingMessage) -> None:
        """Note a message that was kept: its thread is one of ours, and Slack was heard up to here."""
        self._until = max(self._until, message.sent_at)
        self._threads.pop(message.conversation, None)
        self._threads[message.conversation] = message.sent_at
        self._unwritten.add(message.conversation)
        if len(self._threads) > THREADS:
            del self._threads[next(iter(self._threads))]

    def ask(self, why: str, since: float) -> None:
        """Have everything since a time (seconds since the epoch) looked at, as soon as Redis answers."""
        self._asked.append(_gap(why, since - MARGIN_S))

    async def open(self) -> None:
        """Begin; before Slack is listened to, since what comes then moves the mark on. Raises StateError."""
        await self._write()
        until = await self._marks.until()
        if until is None:
            # A first start, or everything was lost with every process: Slack knows which.
            gap = _gap("start", 0.0, hold_s=self._settled_s)
            await self._marks.add(replace(gap, first=True))
        elif time.time() - until > QUIET_S:
            await self._marks.add(_gap("start", until - MARGIN_S))
        self._loop = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Stop; what is left to be done stays noted for other processes."""
        await end(self._loop)  # first: it begins the work
        await end(self._working)

    async def run(self, why: str, since: float | None = None) -> CaughtUp:
        """Catch up with everything since a time, by default since the mark, and return what came of it.

        Nothing came of it where another process did it. Raises StateError.
        """
        if since is None:
            since = await self._marks.until() or 0.0
        name = await self._marks.add(_gap(why, since - MARGIN_S))
        while True:
            done = await self._work()
            if done is not None:
                return done
            if name not in await self._marks.gaps():
                return CaughtUp()
            await asyncio.sleep(LOOK_S)

    async def look_at(self, conversation: str) -> None:
        """Have answered what nobody answered in one thread; raises StateError, and a SlackFault."""
        _, channel, root = conversation.split(":")
        epoch, _ = await self._marks.epoch()
        look = Look(0.0, epoch, self.intake, self.handoffs, self._marks, self._history)
        await look.over_thread(channel, root)

    @property
    def _settled_s(self) -> float:
        """After how long all has landed that a process may have under way of which Redis knows nothing."""
        return self.lease_s + self.handoffs.slack.timeout_s

    async def _watch(self) -> None:
        while True:
            began = time.time()
            try:
                await self._look()
            except StateError:
                self._away_since = self._away_since or began
            else:
                # While Redis takes so long, events are not kept in time.
                if time.time() - began > DEADLINE_S:
                    self.ask("redis", began)
            await asyncio.sleep(LOOK_S)

    async def _look(self) -> None:
        if await self._write():
            await self._mind_the_hold()
        if self._away_since is not None:
            self.ask("redis", self._away_since)
            self._away_since = None
        while self._asked:
            await self._marks.add(self._asked[0])
            del self._asked[0]
        busy = self._working is not None and not self._working.done()
        if not busy and time.monotonic() > self._rests_until and _ready(await self._marks.gaps()):
            self._working = asyncio.create_task(self._work_quietly())
            self._working.add_done_callback(self._worked)

    async def _write(self) -> bool:
        """Write the marks, after a flush all of them, with its gap; tell whether there is a hold."""
        epoch, held = await self._marks.epoch()
        if epoch is None or self._epoch not in (None, epoch):
            await self.intake.inbox.beat()  # which holds back what is new, if nobody does
            epoch, held = await self._marks.epoch()
        flushed = self._epoch not in (None, epoch)
        heard, self._unwritten = self._unwritten, set()
        if flushed or heard:
            threads = {name: at for name, at in self._threads.items() if flushed or name in heard}
            gap = _gap(FLUSH, 0.0, hold_s=self._settled_s) if flushed else None
            try:
                await self._marks.keep(self._until, threads, flush=gap)
                if flushed and threads:
                    await self.intake.inbox.know(*threads)
            except StateError:
                self._unwritten |= heard
                raise
        self._epoch = epoch
        return held

    async def _mind_the_hold(self) -> None:
        """See to it that what is held back is looked into, also where who saw the flush has died since."""
        held_s = await self.intake.inbox.held_for()
        if held_s is not None:
            await self._marks.keep(0.0, {}, flush=_gap(FLUSH, 0.0, hold_s=max(0.1, self._settled_s - held_s)))

    async def _work_quietly(self) -> None:
        try:
            await self._work()
        except StateError as error:
            # The gaps stay in Redis, and are looked into when it is back.
            log.warning("catch_up.interrupted", why=str(error))

    def _worked(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (fault := task.exception()):
            self._rests_until = time.monotonic() + AGAIN_S
            log.error("catch_up.failed", exc_info=fault)

    async def _work(self) -> CaughtUp | None:
        """Look into all gaps that are ready; None where there are none, or where another process does."""
        await self._write()
        token = uuid.uuid4().hex
        if not _ready(await self._marks.gaps()) or not await self._marks.lock(token, self.lease_s):
            return None
        holding = asyncio.create_task(self._hold_lock(token))
        try:
            gaps = _ready(await self._marks.gaps())
            return await self._fill(gaps) if gaps else None
        except Flushed:
            return None
        finally:
            await end(holding)
            with suppress(StateError):
                await self._marks.unlock(token)

    async def _hold_lock(self, token: str) -> None:
        while True:
            await asyncio.sleep(self.lease_s / 3)
            with suppress(StateError):
                await self._marks.lock(token, self.lease_s)

    async def _fill(self, gaps: dict[str, Gap]) -> CaughtUp:
        now = time.time()
        since = max(now - DAY_S, min(gap.since for gap in gaps.values()))
        held = any(gap.why == FLUSH for gap in gaps.values())
        look = Look(since, self._epoch, self.intake, self.handoffs, self._marks, self._history, held)
        log.info("catch_up.begun", why=sorted({gap.why for gap in gaps.values()}), since=round(since))
        first = all(gap.first for gap in gaps.values())
        await look.over_all(min(gap.asked_at for gap in gaps.values()) if first else None)
        listed = 0
        with look.noted("the list"):
            listed = await self._missed.tell(list(look.missed.values()), now - DAY_S)
        await self._close(gaps, now, whole=look.whole)
        if held:
            # What was lost stands in its place again, so what came meanwhile may be answered after it.
            await self.intake.inbox.lift_hold()
        done = CaughtUp(look.answered, listed, look.channels)
        log.info(
            "catch_up.done", answered=done.answered, listed=listed, channels=done.channels, whole=look.whole
        )
        return done

    async def _close(self, gaps: dict[str, Gap], began: float, *, whole: bool) -> None:
        """Take out the gaps that are filled; what could not be read is tried again for an hour."""
        closed = {name for name, gap in gaps.items() if whole or began - gap.asked_at > GIVE_UP_S}
        if whole:
            await self._marks.keep(began, {})
        elif closed:
            log.error("catch_up.given_up", why=sorted(gaps[name].why for name in closed))
        if closed:
            await self._marks.close(closed)
        for name in gaps.keys() - closed:
            again = replace(gaps[name], ready_at=time.time() + AGAIN_S, hold=False)
            await self._marks.put_off(name, again)


def _gap(why: str, since: float, *, hold_s: float = 0.0) -> Gap:
    now = time.time()
    return Gap(why, since, now + hold_s, now, hold=hold_s > 0)


def _ready(gaps: dict[str, Gap]) -> dict[str, Gap]:
    """Return the gaps that may be looked into: none, while what is being answered is not known."""
    now = time.time()
    if any(gap.hold and gap.ready_at > now for gap in gaps.values()):
        return {}
    return {name: gap for name, gap in gaps.items() if gap.ready_at <= now}
