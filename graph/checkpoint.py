"""The conversation's state in Redis: a LangGraph checkpointer over core commands, one hash a conversation.

One hash has one time to live, goes in one DEL, and is read whole in one HGETALL: so prune after every turn.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from random import getrandbits
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
    get_checkpoint_metadata,
)
from langgraph.checkpoint.serde.base import SerializerProtocol
from redis.asyncio import Redis
from typing_extensions import override

from graph.checkpoint_fields import At, Fields, PlainSerializer, Stored, config_of, dump, field_name
from graph.errors import StateError, Superseded
from graph.fencing import Command, guarded
from graph.state_store import ask
from graph.turn import Fence

_BRANCH_BITS = 20
_TICKS = 3
"""Turns of the event loop that a task's writes wait for the checkpoint that follows: it takes one."""


@dataclass(slots=True, eq=False)
class _Batch:
    """Fields on their way into one hash."""

    fence: Fence | None
    fields: Fields = field(default_factory=dict)
    complete: bool = False
    """A checkpoint is among them: nothing is left to wait for."""
    new: bool = False
    """The conversation has no checkpoint yet, so its hash needs a time to live."""


@dataclass(slots=True, eq=False)
class _Hold:
    """A conversation whose turn runs here."""

    fence: Fence | None
    stored: Stored | None = None
    """None until it is read, and again once it is to be read anew."""


