"""The switch that stops the bot: kept in Redis, read once a second by every process.

{bot}:paused            of whoever runs the bot: it holds for every tenant
{bot}:<tenant>:paused   of one tenant alone

Each maps a scope (a channel's id, or `*`) -> who paused it, when and why,
as JSON; `{}` once lifted.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import structlog
from redis.asyncio import Redis

from bot.keys import PREFIX, prefix_of
from bot.tasks import Background
from graph.errors import InputError, StateError
from graph.state_store import ask

log = structlog.get_logger()

KEY = f"{PREFIX}paused"
EVERYWHERE = "*"
LONGEST = 300
"""Characters of a reason: it stands in the team's cards."""

_CHANGE = """
-- Out of memory, Redis refuses a growing command only as a script's first write: a delete opens the way.
redis.call('DEL', '{bot}:none')
local all = cjson.decode(redis.call('GET', KEYS[1]) or '{}')
local before = all[ARGV[1]]
if ARGV[2] == '' then all[ARGV[1]] = nil else all[ARGV[1]] = cjson.decode(ARGV[2]) end
redis.call('SET', KEYS[1], cjson.encode(all))
return before and cjson.encode(before) or false
"""
"""Two people may change different channels at the same moment: neither may undo the other's."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Where the bot is stopped, by whom, since when (seconds since the epoch) and why."""

    scope: str
    by: str
    at: float
    reason: str


@dataclass(slots=True)
class Pauses:
    """The switch as this process knows it; what changes it raises StateError when Redis fails."""

    redis: Redis
    background: Background = field(default_factory=Background)
    tenant: str = ""
    above: Pauses | None = None
    """The switch of whoever runs the bot, where this one is a tenant's."""
    _pauses: Mapping[str, Pause] = field(default_factory=dict)

    def on(self, channel: str) -> Pause | None:
        """Return the pause that holds in a channel; None where the bot answers."""
        if self.above and (pause := self.above.on(channel)):
            return pause
        return self._pauses.get(EVERYWHERE) or self._pauses.get(channel)

    @property
    def key(self) -> str:
        """Where it is kept."""
        return f"{prefix_of(self.tenant)}paused"

    @property
    def all(self) -> tuple[Pause, ...]:
        """Everything that is paused, what is paused everywhere first."""
        own = tuple(self._pauses[scope] for scope in sorted(self._pauses))
        return (*self.above.all, *own) if self.above else own

    async def look(self) -> None:
        """Take over what Redis has."""
        self.saw(await ask(self._client.get(self.key)))

    def saw(self, raw: bytes | None) -> None:
        """Take over what was read; a switch that a flush took away is put back by whoever knows of it."""
        if raw is None and self._pauses:
            log.warning("pause.lost", scopes=sorted(self._pauses))
            self.background.run(self._put_back())
            return
        try:
            found = {scope: Pause(**told) for scope, told in dict(json.loads(raw or b"{}")).items()}
        except (ValueError, TypeError) as error:
            log.error("pause.broken", key=self.key, why=str(error))  # noqa: TRY400  # what stood before stays
            return
        if found != self._pauses:
            log.info("pause.changed", paused={scope: pause.by for scope, pause in found.items()})
        self._pauses = found

    async def pause(self, scope: str, by: str, reason: str) -> Pause | None:
        """Stop the bot in a channel or everywhere; return the pause that was in force there already.

        Raises InputError without a reason: whoever finds the bot silent must be told why.
        """
        words = " ".join(reason.encode("utf-8", "replace").decode().split())[:LONGEST]
        if not words:
            raise InputError("say why: the reason stands in each card that the pause leads to")
        return await self._change(scope, json.dumps(asdict(Pause(scope, by, time.time(), words))))

    async def resume(self, scope: str) -> Pause | None:
        """Lift the pause of a channel, or the one of everywhere; return it, or None where there was none."""
        return await self._change(scope, "")

    async def _change(self, scope: str, told: str) -> Pause | None:
        before = await ask(self._client.eval(_CHANGE, 1, self.key, scope, told))
        await self.look()
        return Pause(**json.loads(before)) if before else None

    async def _put_back(self) -> None:
        told = json.dumps({scope: asdict(pause) for scope, pause in self._pauses.items()})
        try:
            await ask(self._client.set(self.key, told, nx=True))
        except StateError as error:
            log.warning("redis.away", why=str(error))  # the next look finds it missing again

    @property
    def _client(self) -> Any:
        return self.redis  # its stubs are for the blocking and the async client at once
