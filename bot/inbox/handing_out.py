"""The inbox's Lua for handing out: what waits becomes a job, is split, or is buried in the end."""

from __future__ import annotations

HANDING_OUT = r"""
local function bury(thread, why, at)
  for _, line in ipairs(lines_of(redis.call('HGET', P .. 'job:' .. thread, 'members'))) do
    local item = string.match(line, '^[^\t]*\t[^\t]*\t[^\t]*\t[^\t]*\t(.*)$')
    redis.call('LPUSH', P .. 'dead', '{"at":' .. int(at) .. ',"why":' .. cjson.encode(why)
      .. ',"thread":' .. cjson.encode(thread) .. ',"item":' .. item .. '}')
  end
  redis.call('LTRIM', P .. 'dead', 0, 999)
  -- Newest first.
  local last = redis.call('LINDEX', P .. 'dead', -1)
  while last do
    local buried = tonumber(string.match(last, '^{"at":(%d+)') or 0)
    if buried > at - DEAD_MS then break end
    redis.call('RPOP', P .. 'dead')
    last = redis.call('LINDEX', P .. 'dead', -1)
  end
  redis.call('PEXPIRE', P .. 'dead', DEAD_MS)
end

local function freeze(thread)
  local lines, size = {}, 0
  for _, line in ipairs(redis.call('LRANGE', P .. 'box:' .. thread, 0, MOST - 1)) do
    local merges = string.sub(line, 1, 1) == 'm'
    size = size + #line
    if #lines > 0 and (not merges or size > MOST_BYTES) then break end
    lines[#lines + 1] = line
    if not merges then break end
  end
  if #lines == 0 then return false end
  local _, id = head(lines[1])
  redis.call('LTRIM', P .. 'box:' .. thread, #lines, -1)
  redis.call('HSET', P .. 'job:' .. thread, 'turn', id, 'members', table.concat(lines, '\n'))
  -- A message that was first in an earlier set may be first again: what that came to is another revision's.
  local split = redis.call('GET', P .. 'split:' .. thread)
  if split then
    redis.call('HSET', P .. 'job:' .. thread, 'revision', split)
    if redis.call('EXISTS', P .. 'box:' .. thread) == 0 then redis.call('DEL', P .. 'split:' .. thread) end
  end
  return true
end

-- One of several items may be what breaks every attempt: the others shall not share its fate.
local function split(thread)
  local job = P .. 'job:' .. thread
  local lines = lines_of(redis.call('HGET', job, 'members'))
  if #lines < 2 then return end
  for i = #lines, 2, -1 do redis.call('LPUSH', P .. 'box:' .. thread, lines[i]) end
  redis.call('HSET', job, 'members', lines[1])
  -- What it had come to was about all of them.
  redis.call('SET', P .. 'split:' .. thread, redis.call('HINCRBY', job, 'revision', 1), 'PX', SEEN_MS)
end

-- At least the time, so that it still rises where the server lost what it counted.
local function next_fence(at)
  local fence = redis.call('INCR', P .. 'fence')
  if fence >= at then return fence end
  redis.call('SET', P .. 'fence', int(at))
  return at
end

local function hold(thread, at)
  local job = P .. 'job:' .. thread
  redis.call('ZREM', DUE, thread)
  if redis.call('EXISTS', job) == 0 and not freeze(thread) then return false end
  local deliveries = redis.call('HINCRBY', job, 'deliveries', 1)
  if deliveries > DEAD_AFTER then
    bury(thread, 'handed out too often', at)
    redis.call('DEL', job)
    if redis.call('EXISTS', P .. 'box:' .. thread) == 1 then enqueue(thread, at) end
    return false
  end
  if deliveries >= SPLIT_FROM then split(thread) end
  redis.call('HSET', job, 'fence', int(next_fence(at)))
  redis.call('ZADD', DUE, int(at + LEASE_MS), thread)
  return {thread, redis.call('HGETALL', job)}
end
"""
