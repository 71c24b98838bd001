"""How far all processes together have heard Slack, and what is still to be caught up with: kept in Redis.

Before each name stands the tenant, where there is one.

{bot}:seen-until   the newest message that was kept, as its time
{bot}:channels     team:channel -> time of its newest message for the bot
{bot}:threads      conversation -> the same, for a day
{bot}:catch-up     gaps that somebody has yet to look into
{bot}:catching-up  the process that does
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from redis.asyncio import Redis

from bot.keys import prefix_of
from bot.slack.events import message_key
from graph.state_store import ask, text_of

DAY_S = 86_400.0
CHANNELS_KEPT_S = 30 * DAY_S
_UNTIL = "until"


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which messages may have been missed, from `since` on; times are seconds since the epoch.

    `hold`: until `ready_at` nothing may be caught up with, since what is being answered is not known.
    `first`: nobody knows whether the bot has ever been here.
    """

    why: str
    since: float
    ready_at: float
    asked_at: float
    hold: bool = False
    first: bool = False


class Marks:
    """The marks in Redis; every method raises StateError when it fails."""

    def __init__(
        self,
        redis: Redis,
        along: Mapping[str, Callable[[bytes | None], None]] | None = None,
        tenant: str = "",
    ) -> None:
        self._prefix = prefix = prefix_of(tenant)
        self._seen, self._channels, self._threads = (
            f"{prefix}seen-until",
            f"{prefix}channels",
            f"{prefix}threads",
        )
        self._gaps, self._lock = f"{prefix}catch-up", f"{prefix}catching-up"
        self._epoch, self._hold = f"{prefix}epoch", f"{prefix}hold"
        self._redis: Any = redis  # its stubs are for the blocking and the async client at once
        self._along = along or {}
        """Other keys that are read each second, and who is told what is there."""

    async def until(self) -> float | None:
        """Return the time of the newest message that was kept; None where nobody knows of any."""
        score = await ask(self._redis.zscore(self._seen, _UNTIL))
        return None if score is None else float(score)

    async def keep(self, until: float, threads: Mapping[str, float], *, flush: Gap | None = None) -> None:
        """Move the marks forward; with `flush`, say in the same step that Redis had lost everything."""
        now = time.time()
        channels: dict[str, float] = {}
        for name, at in threads.items():
            channel = name.rpartition(":")[0]
            channels[channel] = max(at, channels.get(channel, 0.0))
        async with self._redis.pipeline(transaction=True) as pipeline:
            if flush:
                # The first to see it has set from when on nothing can be under way any more.
                pipeline.hsetnx(self._gaps, flush.why, json.dumps(asdict(flush)))
            if until:
                pipeline.zadd(self._seen, {_UNTIL: until}, gt=True)
            for key, times, kept_s in (
                (self._channels, channels, CHANNELS_KEPT_S),
                (self._threads, threads, DAY_S),
            ):
                if times:
                    pipeline.zadd(key, dict(times), gt=True)
                    pipeline.zremrangebyscore(key, "-inf", now - kept_s)
            await ask(pipeline.execute())

    async def channels(self) -> list[str]:
        """Return the known channels as team:channel, the one heard of last first."""
        return [text_of(name) for name in await ask(self._redis.zrevrange(self._channels, 0, -1))]

    async def threads(self) -> list[str]:
        """Return the conversations of the last day, the one heard of last first."""
        return [text_of(name) for name in await ask(self._redis.zrevrange(self._threads, 0, -1))]

    async def epoch(self) -> tuple[str | None, bool]:
        """Return what Redis has for as long as it loses nothing, and whether new jobs are held back."""
        epoch, hold, *others = await ask(self._redis.mget(self._epoch, self._hold, *self._along))
        for tell, value in zip(self._along.values(), others, strict=True):
            tell(value)
        return (None if epoch is None else text_of(epoch)), hold is not None

    async def kept(self, messages: Iterable[str]) -> tuple[str | None, frozenset[str]]:
        """Return Redis's epoch and, of these message ids, those that the inbox knows, at one moment."""
        ids = list(messages)
        epoch, *seen = await ask(
            self._redis.mget(self._epoch, *(f"{self._prefix}seen:{message_key(name)}" for name in ids))
        )
        found = frozenset(name for name, value in zip(ids, seen, strict=True) if value is not None)
        return None if epoch is None else text_of(epoch), found

    async def in_work(self, conversation: str) -> bool:
        """Tell whether a conversation has a job."""
        return bool(await ask(self._redis.exists(f"{self._prefix}job:{conversation}")))

    async def add(self, gap: Gap) -> str:
        """Keep a gap until somebody has looked into it, and return its name."""
        name = f"{gap.why}:{uuid.uuid4().hex[:8]}"
        await self.put_off(name, gap)
        return name

    async def put_off(self, name: str, gap: Gap) -> None:
        """Keep a gap under a name that it has already."""
        await ask(self._redis.hset(self._gaps, name, json.dumps(asdict(gap))))

    async def gaps(self) -> dict[str, Gap]:
        """Return the gaps that nobody has looked into."""
        found = await ask(self._redis.hgetall(self._gaps))
        return {text_of(name): Gap(**json.loads(value)) for name, value in found.items()}

    async def close(self, names: Iterable[str]) -> None:
        """Take out gaps that were looked into."""
        await ask(self._redis.hdel(self._gaps, *names))

    async def lock(self, token: str, seconds: float) -> bool:
        """Become the one process that catches up, or stay it."""
        if await ask(self._redis.set(self._lock, token, nx=True, px=int(seconds * 1000))):
            return True
        holder = await ask(self._redis.get(self._lock))
        if holder is None or text_of(holder) != token:
            return False
        return bool(await ask(self._redis.pexpire(self._lock, int(seconds * 1000))))

    async def unlock(self, token: str) -> None:
        """Let another process catch up."""
        holder = await ask(self._redis.get(self._lock))
        if holder is not None and text_of(holder) == token:
            await ask(self._redis.delete(self._lock))
