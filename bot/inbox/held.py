"""The inbox's Lua for jobs that a process holds: each script changes nothing where the fence is another's."""

from __future__ import annotations

MINE = r"""
local function mine(thread, fence)
  local job = P .. 'job:' .. thread
  if redis.call('HGET', job, 'fence') == fence then return 'ok' end
  return redis.call('EXISTS', job) == 1 and 'lost' or 'gone'
end
"""

EPOCH = r"""
-- Whoever knew an epoch and finds none sees that everything was lost. A process that has just begun cannot
-- tell that from a first start: the others say so when they see another epoch than theirs.
local function epoch(fresh, knew)
  local made = redis.call('SET', P .. 'epoch', fresh .. ':' .. int(now()), 'NX')
  if made and knew == '1' then redis.call('SET', P .. 'hold', 1, 'PX', HOLD_MS) end
  return redis.call('GET', P .. 'epoch')
end
"""

FENCED = (
    MINE
    + r"""
local thread, fence = ARGV[1], ARGV[2]
local job = P .. 'job:' .. thread
local state = mine(thread, fence)
if state ~= 'ok' then return {state} end
local at = now()
"""
)
"""How a script begins whose first arguments are thread and fence."""

RENEW = (
    MINE
    + EPOCH
    + r"""
allow()
local due, replies = int(now() + LEASE_MS), {epoch(ARGV[1], ARGV[2])}
for i = 3, #ARGV, 2 do
  local state = mine(ARGV[i], ARGV[i + 1])
  if state == 'ok' then redis.call('ZADD', DUE, due, ARGV[i]) end
  replies[#replies + 1] = {state, redis.call('HGET', P .. 'job:' .. ARGV[i], 'stop')}
end
return replies
"""
)
"""a new epoch, whether one was known, thread and fence of each job; gives the epoch, then state and stop."""

BEGIN = (
    FENCED
    + r"""
allow()
redis.call('HSETNX', job, 'begun', int(at))
return {'ok', thread, redis.call('HGETALL', job)}
"""
)

UNBEGIN = (
    FENCED
    + r"""
allow()
redis.call('HDEL', job, 'begun')
for _, line in ipairs(redis.call('LRANGE', P .. 'box:' .. thread, 0, -1)) do
  if not joins(thread, line) then break end
  redis.call('LREM', P .. 'box:' .. thread, 1, line)
end
return {'ok', thread, redis.call('HGETALL', job)}
"""
)

NOTE = (
    FENCED
    + r"""
allow()
for i = 4, 3 + 2 * tonumber(ARGV[3]), 2 do redis.call('HSET', job, ARGV[i], ARGV[i + 1]) end
for i = 4 + 2 * tonumber(ARGV[3]), #ARGV, 2 do remember(ARGV[i], ARGV[i + 1], thread, at) end
return {'ok', thread, redis.call('HGETALL', job)}
"""
)
"""how many fields, each field and its value; each answer key and its value."""

FINISH = (
    FENCED
    + r"""
local take, dead, writes = ARGV[3], ARGV[4], tonumber(ARGV[5])
local kept, i = 1, 6
local does = {
  set = function(key, value, expires) return redis.pcall('SET', key, value, 'PXAT', expires) end,
  zadd = function(key, score, member) return redis.pcall('ZADD', key, score, member) end,
  zremrangebyscore = function(key, most) return redis.pcall('ZREMRANGEBYSCORE', key, '-inf', most) end,
}
-- Before the first delete, so that out of memory these are refused, and they alone.
for _ = 1, writes do
  local reply = does[ARGV[i]](ARGV[i + 1], ARGV[i + 2], ARGV[i + 3])
  if type(reply) == 'table' and reply.err then
    kept = 0
    break
  end
  i = i + 4
end
if dead ~= '' then bury(thread, dead, at) end
redis.call('DEL', job)
for j = 6 + 4 * writes, #ARGV, 2 do remember(ARGV[j], ARGV[j + 1], thread, at) end
redis.call('SET', P .. 'known:' .. thread, 1, 'PX', KEEP_MS)
redis.call('ZREM', DUE, thread)
if redis.call('EXISTS', P .. 'box:' .. thread) == 0 then return {'ok', kept} end
redis.call('ZADD', DUE, int(at), thread)
return {'ok', kept, take == '1' and begins(thread) and hold(thread, at)}
"""
)
"""whether to take the next, why it is dead or nothing, how many writes, four arguments each; answers."""

RETRY = (
    FENCED
    + r"""
allow()
redis.call('HSET', job, 'fence', '')
redis.call('HINCRBY', job, 'deliveries', ARGV[4])
redis.call('ZADD', DUE, int(at + tonumber(ARGV[3])), thread)
return {'ok'}
"""
)
"""ms to wait, what to add to the deliveries."""

RESTORE = (
    MINE
    + r"""
local thread, fence, fields = ARGV[1], ARGV[2], 2 * tonumber(ARGV[3])
local job, box, at = P .. 'job:' .. thread, P .. 'box:' .. thread, now()
local state = mine(thread, fence)
if state ~= 'gone' then return state end
allow()
for i = 4, 3 + fields, 2 do redis.call('HSET', job, ARGV[i], ARGV[i + 1]) end
redis.call('HSET', job, 'fence', fence)
local ours = {}
for _, line in ipairs(lines_of(redis.call('HGET', job, 'members'))) do
  local _, id = head(line)
  ours[id] = true
end
for _, line in ipairs(redis.call('LRANGE', box, 0, -1)) do
  local _, id = head(line)
  if ours[id] then redis.call('LREM', box, 1, line) end
end
if tonumber(redis.call('GET', P .. 'fence') or 0) < tonumber(fence) then
  redis.call('SET', P .. 'fence', fence)
end
see(4 + fields)
redis.call('SET', P .. 'known:' .. thread, 1, 'PX', KEEP_MS)
redis.call('ZADD', DUE, int(at + LEASE_MS), thread)
return 'ok'
"""
)
"""thread, fence, how many fields, each field and its value, keys to be seen."""

BEAT = (
    EPOCH
    + r"""
local at, workers = now(), P .. 'workers'
redis.call('ZREMRANGEBYSCORE', workers, '-inf', int(at - 10 * LEASE_MS))
if ARGV[2] ~= '' then redis.call('ZADD', workers, int(at), ARGV[2]) end
return {epoch(ARGV[1], ARGV[3]), redis.call('ZCOUNT', workers, int(at - 2 * LEASE_MS), '+inf')}
"""
)
"""a new epoch, the process or nothing, whether one was known; gives the epoch and the processes seen."""

STATS = r"""
local at, waiting, leased, delayed, oldest = now(), 0, 0, 0, now()
local due = redis.call('ZRANGE', DUE, 0, 999, 'WITHSCORES')
for i = 1, #due, 2 do
  local box, job = P .. 'box:' .. due[i], redis.call('HMGET', P .. 'job:' .. due[i], 'fence', 'members')
  local held = tonumber(due[i + 1]) > at
  waiting = waiting + redis.call('LLEN', box)
  if held and job[1] ~= '' then leased = leased + 1 elseif held then delayed = delayed + 1 end
  local first = not (held and job[1] ~= '') and lines_of(job[2])[1] or redis.call('LINDEX', box, 0)
  local _, _, received = head(first or '')
  if received then oldest = math.min(oldest, tonumber(received)) end
end
return {waiting, redis.call('ZCOUNT', DUE, '-inf', int(at)), leased, delayed, redis.call('LLEN', P .. 'dead'),
  int(at - oldest)}
"""
"""gives waiting, ready, leased, delayed, dead, and the longest wait in ms."""
