"""Customers who write to the bot in many threads at once, and what became of their messages in Slack."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from evals.bench.chaos_history import Posted, Said, Shown
from evals.bench.chaos_script import QUESTIONS, make_nonce, nonces_in, question
from evals.sim.slack import Call, Delivery, SlackSim
from evals.sim.slack.parcel import ACKED

POSTING = ("chat.startStream", "chat.postMessage")
MESSAGES = ("message", "app_mention")
PASSED = "bot_passed"
"""The event type in the metadata of what the bot passes on for a colleague."""
ANSWER = "bot_answer"
"""The event type in the metadata of an answer."""
PAUSE_S = (2.0, 8.0)
"""Between two messages of a thread, so that most of them find the one before answered."""
BURST_SHARE = 0.2
"""How often the next message follows at once, and may be answered along with the one before."""


@dataclass(slots=True)
class Traffic:
    """Writes messages until it is told to end; every second thread is a direct one, the rest in channels."""

    slack: SlackSim
    seed: int
    said: list[Said] = field(default_factory=list)
    left_to_people: Callable[[Said], bool] = lambda _said: False
    """Whether a message is a colleague's to answer."""
    _nonces: Random = field(init=False)
    _over: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._nonces = Random(self.seed)

    def start(self, threads: int) -> None:
        """Let so many customers write, in a thread each; who has asked everything begins another thread."""
        self._tasks = [asyncio.create_task(self._write(number)) for number in range(threads)]

    async def end(self) -> None:
        """Let nobody begin another message."""
        self._over.set()
        await asyncio.gather(*self._tasks)

    def ask(self, number: int, place: int, draw: Random, root: str | None = None) -> Said:
        """Ask question `place` as customer `number`, in the thread of `root` or in a new one."""
        nonce = make_nonce(self._nonces)
        user = f"U{number:04d}"
        channel = f"D{number:04d}" if number % 2 == 0 else f"C{number % 5:04d}"
        mention = "" if number % 2 == 0 or root else f"<@{self.slack.settings.bot_user}> "
        ts = self.slack.say(user, channel, mention + question(place, nonce, draw), root)
        name = f"{self.slack.settings.team}:{channel}:{ts}"
        said = Said(name, f"{channel}:{root or ts}", nonce, time.monotonic())
        self.said.append(said)
        return said

    async def _write(self, number: int) -> None:
        draw = Random(self.seed * 1000 + number)
        await self._pause(draw.uniform(0.0, PAUSE_S[1]))
        while not self._over.is_set():
            await self._converse(number, draw)

    async def _converse(self, number: int, draw: Random) -> None:
        """Write a thread: every question once, in an order of its own."""
        root = None
        for place in draw.sample(range(len(QUESTIONS)), len(QUESTIONS)):
            if self._over.is_set():
                return
            said = self.ask(number, place, draw, root)
            root = root or said.ts
            await self._pause(0.1 if draw.random() < BURST_SHARE else draw.uniform(*PAUSE_S))

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._over.wait()
        except TimeoutError:
            return

    def note_accepted(self) -> None:
        """Note when the bot has acknowledged each message, in whichever event it came first."""
        first: dict[str, Delivery] = {}
        for delivery in self.slack.deliveries.log:
            if delivery.outcome == ACKED and delivery.kind in MESSAGES:
                known = first.setdefault(delivery.ts, delivery)
                if (delivery.acked_at or 0.0) < (known.acked_at or 0.0):
                    first[delivery.ts] = delivery
        for said in self.said:
            if found := first.get(said.ts):
                said.accepted_at, said.delivered_at = found.acked_at, found.sent_at or 0.0

    def unanswered(self) -> int:
        """Count the messages that no answer in Slack names yet."""
        named = {name for shown in self.shown() if not shown.streaming for name in shown.messages}
        return sum(said.id not in named and not self.left_to_people(said) for said in self.said)

    def shown(self) -> Iterator[Shown]:
        """Return the bot's messages in the threads of this traffic."""
        threads = {said.thread for said in self.said}
        closed = {_of(call): call.done_at or call.at for call in self.slack.calls if call.ok}
        for channel in self.slack.workspace.channels.values():
            for message in channel.messages.values():
                thread = f"{channel.id}:{message.thread_ts}"
                if message.user != self.slack.settings.bot_user or thread not in threads:
                    continue
                metadata = message.metadata or {}
                if metadata.get("event_type") == PASSED:
                    continue
                answer = metadata.get("event_payload", {}) if metadata.get("event_type") == ANSWER else {}
                names = tuple(answer.get("messages", ()))
                streaming = message.stream is not None and message.stream.state == "streaming"
                turn, at = str(answer.get("turn", "")), closed.get((channel.id, message.ts), 0.0)
                yield Shown(thread, message.ts, turn, names, message.text, streaming, at)

    def posted(self) -> Iterator[Posted]:
        """Return what the bot posted in the threads of this traffic, also what it took away."""
        threads = {said.thread for said in self.said}
        calls = [call for call in self.slack.calls if call.ok]
        gone = {_of(call): call.done_at for call in calls if call.method == "chat.delete"}
        for call in calls:
            thread = f"{call.args.get('channel')}:{call.args.get('thread_ts')}"
            passed = (call.args.get("metadata") or {}).get("event_type") == PASSED
            if call.method in POSTING and thread in threads and not passed:
                yield Posted(thread, call.ts, call.done_at or call.at, gone.get(_of(call)))

    def words_at(self) -> dict[str, float]:
        """Return when words with each nonce were first in Slack."""
        first: dict[str, float] = {}
        for call in self.slack.calls:
            if call.ok and call.method.startswith("chat."):
                for nonce in nonces_in(call.words()):
                    first.setdefault(nonce, call.done_at or call.at)
        return first


def _of(call: Call) -> tuple[str, str]:
    return str(call.args.get("channel", "")), str(call.args.get("ts") or call.ts)
