"""The inbox's Lua: what the scripts share, and those that put items in and take them out.

{bot}:due               thread -> ms from which it may be taken: now is ready, later is leased or delayed
{bot}:box:<thread>      the items that wait, oldest first
{bot}:job:<thread>      handed out: fence, turn, members, deliveries, begun, posts, stop, revision, n:*
{bot}:split:<thread>    the revision at which a set was split, until all of it was handed out again
{bot}:fence             the last fence given out
{bot}:seen:<key>        was put already
{bot}:known:<thread>    is one of ours
{bot}:passed:<thread>   something was left alone there, because it was not one of ours yet
{bot}:answer:<key>      which turn a posted message belongs to
{bot}:early:<key>       items for a message that is not yet known to be an answer
{bot}:edited:<id>       how an item that is not here yet is to be, or nothing for one that is taken back
{bot}:dead              items that nobody could handle, newest first
{bot}:workers           process -> ms when it was last seen
{bot}:epoch             gone when the server lost everything; id:ms since when it has been there
{bot}:hold              as long as it is there, of threads older than the epoch nothing new is handed out
{bot}:freed             threads of which is handed out all the same
{bot}:lifted            the epoch of which nothing is held back any more

Before each name stands the tenant, where there is one (bot/keys.py); `P` is what they all begin with.

A thread is in `due` as long as it has a box or a job, so a job whose process died is found by the ordinary
take. Time is the server's alone. Lines and names are those of items.to_line and items.to_name.
"""

from __future__ import annotations

from bot.inbox.handing_out import HANDING_OUT

DUE = "due"

KEEPING = r"""
local DUE = P .. 'due'

local function int(number) return string.format('%.0f', number) end

local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Out of memory, Redis refuses a growing command only as a script's first write: a delete opens the way.
local function allow() redis.call('DEL', P .. 'none') end

local function head(line) return string.match(line, '^(%a+)\t([^\t]*)\t(-?%d+)\t(%d+)\t') end

local function lines_of(text)
  local lines = {}
  for line in string.gmatch(text or '', '[^\n]+') do lines[#lines + 1] = line end
  return lines
end

local function held_back()
  if redis.call('EXISTS', P .. 'epoch') == 1 then return redis.call('EXISTS', P .. 'hold') == 1 end
  redis.call('SET', P .. 'hold', 1, 'PX', HOLD_MS)
  return true
end

-- After it lost everything, nothing new is begun in a thread until it is known what had been answered there;
-- in one that began later, nothing had. The name of a thread ends with when it began, in seconds.
local function begins(thread)
  if not held_back() or redis.call('SISMEMBER', P .. 'freed', thread) == 1 then return true end
  local began = tonumber(string.match(thread, ':(%d+%.%d+)$'))
  local since = tonumber(string.match(redis.call('GET', P .. 'epoch') or '', ':(%d+)$'))
  return began and since and began * 1000 > since + CLOCKS_MS
end

local function seen(first)
  for i = first, #ARGV do
    if redis.call('EXISTS', P .. 'seen:' .. ARGV[i]) == 1 then return true end
  end
  return false
end

local function see(first)
  for i = first, #ARGV do redis.call('SET', P .. 'seen:' .. ARGV[i], 1, 'PX', SEEN_MS) end
end

local function enqueue(thread, at)
  if not redis.call('ZSCORE', DUE, thread) then redis.call('ZADD', DUE, int(at), thread) end
end

local function said_at(line)
  local _, _, _, said = head(line)
  return tonumber(said)
end

-- In the order in which they were said: two connections do not keep it.
local function insert(box, line)
  local said, younger = said_at(line), nil
  for i = -1, said > 0 and -redis.call('LLEN', box) or 0, -1 do
    local other = redis.call('LINDEX', box, i)
    if said_at(other) <= said then break end
    younger = other
  end
  if younger then redis.call('LINSERT', box, 'BEFORE', younger, line) else redis.call('RPUSH', box, line) end
end

-- What was said before a turn that has not begun to be answered belongs into it: it came a moment too late.
local function joins(thread, line)
  local job, said = P .. 'job:' .. thread, said_at(line)
  if said == 0 or string.sub(line, 1, 1) ~= 'm' then return false end
  if redis.call('HEXISTS', job, 'begun') == 1 then return false end
  local lines, size = lines_of(redis.call('HGET', job, 'members')), #line
  for _, other in ipairs(lines) do
    size = size + #other
    if string.sub(other, 1, 1) ~= 'm' then return false end
  end
  if #lines == 0 or #lines >= MOST or size > MOST_BYTES then return false end
  if said_at(lines[#lines]) <= said then return false end
  local place = 1
  while said_at(lines[place]) <= said do place = place + 1 end
  table.insert(lines, place, line)
  redis.call('HSET', job, 'members', table.concat(lines, '\n'))
  redis.call('HINCRBY', job, 'revision', 1)
  return true
end

local function append(thread, lines, at)
  for _, line in ipairs(lines) do
    if not joins(thread, line) then insert(P .. 'box:' .. thread, line) end
  end
  redis.call('SET', P .. 'known:' .. thread, 1, 'PX', KEEP_MS)
  enqueue(thread, at)
end

local function remember(key, value, thread, at)
  redis.call('SET', P .. 'answer:' .. key, value, 'PX', KEEP_MS)
  local early = redis.call('LRANGE', P .. 'early:' .. key, 0, -1)
  if #early == 0 then return end
  redis.call('DEL', P .. 'early:' .. key)
  append(thread, early, at)
end

local function answered_by(key)
  local ok, answer = pcall(cjson.decode, redis.call('GET', P .. 'answer:' .. key) or '')
  return ok and type(answer) == 'table' and type(answer.thread) == 'string' and answer.thread
end
"""

