"""Erase a customer or a conversation from Redis: everything that names them, or holds their words.

What stays, for at most a day, keeps messages from being answered twice, and holds their ids alone.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from bot.control.drafts import DraftStore
from bot.inbox import Inbox, Item
from bot.inbox.items import from_line
from bot.keys import PREFIX, prefix_of
from bot.ledger import Ledger
from bot.people.outbox import Outbox
from graph.state_store import ask, text_of
from graph.support import forget_conversation
from graph.turn import Transcript, TurnRecord

WAIT_S = 60.0
"""How long is waited for answers that are under way: they would be kept after the rest is gone."""
LOOK_S = 0.25
_BY_CUSTOMER = ("said:", "told:")
"""Beginnings of keys of all workspaces that name a customer, after their own."""
_TENANT = re.compile(re.escape(PREFIX) + r"([A-Z][A-Z0-9]+):")


@dataclass(frozen=True, slots=True)
class Wish:
    """Who or what is to be forgotten; with both, what fits both."""

    customer: str | None = None
    conversation: str | None = None

    def wants(self, customer: str, conversation: str) -> bool:
        """Tell whether something of this customer's in this conversation is meant."""
        return self.customer in (None, customer) and self.conversation in (None, conversation)


@dataclass(slots=True)
class Forgotten:
    """What came of it."""

    kept: int = 0
    """Turns, ratings, transcripts and drafts that were erased."""
    others: int = 0
    """Everything else: what open conversations remember, handoffs, waiting messages, counters."""
    under_way: set[str] = field(default_factory=set)
    """Conversations that were still being answered, so that something of them may be kept after all."""


async def forget(redis: Redis, ledger: Ledger, wish: Wish, wait_s: float = WAIT_S) -> Forgotten:
    """Erase what a wish names, in every workspace; raises StateError where Redis fails."""
    done = Forgotten()
    for tenant in await _tenants(redis):
        eraser = _Eraser(redis, wish, tenant, prefix_of(tenant))
        theirs = await eraser.conversations(ledger)
        done.under_way |= await eraser.waited(theirs, wait_s)
        done.others += await eraser.waiting()
        for conversation in theirs:
            done.others += await eraser.conversation(conversation)
        done.others += await eraser.traces()
        drafts = DraftStore(redis, tenant)
        done.kept += await drafts.forget(customer=wish.customer, conversation=wish.conversation)
    done.others += await Outbox(redis).forget(customer=wish.customer, conversation=wish.conversation)
    done.kept += await ledger.forget(customer=wish.customer, conversation=wish.conversation)
    return done


async def _tenants(redis: Any) -> list[str]:
    """Return the workspaces that have keys of their own, and the empty name for what has none."""
    found = {match[1] async for key in redis.scan_iter(count=500) if (match := _TENANT.match(text_of(key)))}
    return ["", *sorted(found)]


