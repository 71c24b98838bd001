"""The ledger in Redis: core commands only, every key under one hash tag, expiry left to the server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Generic

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.inbox import Write
from bot.ledger import ANSWERED_WITHIN_S, DAY, KEEP_TEXT_DAYS, KEEP_TURNS_DAYS, fields_wanted, fits
from graph.errors import StateError
from graph.records.codec import E, RecordError, from_line, to_line
from graph.records.ledger import LedgerView, join
from graph.records.redact import redact_transcript
from graph.state_store import text_of
from graph.turn import Feedback, Transcript, TurnRecord

PREFIX = "{bot}:ledger:"

_CLOCKS_S = 120.0
"""By how much two machines' clocks may disagree."""
_AT_ONCE = 500
"""Keys in one command: enough to be quick, few enough not to hold up the inbox on the same server."""

_RATE = """
local seen = redis.call('HGET', KEYS[1], 'at:' .. ARGV[1])
if seen and tonumber(seen) > tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'at:' .. ARGV[1], ARGV[2], 'by:' .. ARGV[1], ARGV[3])
redis.call('PEXPIREAT', KEYS[1], ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[5])
return 1
"""
"""Two ratings of one person may arrive at once, and in the wrong order: the later one must stay."""


class RedisLedger:
    """A ledger in Redis; its keys expire, so that a server short of memory can let them go first."""

    def __init__(
        self,
        redis: Redis,
        *,
        keep_turns_days: int = KEEP_TURNS_DAYS,
        keep_text_days: int = KEEP_TEXT_DAYS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._redis: Any = redis  # its stubs are for the blocking and the async client at once
        self._keep_turns = keep_turns_days * DAY
        self._clock = clock
        self._turns = _Shelf(self._redis, TurnRecord, "turn", keep_turns_days * DAY, clock)
        self._texts = _Shelf(self._redis, Transcript, "text", keep_text_days * DAY, clock)
        self._rate = self._redis.register_script(_RATE)

    async def write(self, record: TurnRecord) -> None:
        with _faults("written"):
            await self._turns.put(record.turn_id, record.received_at, to_line(record))

    def writes(self, record: TurnRecord, transcript: Transcript) -> tuple[Write, ...]:
        words = to_line(redact_transcript(transcript))
        return (
            *self._turns.writes(record.turn_id, record.received_at, to_line(record)),
            *self._texts.writes(transcript.turn_id, transcript.at, words),
        )

    async def transcript(self, transcript: Transcript) -> None:
        with _faults("written"):
            await self._texts.put(transcript.turn_id, transcript.at, to_line(redact_transcript(transcript)))

    async def feedback(self, feedback: Feedback) -> None:
        if not self._keep_turns:
            return
        ends = int((feedback.at + self._keep_turns) * 1000)
        keys = [_ratings(feedback.turn_id), f"{PREFIX}rated"]
        with _faults("written"):
            await self._rate(
                keys=keys, args=[feedback.person, feedback.at, to_line(feedback), ends, feedback.turn_id]
            )
            await self._redis.zremrangebyscore(keys[1], "-inf", self._clock() - self._keep_turns)

    async def view(self) -> LedgerView:
        with _faults("read"):
            turns, notes = await self._turns.all()
            feedback, more = await self._all_feedback()
        return join(turns, feedback, (*notes, *more))

    async def recent(self, since: float, most: int) -> LedgerView:
        with _faults("read"):
            turns, notes = await self._turns.since(since, most)
            feedback, more = await self._feedback_on([turn.turn_id for turn in turns])
        return join(turns, feedback, (*notes, *more))

    async def turns(self) -> tuple[TurnRecord, ...]:
        return tuple(turn.record for turn in (await self.view()).turns)

    async def feedback_entries(self) -> tuple[Feedback, ...]:
        return tuple(rating for turn in (await self.view()).turns for rating in turn.ratings)

    async def transcripts(self) -> tuple[Transcript, ...]:
        with _faults("read"):
            return tuple((await self._texts.all())[0])

    async def forget(self, *, customer: str | None = None, conversation: str | None = None) -> int:
        wanted = fields_wanted(customer, conversation)
        rater = customer if conversation is None else None
        with _faults("written"):
            turns = {turn.turn_id for turn in (await self._turns.all())[0] if fits(turn, wanted)}
            texts = {text.turn_id for text in (await self._texts.all())[0] if fits(text, wanted)}
            ratings = [
                (entry.turn_id, entry.person)
                for entry in (await self._all_feedback())[0]
                if entry.turn_id in turns | texts or entry.person == rater
            ]
            await self._turns.drop(turns)
            await self._texts.drop(texts)
            for turn_id, person in ratings:
                await self._redis.hdel(_ratings(turn_id), f"at:{person}", f"by:{person}")
            for some in _batches(list(turns | texts)):  # their names tell where they were
                await self._redis.zrem(f"{PREFIX}rated", *some)
        return len(turns) + len(texts) + len(ratings)

    async def erase(self, message: str, at: float) -> int:
        with _faults("written"):
            near = await self._turns.between(at - _CLOCKS_S, at + ANSWERED_WITHIN_S)
            answered = [turn.turn_id for turn in near if message in turn.messages]
            await self._texts.drop(answered)
        return len(answered)

    async def close(self) -> None:
        """Do nothing: the connection belongs to whoever made it."""

    async def _all_feedback(self) -> tuple[list[Feedback], list[str]]:
        rated = await self._redis.zrange(f"{PREFIX}rated", 0, -1)
        return await self._feedback_on(list(map(text_of, rated)))

    async def _feedback_on(self, turns: list[str]) -> tuple[list[Feedback], list[str]]:
        entries: list[Feedback] = []
        notes: list[str] = []
        for some in _batches(turns):
            async with self._redis.pipeline(transaction=False) as pipeline:
                for turn_id in some:
                    pipeline.hgetall(_ratings(turn_id))
                for found in await pipeline.execute():
                    lines = [line for name, line in found.items() if text_of(name).startswith("by:")]
                    _read(Feedback, "rating", lines, entries, notes)
        return entries, notes


class _Shelf(Generic[E]):
    """Entries of one kind: a key each, which expires by itself, and an index of their ids by time."""

    def __init__(self, redis: Any, kind: type[E], name: str, keep: float, clock: Callable[[], float]) -> None:
        self._redis = redis
        self._kind: type[E] = kind
        self._name = name
        self._keep = keep
        self._clock = clock
        self._index = f"{PREFIX}{name}s"

    async def put(self, key: str, at: float, line: str) -> None:
        if not self._keep:
            return
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.set(self._key(key), line, pxat=int((at + self._keep) * 1000))
            pipeline.zadd(self._index, {key: at})
            pipeline.zremrangebyscore(self._index, "-inf", self._clock() - self._keep)
            await pipeline.execute()

    def writes(self, key: str, at: float, line: str) -> tuple[Write, ...]:
        if not self._keep:
            return ()
        return (
            ("set", self._key(key), line, int((at + self._keep) * 1000)),
            ("zadd", self._index, at, key),
            ("zremrangebyscore", self._index, self._clock() - self._keep),
        )

    async def all(self) -> tuple[list[E], list[str]]:
        """Read the entries, oldest first, and the notes on those that cannot be read."""
        return await self._of(await self._redis.zrange(self._index, 0, -1))

    async def since(self, at: float, most: int) -> tuple[list[E], list[str]]:
        """Read the last entries since a time, at most so many, as `all` does."""
        keys = await self._redis.zrevrangebyscore(self._index, "+inf", at, start=0, num=most)
        return await self._of(keys[::-1])

    async def between(self, since: float, until: float) -> list[E]:
        """Read the entries of a time, oldest first."""
        return (await self._of(await self._redis.zrangebyscore(self._index, since, until)))[0]

    async def _of(self, keys: list[bytes]) -> tuple[list[E], list[str]]:
        entries: list[E] = []
        notes: list[str] = []
        for some in _batches(list(map(text_of, keys))):
            lines = await self._redis.mget([self._key(key) for key in some])
            _read(self._kind, self._name, [line for line in lines if line is not None], entries, notes)
        return entries, notes

    async def drop(self, keys: Iterable[str]) -> None:
        for some in _batches(list(keys)):
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.delete(*map(self._key, some))
                pipeline.zrem(self._index, *some)
                await pipeline.execute()

    def _key(self, key: str) -> str:
        return f"{PREFIX}{self._name}:{key}"


def _ratings(turn_id: str) -> str:
    return f"{PREFIX}ratings:{turn_id}"


def _read(kind: type[E], name: str, lines: list[bytes], entries: list[E], notes: list[str]) -> None:
    for line in lines:
        try:
            entries.append(from_line(kind, line))
        except RecordError as error:
            notes.append(f"One {name} in Redis is skipped: {error}.")


def _batches(keys: list[str]) -> Iterator[list[str]]:
    return (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE))


@contextmanager
def _faults(done: str) -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise StateError(
            f"The ledger in Redis could not be {done} ({error}). "
            "Check that the server at REDIS_URL runs and has memory left."
        ) from error
