"""Writes that go through only while their writer holds its lease; Redis itself checks it in the same step."""

from __future__ import annotations

from typing import TypeAlias

from graph.turn import Fence

Command: TypeAlias = tuple[object, ...]
"""A Redis command whose first two parts are its name and its one key."""

# Each command comes as the number of its parts, then the parts. Lua's `unpack` takes about 8,000 of them,
# which is a hundred times what a turn writes.
_SCRIPT = """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
local at = 3
while at <= #ARGV do
  local last = at + tonumber(ARGV[at])
  redis.call(unpack(ARGV, at + 1, last))
  at = last + 1
end
return 1
"""


def guarded(fence: Fence, *commands: Command) -> Command:
    """Make one command of several that answers 0, and changes nothing, unless the fence stands."""
    keys = dict.fromkeys(command[1] for command in commands)
    counted = [part for command in commands for part in (len(command), *command)]
    return ("EVAL", _SCRIPT, 1 + len(keys), fence.key, *keys, fence.field, fence.value, *counted)
