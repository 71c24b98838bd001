"""The inbox's Lua for what was lost: threads that dropped out, and what is held back after a flush."""

from __future__ import annotations

MEND = r"""
local thread = ARGV[1]
if redis.call('EXISTS', P .. 'job:' .. thread) == 1 then
  return redis.call('ZADD', DUE, 'NX', int(now() + LEASE_MS), thread)
end
if redis.call('EXISTS', P .. 'box:' .. thread) == 1 then
  return redis.call('ZADD', DUE, 'NX', int(now()), thread)
end
return 0
"""
"""thread; gives 1 where it had dropped out of `due`."""

FREE = r"""
if redis.call('EXISTS', P .. 'hold') == 0 then return 0 end
redis.call('SADD', P .. 'freed', ARGV[1])
return redis.call('PEXPIRE', P .. 'freed', HOLD_MS)
"""
"""thread."""

LIFT = r"""
redis.call('SET', P .. 'lifted', redis.call('GET', P .. 'epoch') or '')
return redis.call('DEL', P .. 'hold', P .. 'freed')
"""

LOST = r"""
local epoch = redis.call('GET', P .. 'epoch')
if not epoch or redis.call('GET', P .. 'lifted') == epoch then return 0 end
return redis.call('SET', P .. 'hold', 1, 'PX', HOLD_MS, 'NX') and 1 or 0
"""
"""Says that what was before the epoch was lost, which whoever made the epoch may not have known."""

HELD_FOR = r"""
local left = redis.call('PTTL', P .. 'hold')
return left > 0 and HOLD_MS - left or -1
"""
"""gives for how many ms new jobs have been held back; -1 where they are not."""
