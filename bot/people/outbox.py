"""What is still to be told to the help desk, in Redis: in order within a conversation, until it was taken.

{bot}:desk:due             conversation -> when its first notice is sent next, by the server's clock in ms
{bot}:desk:box:<conv>      its notices, oldest first, each with its name
{bot}:desk:try:<conv>      of the first one: how often it was sent, since when, and by whom it is being sent
{bot}:desk:said:<notice>   there for 30 days once a notice was put in: it is put in once
{bot}:desk:lost            what was given up, newest first, without anybody's words
{bot}:desk:gone            where nothing is sent any more, since it answered 410
{bot}:desk:health          when it was last sent to, and whether it took that
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from bot.people.notices import Notice, change_notice
from bot.people.store import KEEP_S, Handoff
from graph.state_store import ask, text_of

_P = "{bot}:desk:"
_DUE, _LOST, _GONE, _HEALTH = f"{_P}due", f"{_P}lost", f"{_P}gone", f"{_P}health"
BOX_S = 7 * 86_400
MOST_LOST = 1000
LOST_S = 3600.0
"""How long ago a notice was given up that still counts for the alarm."""

_SHARED = r"""
local P = '{bot}:desk:'
local function now()
  local read = redis.call('TIME')
  return read[1] * 1000 + math.floor(read[2] / 1000)
end
local function next_of(conversation)
  if redis.call('EXISTS', P .. 'box:' .. conversation) == 1 then
    redis.call('ZADD', P .. 'due', string.format('%.0f', now()), conversation)
  else
    redis.call('ZREM', P .. 'due', conversation)
  end
  redis.call('DEL', P .. 'try:' .. conversation)
end
local function mine(conversation, token)
  return redis.call('HGET', P .. 'try:' .. conversation, 'token') == token
end
"""
_ADD = r"""
local P = '{bot}:desk:'
local conversation, name, line = ARGV[1], ARGV[2], ARGV[3]
if not redis.call('SET', P .. 'said:' .. name, 1, 'NX', 'EX', ARGV[4]) then return 0 end
redis.call('RPUSH', P .. 'box:' .. conversation, line)
redis.call('EXPIRE', P .. 'box:' .. conversation, ARGV[5])
local read = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'NX', read[1] .. string.format('%03d', math.floor(read[2] / 1000)), conversation)
return 1
"""
_TAKE = (
    _SHARED
    + r"""
while true do
  local at = string.format('%.0f', now())
  local conversation = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', at, 'LIMIT', 0, 1)[1]
  if not conversation then return false end
  local line = redis.call('LINDEX', P .. 'box:' .. conversation, 0)
  if line then
    local try = P .. 'try:' .. conversation
    redis.call('ZADD', KEYS[1], string.format('%.0f', now() + tonumber(ARGV[1])), conversation)
    redis.call('HSET', try, 'token', ARGV[2])
    redis.call('EXPIRE', try, ARGV[3])
    return {conversation, line, redis.call('HINCRBY', try, 'tries', 1)}
  end
  next_of(conversation)
end
"""
)
_DONE = (
    _SHARED
    + r"""
if not mine(ARGV[1], ARGV[2]) then return 0 end
redis.call('LPOP', P .. 'box:' .. ARGV[1])
if ARGV[3] ~= '' then
  redis.call('LPUSH', P .. 'lost', ARGV[3])
  redis.call('LTRIM', P .. 'lost', 0, tonumber(ARGV[4]) - 1)
end
next_of(ARGV[1])
return 1
"""
)
_LATER = (
    _SHARED
    + r"""