class RedisSaver(BaseCheckpointSaver[int]):
    """A checkpointer on Redis 6.2 or newer without modules; only the async methods exist.

    `redis` answers in bytes. `ttl_s` runs from a conversation's first checkpoint and anew from each `aprune`.
    Every method raises StateError when Redis fails, and those that write raise Superseded where the fence of
    `holding` has fallen: nothing is written then. The caller keeps two runs of one conversation apart.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        ttl_s: int | None = None,
        prefix: str = "{bot}:conv:",
        serde: SerializerProtocol | None = None,
    ) -> None:
        super().__init__(serde=serde or PlainSerializer())
        self._redis = redis
        self._ttl_s = ttl_s
        self._prefix = prefix.encode()
        self._open: dict[str, tuple[_Batch, asyncio.Task[None]]] = {}
        self._held: dict[str, _Hold] = {}
        self._sending: set[asyncio.Task[None]] = set()

    async def settle(self) -> None:
        """Wait for what cancelled callers left to be stored: Redis is to be closed after that."""
        await asyncio.gather(*self._sending, return_exceptions=True)

    @asynccontextmanager
    async def holding(self, thread_id: str, fence: Fence | None = None) -> AsyncIterator[None]:
        """Read a conversation once only while its turn runs; what is written goes to Redis all the same.

        For the one who holds the conversation's lease: what others write meanwhile is not seen. With a fence,
        nothing is written to the conversation once another value stands there.
        """
        self._held[thread_id] = _Hold(fence)
        try:
            yield
        finally:
            self._held.pop(thread_id, None)

    @override
    def get_next_version(self, current: int | None, channel: None) -> int:
        """Count up, with random low bits: two branches of a conversation never name two values alike."""
        return (((current or 0) >> _BRANCH_BITS) + 1 << _BRANCH_BITS) | getrandbits(_BRANCH_BITS)

    @override
    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Read the checkpoint that `config` names, or the latest of its namespace, in one command."""
        thread, namespace, checkpoint = _address(config)
        stored = await self._read(thread)
        at = (namespace, checkpoint or stored.latest().get(namespace, ""))
        with _readable(thread):
            return stored.tuple(at) if at in stored.checkpoints else None

    @override
    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """List checkpoints, newest first in each conversation; without `config`, all of them."""
        only = config["configurable"] if config else {}
        bound = get_checkpoint_id(before) if before else None
        left = limit
        for thread in [str(only["thread_id"])] if config else [name async for name in self._threads()]:
            stored = await self._read(thread)
            for at in sorted(stored.checkpoints, key=lambda at: at[1], reverse=True):
                if only.get("checkpoint_ns", at[0]) != at[0] or (only.get("checkpoint_id") or at[1]) != at[1]:
                    continue
                if bound and at[1] >= bound:
                    continue
                with _readable(thread):
                    found = stored.tuple(at)
                if any(found.metadata.get(key) != value for key, value in (filter or {}).items()):
                    continue
                if left is not None and (left := left - 1) < 0:
                    return
                yield found

    @override
    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint and the channels that changed; returns when Redis has them."""
        thread, namespace, parent = _address(config)
        values = checkpoint["channel_values"]
        head = {key: value for key, value in checkpoint.items() if key != "channel_values"}
        record = [parent, head, get_checkpoint_metadata(config, metadata)]
        fields = {field_name("c", namespace, checkpoint["id"]): dump(self.serde, record)}
        for channel, version in new_versions.items():
            if channel in values:
                fields[field_name("b", namespace, channel, version)] = dump(self.serde, values[channel])
        await self._write(thread, fields, complete=True, new=parent is None)
        return config_of(thread, (namespace, checkpoint["id"]))

    @override
    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Store what a task wrote; returns when Redis has it, often together with the next checkpoint."""
        thread, namespace, checkpoint = _address(config)
        # What a task wrote goes into one field; errors and interrupts come by themselves, and may come again.
        groups: dict[int, list[tuple[int, str, Any]]] = defaultdict(list)
        for position, (channel, value) in enumerate(writes):
            index = WRITES_IDX_MAP.get(channel, position)
            groups[min(index, 0)].append((index, channel, value))
        fields = {
            field_name("w", namespace, checkpoint, task_id, first): dump(self.serde, [task_path, group])
            for first, group in groups.items()
        }
        if fields:
            await self._write(thread, fields)

    @override
    async def adelete_thread(self, thread_id: str) -> None:
        """Forget a conversation."""
        if hold := self._held.get(thread_id):
            hold.stored = None
        await self._run(("DEL", self._key(thread_id)))

    @override
    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Forget every checkpoint of these runs; reads all conversations, so it is for maintenance."""
        if not run_ids:
            return
        async for thread in self._threads():
            stored = await self._read(thread)
            with _readable(thread):
                kept = {at for at in stored.checkpoints if stored.record(at)[2].get("run_id") not in run_ids}
            if len(kept) < len(stored.checkpoints):
                await self._keep(thread, stored, kept)

    @override
    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy a conversation over the target; a source that does not exist changes nothing."""
        source, target = self._key(source_thread_id), self._key(target_thread_id)
        await self._run(("COPY", source, target, "REPLACE"))

    @override
    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Keep the latest checkpoint of each namespace, or with `delete` none; renews the time to live."""
        if strategy not in ("keep_latest", "delete"):
            raise ValueError(f"strategy is {strategy!r}: it must be 'keep_latest' or 'delete'")
        for thread in thread_ids:
            if strategy == "delete":
                await self.adelete_thread(thread)
                continue
            stored = await self._read(thread)
            with _readable(thread):
                kept = stored.current()
            await self._keep(thread, stored, kept)

    async def size(self, thread_id: str) -> int:
        """Return the bytes that a conversation takes, names included and Redis's own overhead left out."""
        fields = await self._run(("HGETALL", self._key(thread_id)))
        return sum(len(name) + len(value) for name, value in fields.items())

    def _key(self, thread: str) -> bytes:
        # A lone surrogate is a character too, and Redis takes any bytes for a key.
        return self._prefix + str(thread).encode("utf-8", "surrogatepass")

    async def _threads(self) -> AsyncIterator[str]:
        cursor = -1
        while cursor:
            scan = ("SCAN", max(cursor, 0), "MATCH", self._prefix + b"*", "COUNT", 500)
            cursor, keys = await self._run(scan)
            for key in keys:
                yield bytes(key)[len(self._prefix) :].decode("utf-8", "surrogatepass")

    async def _read(self, thread: str) -> Stored:
        hold = self._held.get(thread)
        if hold and hold.stored:
            return hold.stored
        fields = await self._run(("HGETALL", self._key(thread)))
        with _readable(thread):
            stored = Stored.of(thread, self.serde, fields)
        if hold:
            hold.stored = stored
        return stored

    async def _keep(self, thread: str, stored: Stored, kept: set[At]) -> None:
        with _readable(thread):
            garbage = stored.garbage(kept)
        key = self._key(thread)
        delete: list[Command] = [("HDEL", key, *garbage)] if garbage else []
        hold = self._held.get(thread)
        await self._run(*delete, *self._expire(key), fence=hold.fence if hold else None)
        if hold:
            hold.stored = None

    async def _write(self, thread: str, fields: Fields, *, complete: bool = False, new: bool = False) -> None:
        """Store fields and return when Redis has them; what is written at the same moment goes in one HSET.

        No call returns before its fields are stored, so a crash loses no more than with a command a call; and
        as HSET is atomic, a checkpoint is never there without the writes that went with it.
        """
        if thread not in self._open:
            hold = self._held.get(thread)
            batch = _Batch(hold.fence if hold else None)
            sending = asyncio.create_task(self._send(thread, batch))
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)
            self._open[thread] = batch, sending
        batch, sent = self._open[thread]
        batch.fields.update(fields)
        batch.complete |= complete
        batch.new |= new
        # A caller that is cancelled must not take the others' fields with it.
        await asyncio.shield(sent)

    async def _send(self, thread: str, batch: _Batch) -> None:
        for _ in range(_TICKS):
            if batch.complete:
                break
            await asyncio.sleep(0)
        del self._open[thread]
        key = self._key(thread)
        store = ("HSET", key, *chain.from_iterable(batch.fields.items()))
        await self._run(store, *(self._expire(key) if batch.new else ()), fence=batch.fence)
        hold = self._held.get(thread)
        if hold and hold.stored:
            for name, raw in batch.fields.items():
                hold.stored.add(name, raw)

    def _expire(self, key: bytes) -> list[Command]:
        return [("EXPIRE", key, self._ttl_s)] if self._ttl_s else []

    async def _run(self, *commands: Command, fence: Fence | None = None) -> Any:
        """Send commands in one round trip; without a transaction, so a cluster takes them too."""
        if fence and commands:
            script = guarded(fence, *commands)
            if not await ask(self._redis.execute_command(*script)):  # type: ignore[no-untyped-call]
                raise Superseded(
                    f"{fence.key} is another's now: the conversation is no longer to be written."
                )
            return None
        if len(commands) == 1:
            return await ask(self._redis.execute_command(*commands[0]))  # type: ignore[no-untyped-call]
        async with self._redis.pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.execute_command(*command)
            return await ask(pipe.execute())


def _address(config: RunnableConfig) -> tuple[str, str, str | None]:
    at = config["configurable"]
    return str(at["thread_id"]), at.get("checkpoint_ns", ""), at.get("checkpoint_id")


@contextmanager
def _readable(thread: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StateError(
            f"The stored state of conversation {thread!r} is damaged or from another version: delete it."
        ) from error
