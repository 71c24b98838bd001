"""One look at what Slack has since a time: what nobody answered is put into the inbox, or into a list."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

import structlog

from bot.slack.api import Refused, SlackFault
from bot.slack.events import IncomingMessage
from bot.slack.fields import Fields
from bot.slack.handoff import Handoffs
from bot.slack.history import History, Raw
from bot.slack.intake import Intake
from bot.slack.marks import DAY_S, Marks
from bot.slack.people.after import below_card, for_us, take_for_owned
from bot.slack.unanswered import answers, unanswered, unfinished
from graph.errors import FirstlineError
from graph.tasks import end

log = structlog.get_logger()

READERS = 6
"""Lists that are read at the same time."""

YOUNG_S = 15 * 60.0
"""What is older is not answered any more, but listed for people."""


class Flushed(FirstlineError):
    """Redis lost everything meanwhile: what is under way elsewhere is not known any more."""


@dataclass(slots=True)
class Look:
    """Looks at all threads in which something was said since a time; faults of Slack's leave `whole` False.

    `epoch` is Redis's as it was when the look began.
    """

    since: float
    epoch: str | None
    intake: Intake
    handoffs: Handoffs
    marks: Marks
    history: History
    held: bool = False
    """Whether new jobs are held back until their thread was dealt with."""
    answered: int = 0
    channels: int = 0
    missed: dict[str, IncomingMessage] = field(default_factory=dict)
    """What came too long ago, by id: a thread may be read twice."""
    whole: bool = True
    """Whether Slack let all be read."""

    async def over_all(self, first_at: float | None) -> None:
        """Deal with every thread; raises Flushed and StateError.

        With `first_at`, only where the bot had answered anybody before that time: else it is new here.
        """
        self.intake.channels.refresh()
        with self.noted("the team's cards"):
            # Before any thread is freed: nothing may be answered in one that a person has.
            await self.handoffs.ensure_read()
        with self.noted("all channels"):
            if first_at is None:
                await self._threads(self._deal)
                return
            held: list[tuple[str, Sequence[Raw]]] = []

            async def keep(channel: str, thread: Sequence[Raw]) -> None:
                held.append((channel, thread))

            await self._threads(keep)
            me = self.handoffs.bot_user
            if any(answers(raw, me) and float(raw["ts"]) < first_at for _, thread in held for raw in thread):
                for channel, thread in held:
                    await self._deal(channel, thread)

    async def over_thread(self, channel: str, root: str) -> None:
        """Deal with one thread; raises a SlackFault, Flushed and StateError."""
        await self._deal(channel, await self.history.thread(channel, root))

    @contextmanager
    def noted(self, where: str) -> Iterator[None]:
        """Go on after a fault of Slack's; one that may not come again leaves the look incomplete."""
        try:
            yield
        except Refused as refused:
            log.warning("catch_up.skipped", where=where, method=refused.method, why=refused.why)
        except SlackFault as fault:
            self.whole = False
            log.warning("catch_up.unread", where=where, method=fault.method, why=fault.why)

    async def _threads(self, deal: Callable[[str, Sequence[Raw]], Awaitable[None]]) -> None:
        """Deal with messages without replies as their channel is read, then with the threads."""
        longer: dict[tuple[str, str], float] = {}
        day = time.time() - DAY_S
        channels = await self._known_and_joined()
        await _at_once(partial(self._channel, channel, day, longer, deal) for channel in channels)
        longer = await self._older(set(channels), day) | longer
        # What can still be answered comes before what can only be listed.
        order = sorted(longer, key=lambda key: -longer[key])
        await _at_once(partial(self._thread, channel, root, deal) for channel, root in order)

    async def _channel(
        self,
        channel: str,
        day: float,
        longer: dict[tuple[str, str], float],
        deal: Callable[[str, Sequence[Raw]], Awaitable[None]],
    ) -> None:
        top: list[Raw] = []
        with self.noted(channel):
            # All of a day: what is new may be a reply to something older.
            top = await self.history.top(channel, day)
            self.channels += 1
        for raw in top:
            root, latest = _thread_of(raw)
            if latest >= self.since and (raw.get("reply_count") or root != raw["ts"]):
                longer[channel, root] = max(latest, longer.get((channel, root), 0.0))
            elif latest >= self.since:
                await deal(channel, [raw])

    async def _thread(
        self, channel: str, root: str, deal: Callable[[str, Sequence[Raw]], Awaitable[None]]
    ) -> None:
        with self.noted(channel):
            await deal(channel, await self.history.thread(channel, root))

    async def _older(self, channels: set[str], day: float) -> dict[tuple[str, str], float]:
        """Return the bot's threads that began longer ago: only reading them tells what is new in them."""
        found = [name.split(":") for name in await self.marks.threads()]
        return {
            (channel, root): self.since
            for team, channel, root in found
            if team == self.handoffs.team and channel in channels and float(root) < day
        }

    async def _known_and_joined(self) -> list[str]:
        """Return the channels to be looked into, those in which the bot was asked last first."""
        found = [name.split(":") for name in await self.marks.channels()]
        known = [channel for team, channel in found if team == self.handoffs.team]
        try:
            joined = dict.fromkeys(await self.history.channels())
        except Refused as refused:
            log.warning("catch_up.known_channels_only", why=refused.why, channels=len(known))
            return known
        return list(dict.fromkeys(name for name in known if name in joined) | joined)

    async def _deal(self, channel: str, thread: Sequence[Raw]) -> None:
        """Have a thread's young messages answered, and remember its old ones for the list."""
        if not thread:
            return
        conversation = f"{self.handoffs.team}:{channel}:{_thread_of(thread[0])[0]}"
        await take_for_owned(self.handoffs, channel, thread)
        for message in await self._not_kept(below_card(self.handoffs, channel, thread, self.since)):
            await self.intake.keep(message)
        ours = any(answers(raw, self.handoffs.bot_user) for raw in thread)
        if ours:
            # Follow-ups in it need no mention.
            await self.intake.inbox.know(conversation)
        ours = await self._put_back(channel, thread) or ours
        if ours and await self.intake.inbox.looked(conversation):
            # What came after it was read, and before it was ours again, was left alone.
            await self._put_back(channel, await self.history.thread(channel, thread[0]["ts"]))
        if self.held:
            # The press that had it begun was lost with the rest: it can only be made again.
            with self.noted(channel):
                root = conversation.rpartition(":")[2]
                streams = unfinished(thread, root, self.handoffs.bot_user)
                await self._take_away(channel, root, root, streams)
            await self.intake.inbox.free(conversation)

    async def _put_back(self, channel: str, thread: Sequence[Raw]) -> bool:
        """Put what is unanswered where it can be answered; False where there is nothing."""
        found = unanswered(
            thread,
            team=self.handoffs.team,
            channel=channel,
            since=self.since,
            channels=self.intake.channels,
            bot_user=self.handoffs.bot_user,
        )
        if not found:
            return False
        left = await self._not_kept(found)
        to_deal_with, owned = await for_us(self.handoffs, found)
        left = [message for message in left if message in to_deal_with]
        if owned:
            # What was begun there before it was a person's has nobody to end it.
            with self.noted(channel):
                await self._take_away_after(found[0], thread)
            for message in left:  # however old: it is for a person
                await self.intake.keep(message)
            return True
        now = time.time()
        self.missed |= {message.id: message for message in left if now - message.sent_at >= YOUNG_S}
        young = [message for message in left if now - message.sent_at < YOUNG_S]
        if young:
            with self.noted(channel):
                await self._take_away_after(young[0], thread)
        for message in young:
            self.answered += await self.intake.keep(message)
        return True

    async def _not_kept(self, messages: Sequence[IncomingMessage]) -> list[IncomingMessage]:
        """Return the messages that the inbox does not know; raises Flushed and StateError."""
        if not messages:
            return []
        epoch, kept = await self.marks.kept(message.id for message in messages)
        if epoch != self.epoch:
            raise Flushed("Redis was flushed while it was caught up.")
        return [message for message in messages if message.id not in kept]

    async def _take_away_after(self, message: IncomingMessage, thread: Sequence[Raw]) -> None:
        streams = unfinished(thread, message.ts, self.handoffs.bot_user)
        await self._take_away(message.channel, message.thread, message.ts, streams)

    async def _take_away(self, channel: str, root: str, after: str, streams: Sequence[str]) -> None:
        """Take away what a process that is gone had begun to answer, or it would stay beside the answer."""
        conversation = f"{self.handoffs.team}:{channel}:{root}"
        if not streams or await self.marks.in_work(conversation):
            return
        # Nobody works on the thread; whoever did since it was read has ended its stream by now.
        thread = await self.history.thread(channel, root)
        for ts in unfinished(thread, after, self.handoffs.bot_user):
            if ts not in streams:
                continue
            for method in ("chat.stopStream", "chat.delete"):
                with suppress(Refused):
                    await self.history.call(method, channel=channel, ts=ts)
            log.info("catch_up.taken_away", thread=conversation)


def _thread_of(raw: Raw) -> tuple[str, float]:
    """Return a message's thread and when something was last said in it, as far as the message tells."""
    fields, ts = Fields(raw), str(raw["ts"])
    return fields.timestamp("thread_ts") or ts, float(fields.timestamp("latest_reply") or ts)


async def _at_once(calls: Iterable[Callable[[], Awaitable[None]]]) -> None:
    """Make calls in their order, a few at a time; the first fault ends them all."""
    waiting = iter(calls)

    async def reader() -> None:
        for call in waiting:
            await call()

    readers = [asyncio.create_task(reader()) for _ in range(READERS)]
    try:
        await asyncio.gather(*readers)
    finally:
        await end(*readers)
