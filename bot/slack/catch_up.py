"""After an outage, or when Redis has lost everything: what nobody answered is found in Slack's own lists."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

import structlog

from bot.slack.api import Refused, SlackFault
from bot.slack.events import IncomingMessage
from bot.slack.fields import Fields
from bot.slack.handoff import Handoffs
from bot.slack.history import History, Raw
from bot.slack.intake import DEADLINE_S, Intake
from bot.slack.marks import DAY_S, Gap, Marks
from bot.slack.missed import MissedList
from bot.slack.unanswered import answers, unanswered, unfinished
from graph.errors import FirstlineError, StateError

log = structlog.get_logger()

LOOK_S = 1.0
"""How often is looked for gaps; the marks are written as often."""
QUIET_S = 20.0
"""A start after a longer silence may have missed something."""
MARGIN_S = 60.0
"""Slack's events overtake each other, and clocks disagree."""
YOUNG_S = 15 * 60.0
"""What is older is not answered any more, but listed for people."""
AGAIN_S = 60.0
"""After which time is tried again what Slack did not let be read."""
GIVE_UP_S = 3600.0
THREADS = 20_000
"""Conversations that a process remembers, in case Redis forgets them."""


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """What came of it: messages that are answered by now, that are listed for people, and channels read."""

    answered: int = 0
    listed: int = 0
    channels: int = 0


class _Flushed(FirstlineError):
    """Redis lost everything meanwhile: what is under way elsewhere is not known any more."""


@dataclass(slots=True)
class _Round:
    """One look at everything since a time."""

    since: float
    epoch: str | None
    answered: int = 0
    channels: int = 0
    missed: list[IncomingMessage] = field(default_factory=list)
    whole: bool = True
    """Whether Slack let all be read."""


