"""How a conversation's checkpoints lie in one Redis hash.

A field's name is a JSON array, so that any text may stand in it:

    ["c", namespace, checkpoint]               a checkpoint without its values, its parent, its metadata
    ["b", namespace, channel, version]         the value of one channel, written once
    ["w", namespace, checkpoint, task, index]  what one task of that checkpoint wrote; an error or interrupt
                                               stands by itself under its negative index

A value is the serializer's format, a colon, and its bytes.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple, PendingWrite, writes_sort_key
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from typing_extensions import override

Fields: TypeAlias = dict[str, bytes]
At: TypeAlias = tuple[str, str]
"""A namespace and a checkpoint in it."""


class PlainSerializer(JsonPlusSerializer):
    """msgpack that on load constructs nothing beyond LangGraph's own list of safe types.

    Others may write to the same Redis, and LangGraph's default imports and calls whatever a value names.
    """

    def __init__(self) -> None:
        super().__init__(allowed_msgpack_modules=())

    @override
    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """Read one value; raises ValueError for formats that this class never writes."""
        if data[0] not in ("msgpack", "null", "bytes", "bytearray"):
            raise ValueError(f"unknown format {data[0][:20]!r}")
        return super().loads_typed(data)


def field_name(*parts: object) -> str:
    """Name a field; the first part is its kind."""
    return json.dumps(parts, separators=(",", ":"))


def dump(serde: SerializerProtocol, value: object) -> bytes:
    """Write one value with its format in front."""
    kind, data = serde.dumps_typed(value)
    return kind.encode() + b":" + data


def load(serde: SerializerProtocol, raw: bytes) -> Any:
    """Read one value; raises ValueError where it is not readable."""
    kind, _, data = raw.partition(b":")
    return serde.loads_typed((kind.decode(), data))


def config_of(thread: str, at: At) -> RunnableConfig:
    """Give the config that names a checkpoint."""
    return {"configurable": {"thread_id": thread, "checkpoint_ns": at[0], "checkpoint_id": at[1]}}


@dataclass(slots=True, eq=False)
class Stored:
    """One conversation's hash, its names told apart and its values not yet read."""

    thread: str
    serde: SerializerProtocol
    checkpoints: dict[At, bytes] = field(default_factory=dict)
    blobs: dict[tuple[str, str, object], bytes] = field(default_factory=dict)
    writes: dict[At, dict[tuple[str, int], bytes]] = field(default_factory=lambda: defaultdict(dict))

    @classmethod
    def of(cls, thread: str, serde: SerializerProtocol, fields: Mapping[bytes, bytes]) -> Stored:
        """Take a hash apart; raises ValueError where a name is not one of ours."""
        stored = cls(thread, serde)
        for name, raw in fields.items():
            stored.add(name, raw)
        return stored

    def add(self, name: str | bytes, raw: bytes) -> None:
        """Take one more field; raises ValueError where its name is not one of ours."""
        match json.loads(name):
            case ["c", str(ns), str(checkpoint)]:
                self.checkpoints[ns, checkpoint] = raw
            case ["b", str(ns), str(channel), (str() | int() | float()) as version]:
                self.blobs[ns, channel, version] = raw
            case ["w", str(ns), str(checkpoint), str(task), int(index)]:
                self.writes[ns, checkpoint][task, index] = raw
            case _:
                raise ValueError(f"unknown field {name[:80]!r}")

    def latest(self) -> dict[str, str]:
        """Map each namespace to its newest checkpoint: ids grow with time."""
        return dict(sorted(self.checkpoints))

    def record(self, at: At) -> tuple[str | None, dict[str, Any], dict[str, Any]]:
        """Read a checkpoint's parent, the checkpoint without its values, and its metadata."""
        parent, head, metadata = load(self.serde, self.checkpoints[at])
        return parent, head, metadata

    def tuple(self, at: At) -> CheckpointTuple:
        """Read a whole checkpoint with its values and what its tasks wrote."""
        parent, head, metadata = self.record(at)
        values = {
            channel: load(self.serde, self.blobs[at[0], channel, version])
            for channel, version in head["channel_versions"].items()
            if (at[0], channel, version) in self.blobs
        }
        return CheckpointTuple(
            config_of(self.thread, at),
            {**head, "channel_values": values},  # type: ignore[typeddict-item]
            metadata,  # type: ignore[arg-type]
            config_of(self.thread, (at[0], parent)) if parent else None,
            self._pending(at),
        )

    def _pending(self, at: At) -> list[PendingWrite]:
        found = []
        for (task, _), raw in self.writes.get(at, {}).items():
            path, group = load(self.serde, raw)
            for index, channel, value in group:
                found.append((writes_sort_key(path, task, index), (task, channel, value)))
        return [write for _, write in sorted(found, key=lambda pair: pair[0])]

    def current(self) -> set[At]:
        """Give the checkpoints that pruning keeps: the newest of each namespace.

        A DeltaChannel rebuilds its value from older checkpoints, so a namespace that has one keeps them all.
        """
        latest = set(self.latest().items())
        deltas = {at[0] for at in latest if "counters_since_delta_snapshot" in self.record(at)[2]}
        return {at for at in self.checkpoints if at in latest or at[0] in deltas}

    def garbage(self, kept: set[At]) -> list[str]:
        """Name every field that no kept checkpoint needs."""
        needed = {
            (at[0], channel, version)
            for at in kept
            for channel, version in self.record(at)[1]["channel_versions"].items()
        }
        return [
            *(field_name("c", *at) for at in self.checkpoints if at not in kept),
            *(field_name("b", *blob) for blob in self.blobs if blob not in needed),
            *(
                field_name("w", *at, task, index)
                for at, writes in self.writes.items()
                if at not in kept
                for task, index in writes
            ),
        ]
