"""What is known of each handoff, in Redis.

{bot}:handoff:<conversation>   its fields, for 30 days after the last change
{bot}:handoff-text:<conv...>   its summary, which holds the customer's words: no longer than text may be kept
{bot}:handoffs                 conversation -> when a person was asked, of those that are not over
{bot}:card:<channel>:<ts>      the conversation that a card is about, for as long
{bot}:handoffs-read            gone when the server lost everything: what is here is not all that there is

Before each name stands the tenant, where there is one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, TypeAlias, cast

from redis.asyncio import Redis

from bot.keys import prefix_of
from graph.state_store import ask, text_of

State: TypeAlias = Literal["open", "claimed", "handed_back", "resolved"]

OPEN: State = "open"
CLAIMED: State = "claimed"
HANDED_BACK: State = "handed_back"
RESOLVED: State = "resolved"
UNDER_WAY = (OPEN, CLAIMED)
KEEP_S = 30 * 86_400
_PUT_LOST = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 5))
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('SET', KEYS[3], ARGV[1], 'EX', ARGV[4])
if ARGV[3] == '1' then redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1]) end
return 1
"""


@dataclass(frozen=True, slots=True)
class Handoff:
    """A conversation that somebody was asked to take; times are seconds since the epoch, 0 where unknown."""

    conversation: str
    customer: str
    """The user's id."""
    state: State = "open"
    by: str = ""
    """Who made it so: who claimed it, handed it back or resolved it."""
    turn: str = ""
    """The turn that asked for a person; empty where a person came unasked."""
    summary: str = ""
    reason: str = ""
    link: str = ""
    """The permalink of the thread; empty where there is none."""
    channel: str = ""
    """Where the card is."""
    ts: str = ""
    """The card; empty where it could not be posted."""
    opened_at: float = 0.0
    changed_at: float = 0.0
    reminded: int = 0
    """How many reminders were posted since it was opened."""
    since: float = 0.0
    """When the last change was asked for, by Slack's clock: what was asked for before it is too late."""
    hidden: bool = False
    """Whether who has it cannot see the conversation, so that it is shown to them below the card."""
    stretches: str = ""
    """When persons had it before, as `from-until` separated by spaces; see `bot.people.changes`."""
    customer_at: float = 0.0
    """When the customer wrote what the person who has it has not replied to, by Slack's clock; else 0."""
    heard_at: float = 0.0
    """When the customer last wrote to who has it, by Slack's clock."""
    desk_lost: bool = False
    """Whether the help desk could not be told of it."""

    @property
    def under_way(self) -> bool:
        """Whether a person has it or is waited for."""
        return self.state in UNDER_WAY


class Told(Protocol):
    """Whoever is told of each change of a handoff."""

    def add_change(self, pipeline: Any, handoff: Handoff) -> None:
        """Have a change told, once, with what else a pipeline does."""
        ...