if not mine(ARGV[1], ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], string.format('%.0f', now() + tonumber(ARGV[3])), ARGV[1])
return 1
"""
)


@dataclass(frozen=True, slots=True)
class Taken:
    """A notice that this process sends now."""

    conversation: str
    notice: Notice
    tries: int
    """Counted from 1."""
    token: str

    @property
    def handoff(self) -> str:
        """The name of the handoff that it is about."""
        return str(json.loads(self.notice.body)["data"]["id"])


class Outbox:
    """What is to be sent; every method but `add` raises StateError when Redis fails."""

    def __init__(self, redis: Redis) -> None:
        self._redis: Any = redis  # its stubs are for the blocking and the async client at once

    def add_change(self, pipeline: Any, handoff: Handoff) -> None:
        """Put in how a handoff stands, once, with what else a pipeline does."""
        self._add(pipeline, handoff.conversation, change_notice(handoff))

    async def add(self, conversation: str, notice: Notice) -> None:
        """Put a notice in, once."""
        await ask(self._add(self._redis, conversation, notice))

    @staticmethod
    def _add(client: Any, conversation: str, notice: Notice) -> Any:
        line = json.dumps([notice.name, notice.body])
        return client.eval(_ADD, 1, _DUE, conversation, notice.name, line, KEEP_S, BOX_S)

    async def take(self, lease_s: float, token: str) -> Taken | None:
        """Return what is to be sent now, which is nobody else's for so long; None where nothing is due."""
        found = await ask(self._redis.eval(_TAKE, 1, _DUE, int(lease_s * 1000), token, BOX_S))
        if not found:
            return None
        name, body = json.loads(text_of(found[1]))
        return Taken(text_of(found[0]), Notice(name, body), int(found[2]), token)

    async def done(self, taken: Taken) -> None:
        """Take out what was sent."""
        await ask(self._redis.eval(_DONE, 1, _DUE, taken.conversation, taken.token, "", MOST_LOST))

    async def later(self, taken: Taken, delay_s: float) -> None:
        """Have it sent again after a while; what came after it in its conversation waits behind it."""
        arguments = (taken.conversation, taken.token, int(delay_s * 1000))
        await ask(self._redis.eval(_LATER, 1, _DUE, *arguments))

    async def give_up(self, taken: Taken, why: str) -> None:
        """Take out what could not be sent, and note that."""
        read = json.loads(taken.notice.body)
        lost = {
            "notice": taken.notice.name, "type": read["type"], "handoff": read["data"]["id"], "why": why,
            "tries": taken.tries, "at": time.time(),
        }  # fmt: skip
        told = json.dumps(lost)
        await ask(self._redis.eval(_DONE, 1, _DUE, taken.conversation, taken.token, told, MOST_LOST))

    async def lost(self) -> int:
        """Count the notices that were given up lately."""
        since, count = time.time() - LOST_S, 0
        for told in await ask(self._redis.lrange(_LOST, 0, 99)):
            if json.loads(told)["at"] < since:
                break
            count += 1
        return count

    async def waiting(self) -> int:
        """Count the conversations of which something is still to be sent."""
        return int(await ask(self._redis.zcard(_DUE)))

    async def note_gone(self, where: str) -> None:
        """Note that nothing is to be sent there any more."""
        await ask(self._redis.set(_GONE, where))

    async def is_gone(self, where: str) -> bool:
        """Tell whether nothing is to be sent there any more."""
        found = await ask(self._redis.get(_GONE))
        return found is not None and text_of(found) == where

    async def come_back(self) -> None:
        """Have everything sent again."""
        await ask(self._redis.delete(_GONE))

    async def note_health(self, *, took: bool) -> None:
        """Note whether the help desk took what it was sent just now."""
        await ask(self._redis.hset(_HEALTH, mapping={"took": int(took), "at": f"{time.time():.3f}"}))

    async def took_at(self) -> float:
        """Return when the help desk took what it was sent last; 0 where it did not take it."""
        took, at = await ask(self._redis.hmget(_HEALTH, ["took", "at"]))
        return float(at) if took is not None and text_of(took) == "1" else 0.0

    async def first_within(self, seconds: float, what: str) -> bool:
        """Tell whether this process is the first within so many seconds to do something."""
        return bool(await ask(self._redis.set(f"{_P}turn:{what}", 1, nx=True, px=int(seconds * 1000))))

    async def forget(self, *, customer: str | None, conversation: str | None) -> int:
        """Erase what is still to be sent of a customer or a conversation; return how many notices."""
        erased = 0
        for name in [text_of(found) for found in await ask(self._redis.zrange(_DUE, 0, -1))]:
            lines = await ask(self._redis.lrange(f"{_P}box:{name}", 0, -1))
            notices = [json.loads(json.loads(line)[1]) for line in lines]
            theirs = any(notice["data"].get("customer") == customer for notice in notices)
            if name == conversation or (customer and theirs):
                erased += len(lines)
                await ask(self._redis.delete(f"{_P}box:{name}", f"{_P}try:{name}"))
                await ask(self._redis.zrem(_DUE, name))
        return erased
