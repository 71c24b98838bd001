"""Questions put to a bot in Slack's stand-in, and what its calls show of each answer."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from evals.bench.echo import nonce, question
from evals.bench.serving import SlackProcess
from evals.bench.turn import QUESTIONS

Way: TypeAlias = Literal["stream", "edit", "whole"]
WAYS: tuple[Way, ...] = ("stream", "edit", "whole")
POSTS = ("chat.startStream", "chat.postMessage")
WORDS = ("markdown_text", "text")
LOOK_S = 0.1
"""Between two looks at the calls: each costs the stand-in time, which is not to be taken for the bot's."""
GONE_S = 10.0
ANSWER_S = 1.0
"""An answer takes at least this long to be said: before, there is nothing to look for."""


@dataclass(slots=True)
class Asked:
    """One question, in a direct conversation of its own, and what was seen of its answer.

    Times are of `time.monotonic`; None is what was not seen.
    """

    sign: str
    channel: str
    ts: str
    sent_at: float | None = None
    """When Slack first sent the event."""
    first_at: float | None = None
    """When the first words of the answer came to Slack."""
    done_at: float | None = None
    answer: str = ""
    """The ts of the bot's message."""
    messages: int = 0
    """How many messages the bot made in the conversation."""
    way: Way = "whole"

    @property
    def first_s(self) -> float | None:
        """From Slack's sending of the event to the first words in Slack."""
        return None if self.sent_at is None or self.first_at is None else self.first_at - self.sent_at


def words_of(call: Mapping[str, Any]) -> str:
    """Return the words that a call shows to people; blocks are left out, for they repeat the text."""
    given = call["args"]
    chunks = given.get("chunks")
    said = [chunk.get("text", "") for chunk in chunks] if isinstance(chunks, list) else []
    return "".join(str(part) for part in (*(given.get(name) or "" for name in WORDS), *said))


def take_calls(asked: Mapping[str, Asked], calls: Iterable[Mapping[str, Any]], half_latency_s: float) -> None:
    """Note in the questions, which are found by their channel, what these calls show.

    With latency, words are in Slack half of it after their call has begun.
    """
    for call in calls:
        one = asked.get(str(call["args"].get("channel", "")))
        if one is not None and call["ok"]:
            _take(one, call, call["at"] + half_latency_s)


def _take(one: Asked, call: Mapping[str, Any], at: float) -> None:
    method = call["method"]
    if method in POSTS:
        one.messages += 1
        one.answer = call["ts"]
    elif method == "chat.delete":
        one.messages -= 1
    if method == "chat.startStream":
        one.way = "stream"
    elif method == "chat.update" and one.way == "whole":
        one.way = "edit"
    if one.first_at is None and one.sign in words_of(call).split():
        one.first_at = at
    if _final(method, call["args"]):
        one.done_at = at


def _final(method: str, given: Mapping[str, Any]) -> bool:
    """Tell whether a call gives an answer its last form: such a call names the turn and brings buttons."""
    return method == "chat.stopStream" or ("metadata" in given and "blocks" in given)


def take_deliveries(asked: Mapping[str, Asked], deliveries: Iterable[Mapping[str, Any]]) -> None:
    """Note in the questions, which are found by their ts, when Slack first sent them."""
    for sent in deliveries:
        one = asked.get(sent["ts"])
        if one is not None and one.sent_at is None and sent["kind"] == "message":
            one.sent_at = sent["sent_at"]


@dataclass(slots=True)
class Load:
    """Asks questions of one bot; each has a person, a direct conversation and a nonce of its own."""

    slack: SlackProcess
    advance: Callable[[], None] = lambda: None
    """Told of each question that was asked."""
    waiting: list[Asked] = field(default_factory=list)
    """What was asked before the program was there."""
    limited: Counter[str] = field(default_factory=Counter)
    """Calls that Slack answered with 429, by method."""
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _calls: int = 0
    _deliveries: int = 0

    async def ask(self) -> Asked:
        """Ask one question."""
        number = next(self._numbers)
        sign, channel = nonce(number), f"D{number:05d}"
        text = question(QUESTIONS[number % len(QUESTIONS)], sign)
        ts = await self.slack.do("say", user=f"U{number:05d}", channel=channel, text=text)
        self.advance()
        return Asked(sign, channel, ts)

    async def ask_many(self, count: int) -> list[Asked]:
        """Ask so many at the same time."""
        return list(await asyncio.gather(*(self.ask() for _ in range(count))))

    async def one_at_a_time(self, count: int, half_latency_s: float = 0.0) -> list[Asked]:
        """Ask so many, each after the one before was answered."""
        done: list[Asked] = []
        for _ in range(count):
            one = await self.ask()
            await self.settle([one], half_latency_s=half_latency_s)
            done.append(one)
        return done

    async def at_random(self, count: int, per_s: float, seed: int = 1) -> list[Asked]:
        """Ask so many at random times, `per_s` on average."""
        draw = random.Random(seed)
        asking: list[asyncio.Task[Asked]] = []
        due = time.monotonic()
        for _ in range(count):
            due += draw.expovariate(per_s)
            await asyncio.sleep(due - time.monotonic())
            asking.append(asyncio.create_task(self.ask()))
        asked = await asyncio.gather(*asking)
        return await self.settle(asked)

    async def at_once(self, rounds: int, count: int) -> list[Asked]:
        """Ask so many at the same time, in rounds."""
        done: list[Asked] = []
        for _ in range(rounds):
            done += await self.settle(await self.ask_many(count))
        return done

    async def settle(
        self, asked: list[Asked], *, half_latency_s: float = 0.0, within_s: float = 180.0
    ) -> list[Asked]:
        """Wait until all are answered, as long as that may take, and note how; returns them."""
        ends = time.monotonic() + within_s
        channels, stamps = {one.channel: one for one in asked}, {one.ts: one for one in asked}
        await asyncio.sleep(ANSWER_S)
        while True:
            sent = await self.slack.look("deliveries", since=self._deliveries)
            take_deliveries(stamps, sent["deliveries"])
            if all(one.sent_at for one in asked):
                self._deliveries = sent["next"]
            calls = ended((await self.slack.look("calls", since=self._calls))["calls"], time.monotonic())
            self.limited.update(call["method"] for call in calls if call["error"] == "ratelimited")
            take_calls(channels, calls, half_latency_s)
            self._calls = calls[-1]["number"] + 1 if calls else self._calls
            if all(one.done_at for one in asked) or time.monotonic() > ends:
                return asked
            await asyncio.sleep(LOOK_S)


def ended(calls: Sequence[Mapping[str, Any]], now: float) -> Sequence[Mapping[str, Any]]:
    """Return the calls before the first that is still under way, which must be read again later.

    One whose client went away is never answered: it is not waited for.
    """
    for place, call in enumerate(calls):
        if call["done_at"] is None and now - call["at"] < GONE_S:
            return calls[:place]
    return calls