@dataclass(slots=True)
class CatchUp:
    """Finds what was missed; one process of all does, and whatever one that died was to do is done."""

    intake: Intake
    handoffs: Handoffs
    lease_s: float
    _marks: Marks = field(init=False)
    _history: History = field(init=False)
    _missed: MissedList = field(init=False)
    _token: str = field(default_factory=lambda: uuid.uuid4().hex)
    _epoch: str | None = None
    _until: float = 0.0
    _channels: dict[str, float] = field(default_factory=dict)
    _threads: dict[str, float] = field(default_factory=dict)
    _unwritten: set[str] = field(default_factory=set)
    """Conversations heard of since the marks were written."""
    _asked: list[Gap] = field(default_factory=list)
    _away_since: float | None = None
    _loop: asyncio.Task[None] | None = None
    _working: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        handoffs = self.handoffs
        self._marks = Marks(handoffs.redis)
        self._history = History(handoffs.slack, handoffs.limiter, handoffs.team)
        self._missed = MissedList(handoffs, self._history)

    def saw(self, message: IncomingMessage) -> None:
        """Note a message that was kept: what comes before it was heard, and its thread is one of ours."""
        self._until = max(self._until, message.sent_at)
        self._channels[f"{message.team}:{message.channel}"] = message.sent_at
        self._threads.pop(message.conversation, None)
        self._threads[message.conversation] = message.sent_at
        self._unwritten.add(message.conversation)
        if len(self._threads) > THREADS:
            del self._threads[next(iter(self._threads))]

    def ask(self, why: str, since: float) -> None:
        """Have everything since a time (seconds since the epoch) looked at, as soon as Redis answers."""
        self._asked.append(_gap(why, since - MARGIN_S))

    async def open(self) -> None:
        """Begin, before Slack is listened to: from then on, nobody knows how far it was heard before."""
        await self._write()
        until = await self._marks.until()
        if until is None:
            gap = _gap("start", 0.0, hold_s=self._settled_s())
            await self._marks.add(replace(gap, first=True))
        elif time.time() - until > QUIET_S:
            await self._marks.add(_gap("start", until - MARGIN_S))
        self._loop = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Stop; what is left to be done stays noted for other processes."""
        for task in (self._loop, self._working):
            if task:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

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

    def _settled_s(self) -> float:
        """Return after which time all has landed that processes had under way which nobody knows of."""
        return self.lease_s + self.handoffs.slack.timeout_s

    async def _watch(self) -> None:
        while True:
            began = time.time()
            try:
                await self._look()
            except StateError:
                self._away_since = self._away_since or began
            else:
                # Slack was told no for each event that Redis took too long to keep.
                if time.time() - began > DEADLINE_S:
                    self.ask("redis", began)
            await asyncio.sleep(LOOK_S)

    async def _look(self) -> None:
        await self._write()
        if self._away_since is not None:
            self.ask("redis", self._away_since)
            self._away_since = None
        while self._asked:
            await self._marks.add(self._asked[0])
            del self._asked[0]
        idle = self._working is None or self._working.done()
        if idle and _ready(await self._marks.gaps()):
            self._working = asyncio.create_task(self._quietly())

    async def _write(self) -> None:
        """Write the marks; after a flush all of them, with the gap that it made."""
        epoch = await self._marks.epoch()
        if epoch is None:
            await self.intake.inbox.beat()
            epoch = await self._marks.epoch()
        flushed = self._epoch not in (None, epoch)
        heard, self._unwritten = self._unwritten, set()
        if flushed or heard:
            names = self._threads if flushed else heard
            threads = {name: self._threads[name] for name in names if name in self._threads}
            gap = _gap("flush", 0.0, hold_s=self._settled_s()) if flushed else None
            try:
                await self._marks.keep(self._until, self._channels, threads, flush=gap)
            except StateError:
                self._unwritten |= heard
                raise
        self._epoch = epoch

    async def _quietly(self) -> None:
        try:
            await self._work()
        except StateError as error:
            # The gaps stay in Redis, and are looked into when it is back.
            log.warning("catch_up.interrupted", why=str(error))

    async def _work(self) -> CaughtUp | None:
        """Look into all gaps that are ready; None where there are none, or another process does."""
        await self._write()
        if not _ready(await self._marks.gaps()) or not await self._marks.lock(self._token, self.lease_s):
            return None
        holding = asyncio.create_task(self._hold_lock())
        try:
            gaps = _ready(await self._marks.gaps())
            return await self._fill(gaps) if gaps else None
        except _Flushed:
            return None
        finally:
            holding.cancel()
            with suppress(StateError):
                await self._marks.unlock(self._token)

    async def _hold_lock(self) -> None:
        while True:
            await asyncio.sleep(self.lease_s / 3)
            with suppress(StateError):
                await self._marks.lock(self._token, self.lease_s)

    async def _fill(self, gaps: dict[str, Gap]) -> CaughtUp:
        now = time.time()
        since = max(now - DAY_S, min(gap.since for gap in gaps.values()))
        look = _Round(since, self._epoch)
        log.info("catch_up.begun", why=sorted({gap.why for gap in gaps.values()}), since=round(since))
        first = all(gap.first for gap in gaps.values())
        listed = 0
        with _noted(look, "the channels"):
            await self._look_at(look, min(gap.asked_at for gap in gaps.values()) if first else None)
        with _noted(look, "the card"):
            listed = await self._missed.tell(look.missed, now - DAY_S)
        done = CaughtUp(look.answered, listed, look.channels)
        await self._close(gaps, now, whole=look.whole)
        log.info("catch_up.done", **_shown(done), whole=look.whole)
        return done

    async def _close(self, gaps: dict[str, Gap], began: float, *, whole: bool) -> None:
        if whole:
            await self._marks.keep(began, {}, {}, flush=None)
        given_up = [name for name, gap in gaps.items() if not whole and began - gap.asked_at > GIVE_UP_S]
        if given_up:
            log.error("catch_up.given_up", why=[gaps[name].why for name in given_up])
        if closed := list(gaps) if whole else given_up:
            await self._marks.close(closed)
        for name in gaps.keys() - closed:
            await self._marks.put_off(name, replace(gaps[name], ready_at=time.time() + AGAIN_S, hold=False))

    async def _look_at(self, look: _Round, first_at: float | None) -> None:
        """Deal with every thread; for a bot that may never have been here, only if it answered before then."""
        found = self._all_threads(look)
        if first_at is None:
            async for channel, thread in found:
                await self._deal(look, channel, thread)
            return
        held = [pair async for pair in found]
        me = self.handoffs.bot_user
        if any(answers(raw, me) and float(raw["ts"]) < first_at for _, thread in held for raw in thread):
            for channel, thread in held:
                await self._deal(look, channel, thread)

    async def _all_threads(self, look: _Round) -> AsyncIterator[tuple[str, Sequence[Raw]]]:
        """Find each thread in which something was said since then: new messages first, then long threads."""
        longer: dict[tuple[str, str], float] = {}
        day = time.time() - DAY_S
        channels = await self._known_and_joined()
        for channel in channels:
            with _noted(look, channel):
                top = await self._history.top(channel, day)
                look.channels += 1
                for raw in top:
                    root, latest = _thread_of(raw)
                    if latest >= look.since and (raw.get("reply_count") or root != raw["ts"]):
                        longer[channel, root] = max(latest, longer.get((channel, root), 0.0))
                    elif latest >= look.since:
                        yield channel, [raw]
        for name in await self._marks.threads():
            team, channel, root = name.split(":")
            # A younger one was in its channel's list, and is among `longer` if anything was said in it.
            if team == self.handoffs.team and channel in channels and float(root) < day:
                longer.setdefault((channel, root), look.since)
        # What can still be answered comes before what can only be listed.
        for channel, root in sorted(longer, key=lambda key: -longer[key]):
            with _noted(look, channel):
                thread = await self._history.thread(channel, root)
                yield channel, thread

    async def _known_and_joined(self) -> list[str]:
        """Return the channels to be looked into, those in which the bot was asked last first."""
        team = self.handoffs.team
        known = [name.split(":")[1] for name in await self._marks.channels() if name.startswith(f"{team}:")]
        try:
            joined = await self._history.channels()
        except Refused as refused:
            log.warning("catch_up.known_channels_only", why=refused.why, channels=len(known))
            return known
        return [*(name for name in known if name in joined), *(name for name in joined if name not in known)]

    async def _deal(self, look: _Round, channel: str, thread: Sequence[Raw]) -> None:
        """Have a thread's young messages answered, and remember its old ones for the list."""
        intake, me = self.intake, self.handoffs.bot_user
        found = unanswered(
            thread,
            team=self.handoffs.team,
            channel=channel,
            since=look.since,
            channels=intake.channels,
            bot_user=me,
        )
        if not found:
            return
        epoch, kept = await self._marks.kept(message.id for message in found)
        if epoch != look.epoch:
            raise _Flushed("Redis was flushed while it was caught up.")
        left = [message for message in found if message.id not in kept]
        if not left or await self.handoffs.owner(left[0].conversation):
            return
        young = [message for message in left if time.time() - message.sent_at < YOUNG_S]
        look.missed += [message for message in left if message not in young]
        if young:
            await self._take_away(young[0], unfinished(thread, young[0].ts, me))
        for message in young:
            look.answered += await intake.keep(message)
            self.saw(message)

    async def _take_away(self, message: IncomingMessage, streams: Sequence[str]) -> None:
        """Take away what a process that is gone had begun to answer, or it would stay beside the answer."""
        if not streams or await self._marks.in_work(message.conversation):
            return
        # Only now is it certain that nobody has ended one of them since the thread was read.
        thread = await self._history.thread(message.channel, message.thread)
        for ts in unfinished(thread, message.ts, self.handoffs.bot_user):
            if ts not in streams:
                continue
            for method in ("chat.stopStream", "chat.delete"):
                with suppress(Refused):
                    await self._history.call(method, channel=message.channel, ts=ts)
            log.info("catch_up.taken_away", thread=message.conversation)


