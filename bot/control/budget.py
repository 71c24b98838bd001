"""What models may cost in a day (UTC), counted by all processes together.

{bot}:spent:<day>     billionths of a dollar that calls of the day have cost
{bot}:calls           calls under way -> when they must be over
{bot}:calls-worst     the same calls -> their day and what they cost at most

Calls under way count at their worst until it is known what they cost, and so do those whose process died. So
a day's budget is passed by no more than the calls that began in the moment in which it was reached.
"""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from redis.asyncio import Redis

from graph.allowance import Allowance
from graph.errors import StateError
from graph.state_store import ask

log = structlog.get_logger()

NANO = 1_000_000_000
"""Money is counted in whole billionths of a dollar: sums of floats drift."""
NEARLY = 0.9
"""From this share of the budget on no larger tier is asked."""
ALARM = 0.8
OVER_S = 120
"""After this no call is under way any more, whatever became of its process."""
CALLS = "{bot}:calls"
KEEP_S = 8 * 86_400

_SHARED = """
local calls, worst = '{bot}:calls', '{bot}:calls-worst'
local function add(day, amount)
  redis.call('INCRBY', '{bot}:spent:' .. day, amount)
  redis.call('EXPIRE', '{bot}:spent:' .. day, KEEP_S)
end
""".replace("KEEP_S", str(KEEP_S))
_SPENT = (
    _SHARED
    + """
for _, name in ipairs(redis.call('ZRANGEBYSCORE', calls, '-inf', ARGV[2])) do
  local day, amount = string.match(redis.call('HGET', worst, name) or '', '^(%S+) (%d+)$')
  if day then add(day, amount) end
  redis.call('ZREM', calls, name)
  redis.call('HDEL', worst, name)
end
local reserved = 0
for _, held in ipairs(redis.call('HVALS', worst)) do
  local day, amount = string.match(held, '^(%S+) (%d+)$')
  if day == ARGV[1] then reserved = reserved + tonumber(amount) end
end
return {redis.call('GET', '{bot}:spent:' .. ARGV[1]) or '0', string.format('%.0f', reserved)}
"""
)
"""day, now; gives what is spent, and what calls under way may still cost."""
_END = (
    _SHARED
    + """
redis.call('HDEL', worst, ARGV[2])
if redis.call('ZREM', calls, ARGV[2]) == 1 then add(ARGV[1], ARGV[3]) end
"""
)
"""day, the call's name, its cost; one that was counted at its worst already is left at that."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A day's dollars; graph/allowance.py has what each method promises."""

    redis: Redis
    usd: float
    clock: Callable[[], float] = time.time

    async def spent_usd(self) -> float:
        """Return what the calls of today have cost; raises StateError."""
        return (await self._counted())[0]

    async def share(self) -> float:
        """Return how much of the budget is spent: 1.0 is all of it."""
        return self._share(await self.spent_usd())

    async def allowance(self) -> Allowance:
        """Allow all tiers, above 90 % the smallest one, and none once the budget is spent.

        Calls under way count at their worst, so that many at once do not pass it together.
        """
        share = self._share(sum(await self._counted()))
        if share >= 1:
            return "none"
        return "smallest" if share >= NEARLY else "all"

    def _share(self, usd: float) -> float:
        return usd / self.usd if self.usd > 0 else 1.0

    async def _counted(self) -> tuple[float, float]:
        spent, reserved = await ask(self._client.eval(_SPENT, 1, CALLS, self._day(), f"{self.clock():.3f}"))
        return int(spent) / NANO, int(reserved) / NANO

    async def begin(self, worst_usd: float) -> str:
        """Note a call; its name holds the day that it counts for."""
        name, ends = f"{self._day()} {uuid.uuid4().hex}", self.clock() + OVER_S
        amount = math.ceil(worst_usd * NANO)
        async with self._client.pipeline(transaction=True) as pipeline:
            pipeline.hset("{bot}:calls-worst", name, f"{self._day()} {amount}")
            pipeline.zadd(CALLS, {name: ends})
            await ask(pipeline.execute())
        return name

    async def end(self, name: str, cost_usd: float) -> None:
        """Count what a call has cost, in place of what it might have."""
        day, amount = name.partition(" ")[0], math.ceil(cost_usd * NANO)
        try:
            await ask(self._client.eval(_END, 1, CALLS, day, name, amount))
        except StateError as error:
            log.warning("budget.not_counted", why=str(error))

    def _day(self) -> str:
        return datetime.fromtimestamp(self.clock(), UTC).date().isoformat()

    @property
    def _client(self) -> Any:
        return self.redis  # its stubs are for the blocking and the async client at once
