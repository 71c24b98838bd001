"""The inbox's scripts as calls: one round trip each."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError, ResponseError

from bot.inbox import held, mending, scripts
from bot.keys import PREFIX
from graph.state_store import ask

_SCRIPTS = {
    "put": scripts.PUT,
    "edit": scripts.EDIT,
    "stop": scripts.STOP,
    "take": scripts.TAKE,
    "keep_early": scripts.KEEP_EARLY,
    "remember": scripts.REMEMBER,
    "mend": mending.MEND,
    "free": mending.FREE,
    "lift": mending.LIFT,
    "lost": mending.LOST,
    "held_for": mending.HELD_FOR,
    "renew": held.RENEW,
    "begin": held.BEGIN,
    "unbegin": held.UNBEGIN,
    "note": held.NOTE,
    "finish": held.FINISH,
    "retry": held.RETRY,
    "restore": held.RESTORE,
    "beat": held.BEAT,
    "stats": held.STATS,
}

_SEEN_MS = 24 * 3600 * 1000
"""Longer than Slack sends anything again, and than the history that is caught up with."""

_EARLY_MS = 15 * 60 * 1000
_EDITED_MS = 60 * 1000
"""By how much an edit may overtake its message."""
_HOLD_MS = 60 * 1000
"""Beyond two leases: after that, customers wait no longer for what had been answered to be known."""
_PASSED_MS = 10 * 60 * 1000
"""By how much a reply may overtake what makes its thread one of ours: Slack tries for six minutes."""
_CLOCKS_MS = 2000
"""By how much Slack's clock and the server's may disagree."""
_SPLIT_FROM = 3
_NOBODY_CAN = 3
"""Deliveries of a dead job, after which no process is bothered with it any more."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the scripts go by."""

    lease_s: float
    most: int
    most_bytes: int
    deliveries: int
    keep_days: float
    keep_text_s: float = 30 * 86_400.0
    """How long dead items are kept: they hold what customers wrote."""

    @property
    def keep_ms(self) -> int:
        """How long threads and answers are known, in milliseconds."""
        return int(self.keep_days * 24 * 3600 * 1000)

    def as_lua(self) -> str:
        """Write them as the local variables that the scripts read."""
        values = {
            "LEASE_MS": int(self.lease_s * 1000),
            "MOST": self.most,
            "MOST_BYTES": self.most_bytes,
            "DEAD_AFTER": self.deliveries + _NOBODY_CAN,
            "KEEP_MS": self.keep_ms,
            "DEAD_MS": min(self.keep_ms, int(self.keep_text_s * 1000)),
            "SEEN_MS": _SEEN_MS,
            "EARLY_MS": _EARLY_MS,
            "EDITED_MS": _EDITED_MS,
            "SPLIT_FROM": _SPLIT_FROM,
            "HOLD_MS": int(self.lease_s * 2000) + _HOLD_MS,
            "CLOCKS_MS": _CLOCKS_MS,
            "PASSED_MS": _PASSED_MS,
        }
        return f"local {', '.join(values)} = {', '.join(map(str, values.values()))}\n"


class Calls:
    """Runs the scripts by name; raises StateError when Redis fails."""

    def __init__(self, redis: Redis, limits: Limits, prefix: str = PREFIX) -> None:
        self.limits = limits
        self._due = prefix + scripts.DUE
        head = f"local P = '{prefix}'\n{limits.as_lua()}{scripts.SHARED}"
        self._redis: Any = redis
        self._scripts = {name: self._redis.register_script(head + body) for name, body in _SCRIPTS.items()}

    async def load(self) -> None:
        """Send all scripts to the server in one go."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for script in self._scripts.values():
                pipeline.script_load(script.script)
            await ask(pipeline.execute())

    async def run(self, name: str, *arguments: str | float) -> Any:
        """Run a script; a server that does not have it yet is given it."""
        return await ask(_plain(self._scripts[name](keys=[self._due], args=arguments)))


async def _plain(reply: Awaitable[Any]) -> Any:
    """Await a script's reply; older servers wrap the error that a command in it met."""
    try:
        return await reply
    except ResponseError as error:
        if "OOM command not allowed" in str(error):
            raise OutOfMemoryError(str(error)) from error
        raise
