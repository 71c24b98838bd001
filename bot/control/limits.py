"""How many messages are answered a minute, an hour and a day: of one customer, and of a workspace.

{bot}:said:<customer>               the messages that were answered within a day, by when
{bot}:said-in:<workspace>:<window>  how many, in a window that begins on the minute, the hour or the day
{bot}:told:<customer>:<limit>       the message that was answered with the sentence, for a window
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from redis.asyncio import Redis

from graph.state_store import ask

Window: TypeAlias = Literal["minute", "hour", "day"]
SECONDS: dict[Window, int] = {"minute": 60, "hour": 3600, "day": 86_400}
PHRASES = ("rate_limit", "limit_hour", "limit_day")
EVERYBODY = "limit_everyone"

_COUNT = """
local who, where, now, id = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local said = '{bot}:said:' .. who
local lengths = {60, 3600, 86400}
if redis.call('ZSCORE', said, id) then return 0 end
redis.call('ZREMRANGEBYSCORE', said, '-inf', now - lengths[3])
local over = 0
for i = 3, 1, -1 do
  local most = tonumber(ARGV[4 + i])
  local since = '(' .. (now - lengths[i])
  if most > 0 and redis.call('ZCOUNT', said, since, '+inf') >= most then
    over = i
    break
  end
end
local counters = {}
for i = 3, 1, -1 do
  counters[i] = '{bot}:said-in:' .. where .. ':' .. i .. ':' .. math.floor(now / lengths[i])
  local most = tonumber(ARGV[7 + i])
  if over == 0 and most > 0 and tonumber(redis.call('GET', counters[i]) or 0) >= most then over = 3 + i end
end
if over == 0 then
  redis.call('ZADD', said, now, id)
  redis.call('EXPIRE', said, lengths[3])
  for i = 1, 3 do
    redis.call('INCR', counters[i])
    redis.call('EXPIRE', counters[i], lengths[i])
  end
  return 0
end
local told = '{bot}:told:' .. who .. ':' .. over
redis.call('SET', told, id, 'NX', 'EX', lengths[(over - 1) % 3 + 1])
return redis.call('GET', told) == id and over or -over
"""
"""customer, workspace, time, message, most of a customer a minute, hour and day, the same of a workspace;
gives 0, or the limit's number, negative where the customer was told of it before."""


@dataclass(frozen=True, slots=True)
class Most:
    """How many messages are answered in a window; 0 is without a limit."""

    minute: int = 0
    hour: int = 0
    day: int = 0

    @property
    def figures(self) -> tuple[int, int, int]:
        """The three of them, the shortest window first."""
        return self.minute, self.hour, self.day


@dataclass(frozen=True, slots=True)
class Over:
    """A limit that is passed."""

    phrase: str
    """Which sentence of phrases.md tells the customer."""
    told: bool
    """Whether the customer was told in this window already."""


@dataclass(frozen=True, slots=True)
class MessageLimits:
    """Counts messages for all processes; a message is counted once, however often it is asked about."""

    redis: Redis
    customer: Most = Most()
    workspace: Most = Most()
    clock: Callable[[], float] = time.time

    async def over(self, team: str, user: str, messages: Sequence[str]) -> Over | None:
        """Count messages of a customer that are to be answered; return the limit that they pass, or None.

        Those that pass one are not counted: what is limited is how many are answered. Raises StateError.
        """
        most = (*self.customer.figures, *self.workspace.figures)
        if not any(most):
            return None
        client: Any = self.redis  # its stubs are for the blocking and the async client at once
        passed: Over | None = None
        for message in messages:
            arguments = (f"{team}:{user}", team, f"{self.clock():.3f}", message, *most)
            number = int(await ask(client.eval(_COUNT, 1, "{bot}:said", *arguments)))
            if number:
                passed = Over(_phrase(abs(number)), told=number < 0 and (passed is None or passed.told))
        return passed


def _phrase(number: int) -> str:
    return PHRASES[number - 1] if number <= len(PHRASES) else EVERYBODY
