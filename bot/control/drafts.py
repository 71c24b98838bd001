"""Answers that wait for a person's word before a customer sees them, in Redis.

{bot}:draft:<turn>   the draft as JSON, for 7 days, or as long as text may be kept: the customer's words in it
                     are redacted, the answer stands as it would be sent until it is decided about
{bot}:drafts         the turns of those that wait, by when they were made

Before each name stands the tenant, where there is one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, TypeAlias

from redis.asyncio import Redis

from bot.keys import prefix_of
from graph.records.codec import from_dict, to_dict
from graph.records.redact import redact
from graph.state_store import ask, text_of
from graph.turn import Review, Transcript, TurnRecord

Decided: TypeAlias = Literal["same", "edited", "discarded"]
KEEP_S = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer that no customer has seen yet; times are seconds since the epoch."""

    record: TurnRecord
    asked: tuple[str, ...]
    text: str
    place: Mapping[str, str]
    """Where the answer goes, as the surface wrote it down."""
    said_at: float
    made_at: float
    link: str = ""
    channel: str = ""
    ts: str = ""
    """The card; empty until it is posted."""
    decided: Decided | None = None
    by: str = ""
    """Who decided."""
    job: str = ""
    """The job that carries the decision out."""

    @property
    def turn(self) -> str:
        """The turn that it answers."""
        return self.record.turn_id

    @property
    def conversation(self) -> str:
        """The conversation that it belongs to."""
        return self.record.conversation

    def transcript(self, sent: str, at: float) -> Transcript:
        """Return the turn's words with what became of the draft; `sent` is empty where nothing was."""
        review = Review(self.text, self.by, self.decided, at) if self.decided else None
        record = self.record
        return Transcript(
            record.turn_id, record.conversation, record.customer, record.received_at, record.language,
            self.asked, sent, record.route.tier, "answered" if sent else "handed_off", review,
        )  # fmt: skip


class DraftStore:
    """The drafts of all processes; every method raises StateError when Redis fails."""

    def __init__(self, redis: Redis, tenant: str = "", keep_s: float = KEEP_S) -> None:
        self._redis: Any = redis  # its stubs are for the blocking and the async client at once
        self._keep_s = int(min(KEEP_S, keep_s))
        self._prefix = prefix_of(tenant)
        self._waiting = f"{self._prefix}drafts"

    def _key(self, turn: str) -> str:
        return f"{self._prefix}draft:{turn}"

    async def get(self, turn: str) -> Draft | None:
        """Return a draft; None where there is none any more."""
        told = await ask(self._redis.get(self._key(turn)))
        return None if told is None else _read(told)

    async def put(self, draft: Draft) -> None:
        """Keep a draft in place of what was known of it."""
        asked = [redact(text) for text in draft.asked]
        told = json.dumps({**asdict(draft), "asked": asked, "record": to_dict(draft.record)})
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.set(self._key(draft.turn), told, ex=self._keep_s)
            if draft.decided is None:
                pipeline.zadd(self._waiting, {draft.turn: draft.made_at})
                pipeline.zremrangebyscore(self._waiting, "-inf", draft.made_at - self._keep_s)
            else:
                pipeline.zrem(self._waiting, draft.turn)
            await ask(pipeline.execute())

    async def change(self, draft: Draft, **changes: Any) -> Draft:
        """Change a draft under its conversation's lease and return it."""
        changed = replace(draft, **changes)
        await self.put(changed)
        return changed

    async def drop(self, draft: Draft) -> None:
        """Take a draft out that nobody will see."""
        await ask(self._redis.delete(self._key(draft.turn)))
        await ask(self._redis.zrem(self._waiting, draft.turn))

    async def settle(self, draft: Draft) -> None:
        """Let go of the words of a draft that was decided about: they are where the ledger keeps words."""
        await self.put(replace(draft, asked=(), text=""))

    async def of_message(self, message: str) -> list[Draft]:
        """Return the drafts of which nobody has decided and that answer a message."""
        turns = [text_of(turn) for turn in await ask(self._redis.zrange(self._waiting, 0, -1))]
        found = [await self.get(turn) for turn in turns]
        return [draft for draft in found if draft and message in draft.record.messages]

    async def waiting(self) -> int:
        """Count those that nobody has decided about."""
        return int(await ask(self._redis.zcount(self._waiting, time.time() - self._keep_s, "+inf")))

    async def forget(self, *, customer: str | None = None, conversation: str | None = None) -> int:
        """Erase the drafts of a customer, or of a conversation; return how many there were."""
        erased = 0
        # With no tenant given, of all of them.
        async for key in self._redis.scan_iter(match=f"{self._prefix}*draft:*", count=500):
            told = await ask(self._redis.get(key))
            record = _read(told).record if told is not None else None
            if record is None or customer not in (None, record.customer):
                continue
            if conversation in (None, record.conversation):
                await ask(self._redis.delete(key))
                waiting = f"{text_of(key).partition('draft:')[0]}drafts"
                await ask(self._redis.zrem(waiting, record.turn_id))
                erased += 1
        return erased


def _read(told: bytes | str) -> Draft:
    fields = json.loads(text_of(told))
    record = from_dict(TurnRecord, fields.pop("record"))
    return Draft(record, **{**fields, "asked": tuple(fields["asked"])})