SHARED = (
    KEEPING
    + HANDING_OUT
    + r"""
-- Where the item waits or is frozen, it becomes `line`; an empty line takes it out.
local function change(thread, id, line, bare)
  local box, job = P .. 'box:' .. thread, P .. 'job:' .. thread
  for i, old in ipairs(redis.call('LRANGE', box, 0, -1)) do
    local flags, found = head(old)
    if found == id then
      if bare and string.sub(flags, -1) == 'f' then return 'seen' end
      if line ~= '' then
        redis.call('LSET', box, i - 1, line)
        return 'replaced'
      end
      redis.call('LREM', box, 1, old)
      if redis.call('EXISTS', box, job) == 0 then redis.call('ZREM', DUE, thread) end
      return 'removed'
    end
  end
  local lines = lines_of(redis.call('HGET', job, 'members'))
  for i, old in ipairs(lines) do
    local flags, found = head(old)
    if found == id then
      if bare and string.sub(flags, -1) == 'f' then return 'seen' end
      if redis.call('HEXISTS', job, 'begun') == 1 then return 'too_late' end
      if line ~= '' then lines[i] = line else table.remove(lines, i) end
      redis.call('HSET', job, 'members', table.concat(lines, '\n'))
      redis.call('HINCRBY', job, 'revision', 1)
      return line ~= '' and 'replaced' or 'removed'
    end
  end
  return 'unknown'
end
"""
)

PUT = r"""
local thread, line, only_if_known, resolve, take = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local overtaken, at = ARGV[6], now()
thread = resolve ~= '' and answered_by(resolve) or thread
if seen(7) then
  see(7)
  local flags, id = head(line)
  local outcome = string.sub(flags, -1) == 'f' and change(thread, id, line, true)
  return {outcome == 'replaced' and outcome or 'seen', thread}
end
if only_if_known == '1' and redis.call('EXISTS', P .. 'known:' .. thread) == 0 then
  redis.call('SET', P .. 'passed:' .. thread, 1, 'PX', PASSED_MS)
  return {'unknown', thread}
end
see(7)
-- An edit may overtake what it changes.
local _, id = head(line)
local edited = redis.call('GET', P .. 'edited:' .. id)
if edited == '' then return {'removed', thread} end
line = edited or line
local idle = not redis.call('ZSCORE', DUE, thread)
append(thread, {line}, at)
local job = idle and take == '1' and begins(thread) and hold(thread, at)
local passed = overtaken ~= '' and redis.call('DEL', P .. 'passed:' .. thread) == 1
if passed then append(thread, {overtaken}, at) end
return {'new', thread, job}
"""
"""thread, line, whether only if known, answer key or nothing, whether to take it, the line of what follows
where something in the thread had been left alone, or nothing, keys to be seen."""

EDIT = r"""
local thread, id, line = ARGV[1], ARGV[2], ARGV[3]
if seen(4) then
  see(4)
  return {'seen', thread}
end
local outcome = change(thread, id, line)
if outcome == 'unknown' then redis.call('SET', P .. 'edited:' .. id, line, 'PX', EDITED_MS) else see(4) end
return {outcome, thread}
"""
"""thread, name of the item, its new line or nothing, keys to be seen."""

STOP = r"""
local job = P .. 'job:' .. ARGV[1]
if seen(3) or redis.call('EXISTS', job) == 0 then return 0 end
redis.call('HSET', job, 'stop', ARGV[2])
see(3)
return 1
"""
"""thread, user, keys to be seen."""

TAKE = r"""
local at = now()
if held_back() then
  for _, thread in ipairs(redis.call('ZRANGEBYSCORE', DUE, '-inf', int(at), 'LIMIT', 0, 500)) do
    local goes = redis.call('EXISTS', P .. 'job:' .. thread) == 1 or begins(thread)
    local job = goes and hold(thread, at)
    if job then return job end
  end
  return false
end
for _ = 1, 20 do
  local thread = redis.call('ZRANGEBYSCORE', DUE, '-inf', int(at), 'LIMIT', 0, 1)[1]
  if not thread then return false end
  local job = hold(thread, at)
  if job then return job end
end
return false
"""

KEEP_EARLY = r"""
local key, line = ARGV[1], ARGV[2]
local thread = answered_by(key)
if seen(3) then
  see(3)
  return {'seen', thread or ''}
end
see(3)
if thread then
  append(thread, {line}, now())
  return {'new', thread}
end
redis.call('RPUSH', P .. 'early:' .. key, line)
redis.call('LTRIM', P .. 'early:' .. key, -100, -1)
redis.call('PEXPIRE', P .. 'early:' .. key, EARLY_MS)
return {'unknown', ''}
"""
"""answer key, line, keys to be seen."""

REMEMBER = "remember(ARGV[1], ARGV[2], ARGV[3], now())"
"""answer key, its value, the thread."""
