"""The inbox: puts items in, hands out jobs one a thread, and lets go of a job only with what became of it."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import structlog
from redis.asyncio import Redis

from bot.inbox.calls import Calls, Limits
from bot.inbox.items import (
    NOTE_FIELD,
    Finished,
    Item,
    Job,
    Lease,
    LeaseLost,
    Outcome,
    Placed,
    Renewed,
    Stats,
    Write,
    from_line,
    read_dead,
    read_job,
    to_fields,
    to_line,
    to_name,
)
from bot.keys import prefix_of
from graph.state_store import ask, text_of

log = structlog.get_logger(__name__)

NOTHING: Mapping[str, str] = MappingProxyType({})


class Inbox:
    """A durable mailbox a thread, over one Redis that several processes share; each tenant has its own.

    Every method raises StateError when Redis fails; those that take a job raise LeaseLost when it is not this
    process's any more. Times are the server's, except for `lease_until`, which is this process's own clock.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        process: str,
        lease_s: float = 30.0,
        most: int = 10,
        most_bytes: int = 8192,
        deliveries: int = 5,
        keep_days: float = 30.0,
        keep_text_s: float = 30 * 86_400.0,
        tenant: str = "",
    ) -> None:
        self.prefix = prefix_of(tenant)
        self._redis: Any = redis  # its stubs are for the blocking and the async client at once
        limits = Limits(lease_s, most, most_bytes, deliveries, keep_days, keep_text_s)
        self._calls = Calls(redis, limits, self.prefix)
        self._process = process
        self._lease_s = lease_s
        self._deliveries = deliveries
        self._epoch: str | None = None
        self._closing: dict[int, float] = {}
        self._restoring = asyncio.Lock()

    async def open(self) -> None:
        """Load the scripts, and mend what a lost write has left in a box that nobody would look into."""
        await self._calls.load()
        await self._see_epoch((await self._beat())[0])
        mended = 0
        for thread in await self._threads():
            mended += int(await self._calls.run("mend", thread))
        if mended:
            log.warning("inbox.mended", threads=mended)

    async def put(
        self,
        thread: str,
        item: Item,
        *,
        keys: Sequence[str],
        only_if_known: bool = False,
        resolve: str | None = None,
        overtaken: Item | None = None,
        take: bool = True,
    ) -> Placed:
        """Keep an item once for all its `keys`; where its thread is idle it comes back as a job to be done.

        `only_if_known` leaves alone what is in a thread that the inbox never had. `resolve` is the key
        (channel:ts) of a posted answer: the item goes to that answer's thread. `overtaken` is put behind a
        new item where something in the thread was left alone lately, as it was not one of ours yet. A
        message that comes again with files replaces the one without, as long as that has not begun.
        """
        line = to_line(replace(item, keys=tuple(keys)))
        sent = time.monotonic()
        reply = await self._calls.run(
            "put",
            thread,
            line,
            int(only_if_known),
            resolve or "",
            int(take),
            to_line(overtaken) if overtaken else "",
            *keys,
        )
        return self._placed(reply, sent)

    async def edit(self, thread: str, item_id: str, item: Item | None, *, keys: Sequence[str]) -> Placed:
        """Replace an item, or take it out for None, as long as its job has not begun."""
        line = to_line(replace(item, keys=(*item.keys, *keys))) if item else ""
        sent = time.monotonic()
        return self._placed(await self._calls.run("edit", thread, to_name(item_id), line, *keys), sent)

    async def knows(self, thread: str) -> bool:
        """Tell whether a thread is one of ours."""
        return bool(await ask(self._redis.exists(f"{self.prefix}known:{thread}")))

    async def dealt_with(self, thread: str, keys: Mapping[str, str]) -> set[str]:
        """Return those items that were put in under their key and wait no more; `keys` has them by id.

        To be asked by who holds the thread's job: nobody else takes what waits there.
        """
        if not keys:
            return set()
        # In this order: what is put in between is not seen yet, and will be taken.
        seen = await ask(self._redis.mget([f"{self.prefix}seen:{key}" for key in keys.values()]))
        lines = await ask(self._redis.lrange(f"{self.prefix}box:{thread}", 0, -1))
        waiting = {from_line(text_of(line)).id for line in lines}
        found = {name for name, value in zip(keys, seen, strict=True) if value is not None}
        return found - waiting

    async def bury_no_more(self, wanted: Callable[[str, Item], bool]) -> int:
        """Take items, each told of with its thread, out of the dead list; return how many."""
        buried = await ask(self._redis.lrange(f"{self.prefix}dead", 0, -1))
        erased = [line for line in buried if wanted(*read_dead(line))]
        for line in erased:
            await ask(self._redis.lrem(f"{self.prefix}dead", 0, line))
        return len(erased)

    async def stop(self, thread: str, user: str, *, keys: Sequence[str] = ()) -> bool:
        """Ask whoever holds the thread's job to stop; False when there is none, or the keys were seen."""
        return bool(await self._calls.run("stop", thread, user, *keys))

    async def stopped_by(self, *jobs: Job) -> list[str | None]:
        """Return for each of these jobs who asked for it to stop, if anybody did."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for job in jobs:
                pipeline.hget(job.fence_key, "stop")
            return [None if by is None else text_of(by) for by in await ask(pipeline.execute())]

    async def take(self) -> Job | None:
        """Hand out the job that has been ready for longest; None when nothing is ready."""
        sent = time.monotonic()
        return self._job(await self._calls.run("take"), sent)

    async def renew(self, jobs: Iterable[Job]) -> Renewed:
        """Renew the leases of these jobs in one round trip, and write back what Redis has lost of them."""
        held = list(jobs)
        sent = time.monotonic()
        pairs = [part for job in held for part in (job.thread, job.fence)]
        epoch, *states = await self._calls.run("renew", _new_epoch(), self._knew, *pairs)
        await self._see_epoch(text_of(epoch))
        leases: dict[str, Lease] = {}
        lost: set[str] = set()
        for job, (state, stop) in zip(held, states, strict=True):
            restored = state == b"gone" and await self._restored(job)
            if state == b"ok" or restored:
                leases[job.thread] = Lease(
                    job.fence, sent + self._lease_s, text_of(stop) if stop else job.stop, restored
                )
            elif job.fence not in self._closing:  # whoever lets go of it hears for himself how it went
                lost.add(job.thread)
        return Renewed(leases, frozenset(lost))

    async def begin(self, job: Job) -> Job:
        """Mark that an answer may be posted from now on, and return the job with the edits up to here."""
        return self._stored(job, await self._held(job, "begin"))

    async def unbegin(self, job: Job) -> Job:
        """Take back that an answer may have been posted, where none was, and return the job as it is then.

        What was said before its messages, and came too late for them, is among them again.
        """
        return self._stored(job, await self._held(job, "unbegin"))

    async def note(
        self,
        job: Job,
        *,
        posts: Sequence[str] | None = None,
        answers: Mapping[str, str] = NOTHING,
        **fields: str,
    ) -> Job:
        """Keep the answer's timestamps, which posts are this turn's, and any fields; return the job as kept.

        `answers` maps channel:ts to JSON with the turn and what a rating needs. Go on with the job that
        comes back: what Redis loses is written back from it.
        """
        notes = {NOTE_FIELD + name: value for name, value in fields.items()}
        if posts is not None:
            notes["posts"] = json.dumps(list(posts))
        reply = await self._held(job, "note", len(notes), *_flat(notes), *_flat(answers))
        return self._stored(job, reply)

    async def finish(
        self,
        job: Job,
        *,
        writes: Sequence[Write] = (),
        answers: Mapping[str, str] = NOTHING,
        dead: str | None = None,
        take: bool = True,
    ) -> Finished:
        """End a job, with its record and its answers in the same step; hand out the thread's next one.

        `dead` says why its items go to the dead list. Where Redis has no memory left the `writes` give way.
        """
        arguments = [part for write in writes for part in (*write, "")[:4]]
        sent = time.monotonic()
        kept, *rest = await self._let_go(
            job, "finish", int(take), dead or "", len(writes), *arguments, *_flat(answers)
        )
        if not kept:
            log.warning("inbox.writes_given_up", turn=job.turn)
        return Finished(self._job(rest[0] if rest else None, sent), writes_kept=bool(kept))

    async def retry(self, job: Job, delay_s: float) -> None:
        """Let go of a job until the delay is over; what came after it in its thread waits behind it."""
        await self._let_go(job, "retry", int(delay_s * 1000), 0)

    async def release(self, job: Job, delay_s: float = 0.0) -> None:
        """Let go of a job for another process, or for later, without counting this delivery."""
        await self._let_go(job, "retry", int(delay_s * 1000), -1)

    async def answer(self, key: str) -> dict[str, Any] | None:
        """Read what was noted with a posted message (channel:ts); None where it is no answer."""
        value = await ask(self._redis.get(f"{self.prefix}answer:{key}"))
        return None if value is None else dict(json.loads(value))

    async def kept(self, key: str) -> str | None:
        """Read what a `finish` wrote under a key."""
        value = await ask(self._redis.get(key))
        return None if value is None else text_of(value)

    async def remember_answer(self, key: str, value: str) -> None:
        """Note a posted message (channel:ts) outside any job; `value` is JSON with at least `thread`."""
        await self._calls.run("remember", key, value, json.loads(value)["thread"])

    async def keep_early(self, key: str, item: Item, *, keys: Sequence[str] = ()) -> Placed:
        """Keep an item for a message (channel:ts) that may yet prove to be an answer, for 15 minutes.

        The outcome is `unknown` while it is kept, `new` when the answer became known in the meantime.
        """
        line = to_line(replace(item, keys=tuple(keys)))
        return self._placed(await self._calls.run("keep_early", key, line, *keys), time.monotonic())

    async def beat(self) -> int:
        """Say that this process lives, see whether Redis was flushed, and count the processes."""
        epoch, count = await self._beat(self._process)
        await self._see_epoch(epoch)
        return count

    async def workers(self) -> int:
        """Count the processes that were seen within the last two leases."""
        return (await self._beat())[1]

    @property
    def epoch_at(self) -> float:
        """Since when Redis has what it has, in seconds since 1970: it may have forgotten what was before."""
        return int((self._epoch or ":0").rpartition(":")[2]) / 1000

    async def know(self, *threads: str) -> None:
        """Take these threads for ours again, after Redis had lost everything."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for thread in threads:
                pipeline.set(f"{self.prefix}known:{thread}", 1, px=self._calls.limits.keep_ms)
            await ask(pipeline.execute())

    async def looked(self, thread: str) -> bool:
        """Note that a thread is looked through; True where something had been left alone in it lately."""
        return bool(await ask(self._redis.delete(f"{self.prefix}passed:{thread}")))

    async def held_for(self) -> float | None:
        """Return for how many seconds new jobs have been held back since Redis lost everything; else None."""
        held_ms = int(await self._calls.run("held_for"))
        return None if held_ms < 0 else held_ms / 1000

    async def free(self, thread: str) -> None:
        """Let a thread's new jobs be handed out although others are held back: what it lost is back in it."""
        await self._calls.run("free", thread)

    async def lift_hold(self) -> None:
        """Let all new jobs be handed out again."""
        await self._calls.run("lift")

    async def leave(self) -> None:
        """Say that this process ends."""
        await ask(self._redis.zrem(f"{self.prefix}workers", self._process))

    async def stats(self) -> Stats:
        """Count what is where; but for ready and dead, in the 1,000 most urgent threads."""
        waiting, ready, leased, delayed, dead, oldest_ms = map(int, await self._calls.run("stats"))
        return Stats(waiting, ready, leased, delayed, dead, max(0.0, oldest_ms / 1000))

    async def _threads(self) -> set[str]:
        found: set[str] = set()
        cursor: int | None = None
        while cursor != 0:
            cursor, keys = await ask(
                self._redis.scan(cursor or 0, match=f"{self.prefix}[bj]o[xb]:*", count=1000)
            )
            found |= {text_of(key).removeprefix(self.prefix).split(":", 1)[1] for key in keys}
        return found

    async def _beat(self, process: str = "") -> tuple[str, int]:
        epoch, count = await self._calls.run("beat", _new_epoch(), process, self._knew)
        return text_of(epoch), int(count)

    @property
    def _knew(self) -> int:
        return int(self._epoch is not None)

    async def _see_epoch(self, epoch: str) -> None:
        if self._epoch not in {None, epoch}:
            log.warning("inbox.flushed")
            # It may have been made by a process that knew of nothing to be lost.
            await self._calls.run("lost")
        self._epoch = epoch

    def _job(self, reply: Any, sent: float) -> Job | None:
        if not reply:
            return None
        thread, fields = reply
        return read_job(text_of(thread), fields, sent + self._lease_s, self._deliveries, self.prefix)

    def _placed(self, reply: list[Any], sent: float) -> Placed:
        outcome: Outcome = text_of(reply[0])  # type: ignore[assignment]
        return Placed(outcome, text_of(reply[1]), self._job(reply[2] if reply[2:] else None, sent))

    def _stored(self, job: Job, reply: list[Any]) -> Job:
        return read_job(job.thread, reply[1], job.lease_until, self._deliveries, self.prefix)

    async def _held(self, job: Job, script: str, *arguments: Any, last: bool = False) -> list[Any]:
        for _ in range(2):
            state, *rest = await self._calls.run(script, job.thread, job.fence, *arguments)
            if state == b"ok":
                return list(rest)
            if state != b"gone" or not await self._restored(job, last=last):
                break
        raise LeaseLost(
            f"The job of {job.thread} is not this process's any more: leave it to its new holder."
        )

    async def _let_go(self, job: Job, script: str, *arguments: Any) -> list[Any]:
        """Run a script that ends the holding of a job; no renewal under way may bring it back."""
        now = time.monotonic()
        while self._closing and next(iter(self._closing.values())) < now:
            del self._closing[next(iter(self._closing))]
        self._closing[job.fence] = now + 2 * self._lease_s
        return await self._held(job, script, *arguments, last=True)

    async def _restored(self, job: Job, *, last: bool = False) -> bool:
        """Write back a job that Redis lost: while the lease lasts nobody else can have finished it."""
        async with self._restoring:
            if time.monotonic() >= job.lease_until or (job.fence in self._closing and not last):
                return False
            fields = to_fields(job)
            keys = [key for item in job.members for key in item.keys]
            state = await self._calls.run(
                "restore", job.thread, job.fence, len(fields), *_flat(fields), *keys
            )
        if state == b"ok":
            log.warning("inbox.restored", turn=job.turn)
        return bool(state == b"ok")


def _new_epoch() -> str:
    return uuid.uuid4().hex


def _flat(fields: Mapping[str, str]) -> list[str]:
    return [part for pair in fields.items() for part in pair]
