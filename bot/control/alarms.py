"""What the team must hear of, once when it begins and once when it is over, whichever process sees it.

{bot}:alarm:<kind>        on, what was told, and until when a process is telling it
{bot}:alarm-seen:<name>   a model that a process found failing within the last minute; it is everybody's model

Before the first stands the tenant, where there is one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from redis.asyncio import Redis

from bot.keys import prefix_of
from bot.people.store import OPEN, Handoff
from graph.state_store import ask, text_of

Kind: TypeAlias = Literal["paused", "vendor", "dead", "unclaimed", "budget", "help_desk"]
KINDS: tuple[Kind, ...] = ("paused", "vendor", "dead", "unclaimed", "budget", "help_desk")

UNCLAIMED_S = 3600.0
"""A card that nobody has taken for so long is everybody's business."""
MANY, MANY_S = 5, 900.0
"""So are so many cards at once that are older than this."""
DEAD_S = 3600.0
"""How long ago a message was given up that still counts."""
SEEN_S = 60
TELLING_S = 60.0
"""After this a process that wanted to tell something has died over it."""
AGAIN_S = 30.0
"""When is tried again what could not be posted."""

_CHANGES = """
local on = redis.call('HGET', KEYS[1], 'on') or '0'
local busy = tonumber(redis.call('HGET', KEYS[1], 'until') or 0)
if on == ARGV[1] or busy > tonumber(ARGV[2]) then return false end
redis.call('HSET', KEYS[1], 'until', ARGV[3])
return redis.call('HGET', KEYS[1], 'told') or ''
"""
"""Whether it is to be on, now, until when this process is telling it; gives what was told when it began."""


@dataclass(frozen=True, slots=True)
class News:
    """Something that begins, or is over; `values` are what the sentence about it holds."""

    kind: Kind
    on: bool
    values: Mapping[str, str] = field(default_factory=dict)


class Alarms:
    """Which alarms are on; every method raises StateError when Redis fails."""

    def __init__(self, redis: Redis, tenant: str = "") -> None:
        self._redis: Any = redis  # its stubs are for the blocking and the async client at once
        self._prefix = prefix_of(tenant)

    def _key(self, kind: Kind) -> str:
        return f"{self._prefix}alarm:{kind}"

    async def report_failing(self, names: Iterable[str]) -> frozenset[str]:
        """Say which models fail in this process, and return those that fail in any."""
        for name in names:
            await ask(self._redis.set(f"{{bot}}:alarm-seen:{name}", 1, ex=SEEN_S))
            await ask(self._redis.sadd("{bot}:alarm-names", name))
        known = sorted(text_of(name) for name in await ask(self._redis.smembers("{bot}:alarm-names")))
        if not known:
            return frozenset()
        seen = await ask(self._redis.mget([f"{{bot}}:alarm-seen:{name}" for name in known]))
        return frozenset(name for name, value in zip(known, seen, strict=True) if value is not None)

    async def dead(self) -> int:
        """Count the messages that were given up lately."""
        since, count = (time.time() - DEAD_S) * 1000, 0
        for told in await ask(self._redis.lrange(f"{self._prefix}dead", 0, 99)):
            if json.loads(told)["at"] < since:
                break
            count += 1
        return count

    async def news(self, found: Mapping[Kind, Mapping[str, str]]) -> list[News]:
        """Return what this process is to tell: of kinds in `found` that they began, of others their end.

        Whoever gets it has a minute to tell it, and says `told` or `untold`.
        """
        news: list[News] = []
        now = time.time()
        for kind in KINDS:
            on = kind in found
            arguments = (int(on), f"{now:.3f}", f"{now + TELLING_S:.3f}")
            before = await ask(self._redis.eval(_CHANGES, 1, self._key(kind), *arguments))
            if before is not None:
                values = found[kind] if on else json.loads(text_of(before) or "{}")
                news.append(News(kind, on, values))
        return news

    async def told(self, news: News) -> None:
        """Note that it was told."""
        key = self._key(news.kind)
        if not news.on:
            await ask(self._redis.delete(key))
            return
        kept = {"on": "1", "told": json.dumps(dict(news.values)), "until": "0", "since": f"{time.time():.3f}"}
        await ask(self._redis.hset(key, mapping=kept))

    async def untold(self, news: News) -> None:
        """Note that it could not be told now."""
        await ask(self._redis.hset(self._key(news.kind), "until", f"{time.time() + AGAIN_S:.3f}"))

    async def on(self) -> dict[Kind, Mapping[str, str]]:
        """Return the alarms that are on, with what was told of them."""
        found: dict[Kind, Mapping[str, str]] = {}
        for kind in KINDS:
            on, told = await ask(self._redis.hmget(self._key(kind), ["on", "told"]))
            if on is not None:
                found[kind] = json.loads(text_of(told))
        return found


def unclaimed(
    handoffs: Iterable[Handoff],
    now: float,
    between: Callable[[float, float], float] = lambda begin, end: end - begin,
) -> tuple[int, int] | None:
    """Return how many cards wait too long, and how many minutes the oldest; None where none does.

    `between` counts the seconds between two times, as those in which somebody was there.
    """
    waits = sorted((between(h.opened_at, now) for h in handoffs if h.state == OPEN), reverse=True)
    late = [wait for wait in waits if wait > UNCLAIMED_S]
    some = [wait for wait in waits if wait > MANY_S]
    if late or len(some) >= MANY:
        return len(late or some), int(waits[0] // 60)
    return None