class HandoffStore:
    """The handoffs of all processes; every method raises StateError when Redis fails."""

    def __init__(self, redis: Redis, tenant: str = "", keep_text_s: float = KEEP_S) -> None:
        self._redis: Any = redis  # its stubs are for the blocking and the async client at once
        self._keep_text_s = int(min(KEEP_S, keep_text_s))
        self._prefix = prefix_of(tenant)
        self._all, self._read = f"{self._prefix}handoffs", f"{self._prefix}handoffs-read"
        self.told: Told | None = None

    def _key(self, conversation: str) -> str:
        return f"{self._prefix}handoff:{conversation}"

    def _text(self, conversation: str) -> str:
        return f"{self._prefix}handoff-text:{conversation}"

    def _card(self, channel: str, ts: str) -> str:
        return f"{self._prefix}card:{channel}:{ts}"

    async def get(self, conversation: str) -> Handoff | None:
        """Return what is known of a conversation; None where no person was ever asked."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.hgetall(self._key(conversation))
            pipeline.get(self._text(conversation))
            stored, summary = await ask(pipeline.execute())
        return _read(conversation, stored, text_of(summary or b"")) if stored else None

    async def owner(self, conversation: str) -> str | None:
        """Return who has a conversation; None where no person has it."""
        state, by = await ask(self._redis.hmget(self._key(conversation), ["state", "by"]))
        return text_of(by) if state is not None and text_of(state) == CLAIMED else None

    async def of_card(self, channel: str, ts: str) -> str | None:
        """Return the conversation that a card is about; None where it is none, or Redis lost it."""
        found = await ask(self._redis.get(self._card(channel, ts)))
        return None if found is None else text_of(found)

    async def read(self) -> bool:
        """Tell whether all handoffs are here; False after everything was lost, until `mark_read`."""
        return bool(await ask(self._redis.exists(self._read)))

    async def mark_read(self) -> None:
        """Say that all handoffs are here."""
        await ask(self._redis.set(self._read, 1))

    async def put(self, handoff: Handoff) -> None:
        """Keep a handoff in place of what was known of it."""
        key, kept = self._key(handoff.conversation), _fields(handoff)
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(key, mapping=kept)
            pipeline.expire(key, KEEP_S)
            self._put_summary(pipeline, handoff)
            if handoff.ts:
                pipeline.set(self._card(handoff.channel, handoff.ts), handoff.conversation, ex=KEEP_S)
            if handoff.under_way:
                pipeline.zadd(self._all, {handoff.conversation: handoff.opened_at})
            else:
                pipeline.zrem(self._all, handoff.conversation)
            if self.told:
                self.told.add_change(pipeline, handoff)
            await ask(pipeline.execute())

    async def put_lost(self, handoff: Handoff) -> bool:
        """Keep what was read back of a handoff; False where something newer is known."""
        fields = [part for pair in _fields(handoff).items() for part in pair]
        keys = [self._key(handoff.conversation), self._all, self._card(handoff.channel, handoff.ts)]
        about = [handoff.conversation, handoff.opened_at, int(handoff.under_way), KEEP_S]
        kept = bool(await ask(self._redis.eval(_PUT_LOST, len(keys), *keys, *about, *fields)))
        if kept:
            await ask(self._put_summary(self._redis, handoff))
        if kept and self.told and handoff.under_way:
            # What was still to be told is lost as well; who was told already knows it by its name.
            async with self._redis.pipeline(transaction=True) as pipeline:
                self.told.add_change(pipeline, handoff)
                await ask(pipeline.execute())
        return kept

    def _put_summary(self, client: Any, handoff: Handoff) -> Any:
        key = self._text(handoff.conversation)
        return (
            client.set(key, handoff.summary, ex=self._keep_text_s) if handoff.summary else client.delete(key)
        )

    async def change(self, conversation: str, **changes: Any) -> Handoff | None:
        """Change fields of a handoff under its thread's lease and return it; None where there is none."""
        known = await self.get(conversation)
        if known is None:
            return None
        changed = replace(known, **changes, changed_at=time.time())
        await self.put(changed)
        return changed

    async def under_way(self) -> list[Handoff]:
        """Return what is open or claimed, who waits longest first."""
        names = [text_of(name) for name in await ask(self._redis.zrange(self._all, 0, -1))]
        found = [await self.get(name) for name in names]
        return [handoff for handoff in found if handoff is not None and handoff.under_way]


def _fields(handoff: Handoff) -> dict[str, str]:
    names = Handoff.__dataclass_fields__
    return {name: str(getattr(handoff, name)) for name in names if name not in ("conversation", "summary")}


def _read(conversation: str, stored: Mapping[bytes | str, bytes | str], summary: str) -> Handoff:
    values = {text_of(name): text_of(value) for name, value in stored.items()}
    return Handoff(
        conversation,
        customer=values.get("customer", ""),
        state=cast("State", values.get("state", OPEN)),
        by=values.get("by", ""),
        turn=values.get("turn", ""),
        summary=summary,
        reason=values.get("reason", ""),
        link=values.get("link", ""),
        channel=values.get("channel", ""),
        ts=values.get("ts", ""),
        opened_at=float(values.get("opened_at") or 0),
        changed_at=float(values.get("changed_at") or 0),
        reminded=int(values.get("reminded") or 0),
        since=float(values.get("since") or 0),
        hidden=values.get("hidden") == "True",
        stretches=values.get("stretches", ""),
        customer_at=float(values.get("customer_at") or 0),
        heard_at=float(values.get("heard_at") or 0),
        desk_lost=values.get("desk_lost") == "True",
    )