@dataclass(frozen=True, slots=True)
class _Eraser:
    redis: Any
    wish: Wish
    tenant: str
    prefix: str

    def _of(self, kind: str, name: str = "") -> str:
        return f"{self.prefix}{kind}:{name}"

    async def _keys(self, beginning: str) -> AsyncIterator[str]:
        pattern = re.sub(r"([\\*?\[\]^])", r"\\\1", beginning) + "*"
        async for key in self.redis.scan_iter(match=pattern, count=500):
            yield text_of(key)

    async def conversations(self, ledger: Ledger) -> set[str]:
        """Return the conversations that are meant, from everything that says whose they are."""
        wants = self.wish.wants
        entries: tuple[TurnRecord | Transcript, ...] = (*await ledger.turns(), *await ledger.transcripts())
        found = {entry.conversation for entry in entries if wants(entry.customer, entry.conversation)}
        async for key in self._keys(self._of("handoff")):
            name = key.removeprefix(self._of("handoff"))
            customer = text_of(await ask(self.redis.hget(key, "customer")) or b"")
            found |= {name} if wants(customer, name) else set()
        async for _, about in self._answers():
            found |= {about["thread"]} if wants(about["asker"], about["thread"]) else set()
        async for thread, item in self._items():
            found |= {thread} if self._meant(thread, item) else set()
        if self.wish.conversation and not self.wish.customer:
            found.add(self.wish.conversation)
        return found

    def _meant(self, thread: str, item: Item) -> bool:
        return self.wish.wants(str(item.body.get("user", "")), thread)

    async def _answers(self) -> AsyncIterator[tuple[str, dict[str, str]]]:
        async for key in self._keys(self._of("answer")):
            told = await ask(self.redis.get(key))
            if told is not None:
                yield key, {"thread": "", "asker": "", **json.loads(told)}

    async def _items(self) -> AsyncIterator[tuple[str, Item]]:
        """Go through what waits and what is being worked on."""
        async for key in self._keys(self._of("box")):
            for line in await ask(self.redis.lrange(key, 0, -1)):
                yield key.removeprefix(self._of("box")), from_line(text_of(line))
        async for key in self._keys(self._of("job")):
            for item in await self._members(key):
                yield key.removeprefix(self._of("job")), item

    async def _members(self, key: str) -> list[Item]:
        lines = text_of(await ask(self.redis.hget(key, "members")) or b"")
        return [from_line(line) for line in lines.split("\n") if line]

    async def waited(self, conversations: Iterable[str], wait_s: float) -> set[str]:
        """Wait until nobody works on these any more; return those on which somebody still does."""
        ends, left = time.monotonic() + wait_s, set(conversations)
        while True:
            left = {name for name in left if await self._at_work(name)}
            if not left or time.monotonic() >= ends:
                return left
            await asyncio.sleep(LOOK_S)

    async def _at_work(self, conversation: str) -> bool:
        members = await self._members(self._of("job", conversation))
        return any(self._meant(conversation, item) for item in members)

    async def waiting(self) -> int:
        """Erase messages that wait, and dead ones."""
        erased = 0
        async for key in self._keys(self._of("box")):
            thread = key.removeprefix(self._of("box"))
            for line in await ask(self.redis.lrange(key, 0, -1)):
                if self._meant(thread, from_line(text_of(line))):
                    erased += int(await ask(self.redis.lrem(key, 1, line)))
            if not await ask(self.redis.exists(key, self._of("job", thread))):
                await ask(self.redis.zrem(f"{self.prefix}due", thread))
        inbox = Inbox(self.redis, process="forget", tenant=self.tenant)
        return erased + await inbox.bury_no_more(self._meant)

    async def conversation(self, name: str) -> int:
        """Erase what is known of a conversation: its state, its handoff with the card, its answers."""
        await forget_conversation(self.redis, name)
        keys = [f"{self.prefix}{kind}:{name}" for kind in ("handoff", "handoff-text", "known", "passed")]
        async for key, about in self._answers():
            if about["thread"] == name:
                shown = key.removeprefix(self._of("answer"))
                keys += [key, *(f"{self.prefix}{kind}:{shown}" for kind in ("reactions", "form"))]
        team, channel, *_ = [*name.split(":"), ""]
        # In direct messages, all that was passed on is this customer's.
        direct = [f"{self.prefix}posted:{team}:{channel}:"] if channel.startswith("D") else []
        for beginning in (f"{self.prefix}posted:{name}", f"{self.prefix}posted:card:{name}", *direct):
            keys += [key async for key in self._keys(beginning)]
        async for key in self._keys(f"{self.prefix}card:"):
            if text_of(await ask(self.redis.get(key)) or b"") == name:
                keys.append(key)
        for index in ("handoffs", "threads"):
            await ask(self.redis.zrem(self.prefix + index, name))
        if direct:
            await ask(self.redis.zrem(f"{self.prefix}channels", f"{team}:{channel}"))
        return int(await ask(self.redis.delete(*keys)))

    async def traces(self) -> int:
        """Erase a customer's counters and emoji."""
        erased = 0
        if self.wish.customer is None or self.wish.conversation is not None:
            return erased
        for beginning in (*(PREFIX + name for name in _BY_CUSTOMER), self._of("person")):
            async for key in self._keys(beginning):
                if self.wish.customer in key.removeprefix(beginning).split(":"):
                    erased += int(await ask(self.redis.delete(key)))
        async for key in self._keys(f"{self.prefix}reactions:"):
            erased += int(await ask(self.redis.hdel(key, self.wish.customer)))
        return erased
