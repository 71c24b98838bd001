"""What breaks things, seeded: processes, Redis, Slack; a time to heal puts all of it right again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from redis.exceptions import RedisError

from evals.bench.chaos_history import Recorded, Trouble
from evals.bench.chaos_stage import Bot, Stage
from evals.sim.slack import SlackFault
from evals.sim.slack.settings import SlackSettings

KILL_EVERY_S = (4.0, 8.0)
STARTING_SHARE = 0.2
"""How often a process is hit that may be just starting."""
ZOMBIE_EVERY_S = (10.0, 20.0)
ZOMBIE_S = (4.0, 10.0)
REDIS_EVERY_S = (15.0, 30.0)
REDIS_AWAY_S = (0.5, 3.0)
REDIS_PAUSED_S = (1.0, 4.0)
SLACK_EVERY_S = (8.0, 16.0)
SLACK_S = (1.0, 3.0)
SLACK_FAULTS = (
    SlackFault("ratelimited", "chat.*", times=None, share=0.5),
    SlackFault("http", times=None, share=0.4, status=500),
    SlackFault("http", times=None, share=0.4, status=503, done=True),
    SlackFault("reset", times=None, share=0.4, done=True),
    SlackFault("reset", times=None, share=0.4),
    SlackFault("slow", times=None, share=0.3, seconds=2.5, done=True),
)
"""Some are carried out although the caller hears nothing of it."""
CALLS = ("chat.startStream", "chat.appendStream", "chat.stopStream", "chat.postMessage", "chat.update")
GREY_S = 15.0
"""Turns that were answered so shortly before the ledger was read may not have been in it yet."""


@dataclass(slots=True)
class Nemesis:
    """Breaks things on a stage until it heals them."""

    stage: Stage
    seed: int
    recorded: list[Recorded] = field(default_factory=list)
    """The ledger as it was before Redis was flushed."""
    dead: int = 0
    """Dead letters of that time."""
    unrecorded: tuple[float, float] | None = None
    _redis: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self, flush_after_s: float | None) -> None:
        """Begin to break things; Redis loses everything once, after so many seconds."""
        breaking: tuple[tuple[tuple[float, float], Callable[[Random], Awaitable[None]]], ...] = (
            (KILL_EVERY_S, self._kill),
            (ZOMBIE_EVERY_S, self._freeze),
            (REDIS_EVERY_S, self._break_redis),
            (SLACK_EVERY_S, self._break_slack),
        )
        draws = (Random(self.seed * 10 + number) for number in range(len(breaking)))
        self._tasks = [
            asyncio.create_task(_again(every, act, draw))
            for (every, act), draw in zip(breaking, draws, strict=True)
        ]
        if flush_after_s is not None:
            self._tasks.append(asyncio.create_task(self._flush(flush_after_s)))

    async def heal(self) -> None:
        """Break nothing more and put right what is broken."""
        for task in self._tasks:
            task.cancel()
        for ended in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
        self.stage.slack.faults.clear()
        self.stage.rule.fault_share = 0.0
        for bot in self.stage.bots:
            self.stage.awaken(bot)
        if not await self.stage.redis.answers():
            await self.stage.redis.kill()
            await self.stage.redis.start()

    async def _kill(self, draw: Random) -> None:
        if bot := self._pick(draw):
            self.stage.kill(bot)

    async def _freeze(self, draw: Random) -> None:
        bot = self._pick(draw)
        if bot is None or bot.stopped_at is not None:
            return
        self.stage.freeze(bot)
        await asyncio.sleep(draw.uniform(*ZOMBIE_S))
        if bot.stopped_at is not None:
            self.stage.awaken(bot)

    def _pick(self, draw: Random) -> Bot | None:
        """Choose mostly among those that serve: on a slow machine, none would ever come so far."""
        starting = draw.random() < STARTING_SHARE
        hit = [bot for bot in self.stage.bots if bot.alive and (starting or bot.serves())]
        return draw.choice(hit) if hit else None

    async def _break_redis(self, draw: Random) -> None:
        async with self._redis:
            began = time.monotonic()
            try:
                if draw.random() < 0.5:
                    await self.take_redis_away(draw.uniform(*REDIS_AWAY_S))
                else:
                    seconds = draw.uniform(*REDIS_PAUSED_S)
                    with suppress(RedisError, OSError):
                        await self.stage.redis.client.execute_command("CLIENT", "PAUSE", int(seconds * 1000))  # type: ignore[no-untyped-call]
                        await asyncio.sleep(seconds)
            finally:
                self._note("redis", began)

    async def take_redis_away(self, seconds: float) -> None:
        """Kill Redis, and start it again so much later."""
        await self.stage.redis.kill()
        await asyncio.sleep(seconds)
        await self.stage.redis.start()

    async def _break_slack(self, draw: Random) -> None:
        began = time.monotonic()
        fault = draw.choice(SLACK_FAULTS)
        faults = self.stage.slack.faults
        if fault.method == "chat.*":
            faults.add(*(SlackFault(fault.kind, method, None, share=fault.share) for method in CALLS))
        else:
            faults.add(fault)
        try:
            await asyncio.sleep(draw.uniform(*SLACK_S))
        finally:
            faults.clear()
            self._note("slack", began)

    async def _flush(self, after_s: float) -> None:
        await asyncio.sleep(after_s)
        async with self._redis:
            began = time.monotonic()
            self.recorded = await self.stage.export()
            self.dead = await count_dead(self.stage)
            await self.stage.redis.client.flushall()
            self._note("flush", time.monotonic())
            self.unrecorded = (began - GREY_S, time.monotonic() + 1.0)

    def _note(self, kind: str, began: float) -> None:
        self.stage.troubles.append(Trouble(kind, began, time.monotonic()))


async def count_dead(stage: Stage) -> int:
    """Count the letters that the inbox has given up."""
    return int(await stage.redis.client.llen(f"{{bot}}:{SlackSettings().team}:dead"))


async def _again(every: tuple[float, float], act: Callable[[Random], Awaitable[None]], draw: Random) -> None:
    while True:
        await asyncio.sleep(draw.uniform(*every))
        await act(draw)
