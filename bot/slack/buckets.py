"""Token buckets: how many of what there are, the shared ones in one Lua, and those of one process alone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

PREFIX = "{bot}:limit:"

TAKE = """
local now = redis.call('TIME')
now = now[1] * 1000 + now[2] / 1000
local function look(i)
  local rate, size = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local kept = redis.call('HMGET', KEYS[i], 'tokens', 'at', 'closed')
  local at = tonumber(kept[2]) or now
  local tokens = math.min(size, (tonumber(kept[1]) or size) + math.max(0, now - at) * rate)
  local wait = math.max(0, (tonumber(kept[3]) or 0) - now, (1 - tokens) / rate)
  return tokens, wait, rate, size
end
local first, longest = 1, 0
for group = 2 * #KEYS + 1, #ARGV do
  local last = first + ARGV[group] - 1
  longest = 0
  for i = first, last do
    local _, wait = look(i)
    longest = math.max(longest, wait)
  end
  if longest == 0 then
    for i = first, last do
      local tokens, _, rate, size = look(i)
      local left = string.format('%.6f', tokens - 1)
      redis.call('HSET', KEYS[i], 'tokens', left, 'at', string.format('%.3f', now))
      redis.call('PEXPIRE', KEYS[i], math.ceil(size / rate) + 1000)
    end
    return {group - 2 * #KEYS, 0}
  end
  first = last + 1
end
return {0, math.ceil(longest)}
"""
"""Take a token of each bucket of the first group in which all have one; else say in how many ms the last has.

KEYS: the buckets. ARGV: rate (a ms) and size of each, then how many buckets each group has.
"""

CLOSE = """
local now = redis.call('TIME')
now = now[1] * 1000 + now[2] / 1000
local closed = math.max(now + tonumber(ARGV[1]), tonumber(redis.call('HGET', KEYS[1], 'closed') or '0'))
local at = string.format('%.3f', closed)
redis.call('HSET', KEYS[1], 'tokens', '1', 'at', at, 'closed', at)
redis.call('PEXPIRE', KEYS[1], math.ceil(closed - now + tonumber(ARGV[2])) + 1000)
return 0
"""
"""Close a bucket for ARGV[1] ms; it opens with one token and fills from there, within ARGV[2] ms."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """One limit of Slack's: so many calls of a kind at once, and so many a second from then on."""

    name: str
    rate: float
    """Tokens a second."""
    size: float

    @property
    def key(self) -> str:
        """Where Redis keeps it."""
        return PREFIX + self.name

    @property
    def filled_s(self) -> float:
        """Seconds from empty to full."""
        return self.size / self.rate


Group = Sequence[Bucket]
"""Buckets of which a call needs a token each."""


def arguments(groups: Sequence[Group]) -> tuple[list[str], list[float | int]]:
    """Return the KEYS and ARGV of TAKE."""
    buckets = [bucket for group in groups for bucket in group]
    figures = [figure for bucket in buckets for figure in (bucket.rate / 1000, bucket.size)]
    return [bucket.key for bucket in buckets], [*figures, *map(len, groups)]


@dataclass(slots=True)
class _Level:
    tokens: float
    at: float
    closed: float = 0.0


class LocalBuckets:
    """The same as TAKE and CLOSE for one process, while Redis is away."""

    def __init__(self) -> None:
        self._levels: dict[str, _Level] = {}

    def take(self, groups: Sequence[Group]) -> tuple[int, float]:
        """Return (number of the group of which tokens were taken, from 1; seconds): (0, seconds) for none."""
        now, longest = time.monotonic(), 0.0
        for number, group in enumerate(groups, 1):
            longest = max(self._wait(bucket, now) for bucket in group)
            if longest == 0:
                for bucket in group:
                    self._level(bucket, now).tokens -= 1
                return number, 0.0
        return 0, longest

    def close(self, bucket: Bucket, seconds: float) -> None:
        """Close a bucket for so many seconds; it opens with one token."""
        now = time.monotonic()
        level = self._level(bucket, now)
        level.closed = max(level.closed, now + seconds)
        level.tokens, level.at = 1.0, level.closed

    def closed(self, bucket: Bucket) -> float:
        """Return for how many seconds a bucket is still closed."""
        level = self._levels.get(bucket.name)
        return max(0.0, level.closed - time.monotonic()) if level else 0.0

    def _wait(self, bucket: Bucket, now: float) -> float:
        level = self._level(bucket, now)
        return max(0.0, level.closed - now, (1 - level.tokens) / bucket.rate)

    def _level(self, bucket: Bucket, now: float) -> _Level:
        self._forget(now)
        level = self._levels.setdefault(bucket.name, _Level(bucket.size, now))
        if now > level.at:
            level.tokens = min(bucket.size, level.tokens + (now - level.at) * bucket.rate)
            level.at = now
        return level

    def _forget(self, now: float) -> None:
        if len(self._levels) > _MOST:
            self._levels = {name: level for name, level in self._levels.items() if level.at > now - _IDLE_S}


_MOST = 1000
_IDLE_S = 600.0
