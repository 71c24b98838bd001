"""What the inbox keeps and hands out: items that wait, and the job that a process holds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from bot.keys import PREFIX
from graph.errors import FirstlineError

MESSAGE = "message"
"""The kind of item of which several in a row make one turn."""

FENCE_FIELD = "fence"
NOTE_FIELD = "n:"

Outcome: TypeAlias = Literal["new", "seen", "unknown", "replaced", "removed", "too_late"]

Write: TypeAlias = (
    tuple[Literal["set"], str, str, int]
    | tuple[Literal["zadd"], str, float, str]
    | tuple[Literal["zremrangebyscore"], str, float]
)
"""A write that `finish` does with the pop: set (key, value, expires at ms), zadd (key, score, member), or
zremrangebyscore (key, highest score that goes)."""


class LeaseLost(FirstlineError):
    """The job is another process's by now, or done: nothing was changed."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that Slack sent: a message, a rating, a press.

    `body` is any JSON. An item that is `alone`, and one whose kind is not `message`, makes a job of its own.
    `received_at` is in seconds since 1970, and so is `at`, when its sender made it: what waits in a thread is
    kept in this order, whichever way it came; 0 goes to the end. `keys` is what it was deduplicated by; `put`
    fills it in.
    """

    id: str
    kind: str
    body: dict[str, Any]
    alone: bool = False
    received_at: float = 0.0
    keys: tuple[str, ...] = ()
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Lease:
    """A renewed lease: until when on this process's monotonic clock, and who asked to stop meanwhile.

    `restored`: Redis had lost the job, and it was written back.
    """

    fence: int
    until: float
    stop: str | None = None
    restored: bool = False


@dataclass(frozen=True, slots=True)
class Renewed:
    """What became of the leases, by thread."""

    leases: Mapping[str, Lease]
    lost: frozenset[str]


@dataclass(frozen=True, slots=True)
class Job:
    """The oldest items of a thread, held by one process until `lease_until` (its time.monotonic()).

    `turn` is the id of the first item, and stays so when that item is removed. `begun`: somebody may have
    posted an answer. `posts` holds the Slack timestamps noted so far. `deliveries` counts from 1. `dead`: it
    was handed out too often, so say sorry and finish it with `dead=`. `revision` counts the changes to the
    set of its items since they were frozen.
    """

    thread: str
    turn: str
    fence: int
    deliveries: int
    members: tuple[Item, ...]
    lease_until: float
    begun: bool = False
    posts: tuple[str, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    revision: int = 0
    dead: bool = False
    stop: str | None = None
    prefix: str = PREFIX
    """Of its tenant's keys."""

    @property
    def set_id(self) -> str:
        """The name of the items as they are now; no other set of them, in this job or a later one, has it."""
        first = self.members[0].id if self.members else self.turn
        return f"{first}~{self.revision}" if self.revision else first

    @property
    def fence_key(self) -> str:
        """The Redis hash whose field FENCE_FIELD equals `str(fence)` for as long as the job is held."""
        return f"{self.prefix}job:{self.thread}"

    def leased(self, lease: Lease) -> Job:
        """Return the job with its lease renewed; a lease of an earlier job of the thread changes nothing."""
        if lease.fence != self.fence:
            return self
        return replace(self, lease_until=lease.until, stop=lease.stop)


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of an item, and the job that it made at once, if it did.

    `thread` is where it went: not the one asked for where `resolve` named another.
    """

    outcome: Outcome
    thread: str
    job: Job | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """A job is done: the next one of its thread, if there is one, and whether its writes were kept."""

    next: Job | None
    writes_kept: bool = True


@dataclass(frozen=True, slots=True)
class Stats:
    """How full the inbox is: items that wait, threads by what they are at, dead items, the longest wait."""

    waiting: int
    ready: int
    leased: int
    delayed: int
    dead: int
    oldest_waiting_s: float


def to_line(item: Item) -> str:
    """Write an item as one line: what the scripts look at, tab by tab, and then all of it as JSON.

    The scripts read no JSON: a text with half a surrogate pair would stop them.
    """
    flags = "m" if item.kind == MESSAGE and not item.alone else "a"
    if item.kind == MESSAGE and item.body.get("files"):
        flags += "f"
    fields = [item.kind, item.body, item.alone, item.received_at, list(item.keys), item.at]
    text = json.dumps({"id": item.id, "item": fields}, separators=(",", ":"))
    received_ms, at_us = int(item.received_at * 1000), round(item.at * 1_000_000)
    return "\t".join((flags, to_name(item.id), str(received_ms), str(at_us), text))


def from_line(line: str) -> Item:
    """Read what `to_line` wrote."""
    return _read(json.loads(line.split("\t", 4)[4]))


def read_dead(line: bytes) -> tuple[str, Item]:
    """Read an item of the dead list, and its thread."""
    told = json.loads(line)
    return str(told["thread"]), _read(told["item"])


def _read(told: Mapping[str, Any]) -> Item:
    kind, body, alone, received_at, keys, at = told["item"]
    return Item(told["id"], kind, body, alone, received_at, tuple(keys), at)


def to_name(item_id: str) -> str:
    """Write an id so that it holds no tab and no line break."""
    return json.dumps(item_id)[1:-1]


def from_name(name: str) -> str:
    """Read what `to_name` wrote."""
    return str(json.loads(f'"{name}"'))


def to_fields(job: Job) -> dict[str, str]:
    """Write a job as the fields of its hash, without the fence."""
    fields = {
        "turn": to_name(job.turn),
        "members": "\n".join(map(to_line, job.members)),
        "deliveries": str(job.deliveries),
        "posts": json.dumps(list(job.posts)),
        "revision": str(job.revision),
    }
    fields |= {"begun": "1"} if job.begun else {}
    fields |= {"stop": job.stop} if job.stop else {}
    return fields | {NOTE_FIELD + name: value for name, value in job.notes.items()}


def read_job(
    thread: str, flat: Sequence[bytes], lease_until: float, deliveries: int, prefix: str = PREFIX
) -> Job:
    """Read a job from what HGETALL gives, name and value in turn; more `deliveries` make it dead."""
    texts = [part.decode() for part in flat]
    fields = dict(zip(texts[::2], texts[1::2], strict=True))
    return Job(
        thread,
        from_name(fields["turn"]),
        int(fields["fence"]),
        int(fields["deliveries"]),
        tuple(map(from_line, fields["members"].split("\n"))) if fields["members"] else (),
        lease_until,
        begun="begun" in fields,
        posts=tuple(json.loads(fields.get("posts", "[]"))),
        notes={name.removeprefix(NOTE_FIELD): fields[name] for name in fields if name.startswith(NOTE_FIELD)},
        revision=int(fields.get("revision", 0)),
        dead=int(fields["deliveries"]) > deliveries,
        stop=fields.get("stop"),
        prefix=prefix,
    )