@contextmanager
def _noted(look: _Round, where: str) -> Iterator[None]:
    """Go on after a fault of Slack's; what may go well another time makes the round incomplete."""
    try:
        yield
    except Refused as refused:
        log.warning("catch_up.skipped", where=where, method=refused.method, why=refused.why)
    except SlackFault as fault:
        look.whole = False
        log.warning("catch_up.put_off", where=where, method=fault.method, why=fault.why)


def _gap(why: str, since: float, *, hold_s: float = 0.0) -> Gap:
    now = time.time()
    return Gap(why, since, now + hold_s, now, hold=hold_s > 0)


def _ready(gaps: dict[str, Gap]) -> dict[str, Gap]:
    """Return the gaps that may be looked into: none, while what is being answered is not known."""
    now = time.time()
    if any(gap.hold and gap.ready_at > now for gap in gaps.values()):
        return {}
    return {name: gap for name, gap in gaps.items() if gap.ready_at <= now}


def _thread_of(raw: Raw) -> tuple[str, float]:
    """Return a message's thread and when something was last said in it, as far as the message tells."""
    fields = Fields(raw)
    return fields.timestamp("thread_ts") or str(raw["ts"]), float(
        fields.timestamp("latest_reply") or str(raw["ts"])
    )


def _shown(done: CaughtUp) -> dict[str, int]:
    return {"answered": done.answered, "listed": done.listed, "channels": done.channels}
