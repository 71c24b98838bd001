"""Colleagues who take conversations over while everything breaks: claim, write, hand back or resolve."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from evals.bench.chaos_history import Said
from evals.bench.chaos_script import make_nonce
from evals.bench.chaos_traffic import ANSWER, PASSED, Traffic
from evals.sim.slack import SlackSim
from evals.sim.slack.parcel import ACKED

TEAM_CHANNEL = "C9TEAM"
COLLEAGUES = ("U9ANN", "U9BEN", "U9CAT")
CARD = "bot_handoff"
"""The event type in a card's metadata."""
PAUSE_S = (0.5, 2.0)
CONFIRM_S = 20.0
"""After which a press is made again: Slack repeats none."""
TRIES = 6
ENDS = {"hand_back": "handed_back", "resolve": "resolved"}
WAITED_S = 45.0
"""So long before a claim a message may have been said that is left to the person."""


@dataclass(slots=True)
class Stretch:
    """A time in which a person has a conversation, by time.monotonic(); None where it never came to it."""

    thread: str
    by: str
    wished_at: float
    claim_ts: str = ""
    """The message that claimed it; empty where it was claimed by a press."""
    begun_at: float | None = None
    """When the bot acknowledged it, or the card showed it."""
    end_wished_at: float | None = None
    ended_at: float | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a colleague wrote below a card."""

    thread: str
    ts: str
    nonce: str


@dataclass(slots=True)
class Colleagues:
    """A few colleagues, each with one conversation at a time."""

    slack: SlackSim
    traffic: Traffic
    seed: int
    stretches: list[Stretch] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)
    _over: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _nonces: Random = field(init=False)

    def __post_init__(self) -> None:
        self._nonces = Random(self.seed + 7)
        for colleague in COLLEAGUES:
            self.slack.join(colleague, TEAM_CHANNEL)
        self.slack.invite_bot(TEAM_CHANNEL)
        self.traffic.left_to_people = self.theirs

    def start(self) -> None:
        """Begin to work."""
        self._tasks = [
            asyncio.create_task(self._work(who, Random(self.seed * 100 + number)))
            for number, who in enumerate(COLLEAGUES)
        ]

    async def end(self) -> None:
        """Let everybody bring to its end what they have."""
        self._over.set()
        await asyncio.gather(*self._tasks)

    def theirs(self, said: Said) -> bool:
        """Tell whether a message may be left to a person: said while one had the thread, or soon before."""
        return any(
            stretch.thread == said.thread
            and stretch.wished_at - WAITED_S <= said.at <= (stretch.ended_at or time.monotonic())
            for stretch in self.stretches
        )

    async def _work(self, who: str, draw: Random) -> None:
        while not self._over.is_set():
            await self._pause(draw)
            threads = [thread for thread in self._answered() if thread not in self._taken]
            if not threads:
                continue
            thread = draw.choice(threads[-20:])
            self._taken.add(thread)
            await self._have(thread, who, draw)
            self._taken.discard(thread)

    async def _have(self, thread: str, who: str, draw: Random) -> None:
        """Take a conversation, write in it, and give it up again."""
        stretch = Stretch(thread, who, time.monotonic())
        self.stretches.append(stretch)
        direct = thread.startswith("D")
        if not (await self._claim_by_card(stretch) if direct else await self._claim_by_word(stretch, draw)):
            self.stretches.remove(stretch)
            return
        for _ in range(draw.randint(1, 3)):
            await self._pause(draw)
            card = self._card(thread)
            if (direct or draw.random() < 0.3) and card:
                nonce = make_nonce(self._nonces)
                ts = self.slack.say(who, TEAM_CHANNEL, f"A colleague says {nonce}.", card["ts"])
                self.replies.append(Reply(thread, ts, nonce))
            elif not direct:
                channel, root = thread.split(":")
                self.slack.say(who, channel, "I am looking into it.", root)
        await self._pause(draw)
        await self._give_up(stretch, draw.choice([*ENDS]))

    async def _claim_by_word(self, stretch: Stretch, draw: Random) -> bool:
        channel, root = stretch.thread.split(":")
        if draw.random() < 0.3:
            return await self._insist(
                stretch, lambda: self.slack.shortcut(stretch.by, channel, root, "claim"), "claimed"
            )
        stretch.claim_ts = self.slack.say(stretch.by, channel, "Hello, I will take this.", root)
        return await self._shows(stretch, "claimed", CONFIRM_S * TRIES)

    async def _claim_by_card(self, stretch: Stretch) -> bool:
        """Have the customer ask for a person, where there is no card yet, and press it."""
        channel, root = stretch.thread.split(":")
        for _ in range(TRIES):
            if self._card(stretch.thread):
                break
            for message in self.slack.messages(channel, root):
                try:
                    self.slack.press(f"U{channel[1:]}", channel, message["ts"], "person")
                except KeyError:
                    continue
                break
            await self._until(lambda: self._card(stretch.thread), CONFIRM_S)
        stretch.wished_at = time.monotonic()
        return await self._insist(stretch, lambda: self._press(stretch, "claim"), "claimed")

    async def _give_up(self, stretch: Stretch, wish: str) -> None:
        stretch.end_wished_at = time.monotonic()
        await self._insist(stretch, lambda: self._press(stretch, wish), ENDS[wish])
        stretch.ended_at = time.monotonic()

    def _press(self, stretch: Stretch, action: str) -> None:
        card = self._card(stretch.thread)
        if card is None:
            return
        try:
            self.slack.press(stretch.by, TEAM_CHANNEL, card["ts"], action)
        except KeyError:  # the card shows another state by now
            return

    async def _insist(self, stretch: Stretch, press: Callable[[], object], state: str) -> bool:
        for _ in range(TRIES):
            press()
            if await self._shows(stretch, state, CONFIRM_S):
                return True
        return False

    async def _shows(self, stretch: Stretch, state: str, within_s: float) -> bool:
        """Wait until the card shows a state, and note when that was or when the claim was acknowledged."""

        def there() -> bool:
            card = self._card(stretch.thread)
            payload = card["metadata"]["event_payload"] if card else {}
            return payload.get("state") == state and payload.get("by") == stretch.by

        shown = await self._until(there, within_s)
        if state == "claimed" and shown:
            stretch.begun_at = self._acknowledged(stretch.claim_ts) or time.monotonic()
        return shown

    def _acknowledged(self, ts: str) -> float | None:
        found = (d.acked_at for d in self.slack.deliveries.log if ts and d.ts == ts and d.outcome == ACKED)
        return next(found, None)

    def _card(self, thread: str) -> dict[str, Any] | None:
        """Return the newest card of a thread."""
        name = f"{self.slack.settings.team}:{thread}"
        found = None
        for message in self.slack.workspace.channels[TEAM_CHANNEL].messages.values():
            about = message.metadata or {}
            if about.get("event_type") == CARD and about["event_payload"].get("conversation") == name:
                found = {"ts": message.ts, "metadata": about}
        return found

    def _answered(self) -> list[str]:
        """Return the threads with an answer, the one asked in last at the end."""
        there = {shown.thread for shown in self.traffic.shown() if shown.turn and not shown.streaming}
        return [
            thread for thread in dict.fromkeys(said.thread for said in self.traffic.said) if thread in there
        ]

    async def _until(self, there: Callable[[], object], within_s: float) -> bool:
        ends = time.monotonic() + within_s
        while time.monotonic() < ends:
            if there():
                return True
            await asyncio.sleep(0.1)
        return False

    async def _pause(self, draw: Random) -> None:
        await asyncio.sleep(draw.uniform(*PAUSE_S))

    def passed(self, channel: str, root: str) -> Iterator[tuple[str, str]]:
        """Return (ts, words) of what was passed on into a thread and stands there, oldest first."""
        for message in self.slack.messages(channel, root):
            if (message.get("metadata") or {}).get("event_type") == PASSED:
                yield message["ts"], message["text"]

    def answers_in(self, thread: str) -> set[str]:
        """Return the ts of the bot's answers that stand in a thread."""
        channel, root = thread.split(":")
        return {
            message["ts"]
            for message in self.slack.messages(channel, root)
            if (message.get("metadata") or {}).get("event_type") == ANSWER
        }
