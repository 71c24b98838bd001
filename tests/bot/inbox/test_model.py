"""The inbox against a model of it in plain Python: any order of calls leaves both with the same content."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from redis.asyncio import Redis

from bot.inbox import Inbox, Job, LeaseLost
from graph.state_store import open_state
from tests.bot.inbox.filling import expire, message, names

T = TypeVar("T")

THREADS = ("t0", "t1", "t2")
MOST = 3
NUMBERS = st.integers(0, 29)
"""Which message: it has its thread for good, and every fifth stands alone."""


@dataclass
class Handed:
    """A job as the model has it; `until`: ready, leased or delayed."""

    members: list[str]
    deliveries: int = 0
    begun: bool = False
    fence: int = 0
    until: str = "ready"
    turn: str = ""


@dataclass
class Thread:
    """A thread as the model has it."""

    box: list[str] = field(default_factory=list)
    job: Handed | None = None
    known: bool = False


def thread_of(number: int) -> str:
    return THREADS[number % len(THREADS)]


def alone(name: str) -> bool:
    return int(name) % 5 == 0


class Against(RuleBasedStateMachine):
    """Every call goes to the inbox and to the model; what they say must be the same."""

    url: str | None = None

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.redis = self.run(self.opened())
        self.inbox = Inbox(self.redis, process="one", most=MOST)
        self.run(self.inbox.open())
        self.threads = {name: Thread() for name in THREADS}
        self.seen: set[str] = set()
        self.taken_back: set[str] = set()
        self.ended: dict[str, str] = {}
        self.accepted: list[str] = []
        self.held: list[Job] = []
        self.sets: dict[str, list[str]] = {}

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(call)

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.runner.close()

    # What happens

    @rule(number=NUMBERS, take=st.booleans(), only_if_known=st.booleans())
    def put(self, number: int, *, take: bool, only_if_known: bool) -> None:
        name, thread = str(number), self.threads[thread_of(number)]
        item = message(name, alone=alone(name))
        placed = self.run(
            self.inbox.put(thread_of(number), item, keys=[name], take=take, only_if_known=only_if_known)
        )
        if name in self.seen:
            assert placed.outcome == "seen"
        elif only_if_known and not thread.known:
            assert placed.outcome == "unknown"
        elif name in self.taken_back:
            assert placed.outcome == "removed"
            self.seen.add(name)
        else:
            assert placed.outcome == "new"
            idle = not thread.box and thread.job is None
            self.seen.add(name)
            self.accepted.append(name)
            thread.box.append(name)
            thread.known = True
            self.hand_out(thread_of(number), placed.job if idle and take else None)
        assert placed.job is None or placed.job in self.held

    @rule(first=NUMBERS, count=st.integers(2, 6))
    def several_come(self, first: int, count: int) -> None:
        """While nobody takes any."""
        for number in range(first, first + count * len(THREADS), len(THREADS)):
            self.put(number, take=False, only_if_known=False)

    @rule(number=NUMBERS, delete=st.booleans(), place=st.integers(0, 30))
    def edit(self, number: int, *, delete: bool, place: int) -> None:
        """Edit any message, mostly one that is in the inbox."""
        inside = [name for name in self.accepted if name not in self.ended]
        number = int(inside[place % len(inside)]) if inside and place else number
        name, thread = str(number), self.threads[thread_of(number)]
        item = None if delete else message(name, "edited", alone=alone(name))
        outcome = self.run(self.inbox.edit(thread_of(number), name, item, keys=[])).outcome
        job = thread.job
        frozen = job is not None and name in job.members
        if name not in thread.box and not frozen:
            assert outcome == "unknown"
            # It may have overtaken its message.
            (self.taken_back.add if delete else self.taken_back.discard)(name)
        elif job is not None and frozen and job.begun:
            assert outcome == "too_late"
        else:
            assert outcome == ("removed" if delete else "replaced")
            if delete:
                (job.members if job is not None and frozen else thread.box).remove(name)
                self.ended[name] = "removed"

    @rule()
    def take(self) -> None:
        order = self.run(self.ready())
        job = self.run(self.inbox.take())
        for name in order:
            thread = self.threads[name]
            if thread.job is not None and thread.job.deliveries >= 8:
                self.ended |= dict.fromkeys(thread.job.members, "dead")
                thread.job = None
                # Its thread comes again after the others, which may be ready as well.
                order += [name] if thread.box else []
                continue
            assert job is not None
            self.hand_out(name, job)
            return
        assert job is None

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        job = self.pick(data)
        renewed = self.run(self.inbox.renew([job]))
        if (mine := self.mine(job)) is not None:
            mine.until = "leased"
            assert renewed.leases[job.thread].fence == job.fence
            self.swap(job, job.leased(renewed.leases[job.thread]))
        else:
            assert job.thread not in renewed.leases

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        job = self.pick(data)
        begun = self.attempt(self.inbox.begin(job))
        mine = self.mine(job)
        assert (begun is None) == (mine is None)
        if begun is not None and mine is not None:
            mine.begun = True
            assert names(begun) == mine.members
            self.swap(job, begun)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), take=st.booleans(), dead=st.sampled_from([None, "why"]))
    def finish(self, data: st.DataObject, *, take: bool, dead: str | None) -> None:
        job = self.pick(data)
        finished = self.attempt(self.inbox.finish(job, take=take, dead=dead))
        mine = self.mine(job)
        assert (finished is None) == (mine is None)
        if finished is None or mine is None:
            return
        thread = self.threads[job.thread]
        self.ended |= dict.fromkeys(mine.members, "dead" if dead else "finished")
        for name in mine.members:
            before = self.accepted[: self.accepted.index(name)]
            assert all(other in self.ended for other in before if thread_of(int(other)) == job.thread)
        thread.job = None
        self.forget(job.thread)
        if take and thread.box:
            assert finished.next is not None
            self.hand_out(job.thread, finished.next)
        else:
            assert finished.next is None

    @precondition(lambda self: self.held)
    @rule(data=st.data(), release=st.booleans())
    def let_go(self, data: st.DataObject, *, release: bool) -> None:
        job = self.pick(data)
        done = self.attempt(self.freed(job, release=release))
        mine = self.mine(job)
        assert (done is None) == (mine is None)
        if mine is not None:
            mine.fence, mine.until = 0, "ready" if release else "delayed"
            mine.deliveries -= release

    @rule(thread=st.sampled_from(THREADS))
    def time_passes(self, thread: str) -> None:
        """The lease, or the delay, of a thread is over; whoever held it may go on as a zombie."""
        if (job := self.threads[thread].job) is not None and job.until != "ready":
            self.run(expire(self.redis, thread))
            self.forget(thread)
            job.until = "ready"

    @precondition(lambda self: any(thread.job for thread in self.threads.values()))
    @rule(times=st.integers(1, 9))
    def processes_die(self, times: int) -> None:
        """Whoever takes a job dies of it, again and again."""
        for _ in range(times):
            for thread in THREADS:
                self.time_passes(thread)
            self.take()

    # The model's own

    def hand_out(self, name: str, job: Job | None) -> None:
        """Let the model freeze and lease a thread's job, and compare it with the one that was handed out."""
        if job is None:
            return
        thread = self.threads[name]
        if thread.job is None:
            count = 1
            while not alone(thread.box[0]) and count < MOST and thread.box[count:]:
                if alone(thread.box[count]):
                    break
                count += 1
            thread.job = Handed(thread.box[:count], turn=thread.box[0])
            del thread.box[:count]
        mine = thread.job
        assert mine.until == "ready"
        mine.deliveries += 1
        if mine.deliveries >= 3:
            thread.box[:0] = mine.members[1:]
            del mine.members[1:]
        assert (job.thread, job.turn, names(job)) == (name, mine.turn, mine.members)
        assert (job.deliveries, job.begun) == (mine.deliveries, mine.begun)
        assert job.dead == (mine.deliveries > 5)
        assert all(job.fence > other.fence for other in self.held)
        # Whatever was begun under a name was about the same items.
        assert self.sets.setdefault(job.set_id, names(job)) == names(job)
        mine.fence, mine.until = job.fence, "leased"
        self.held.append(job)

    def mine(self, job: Job) -> Handed | None:
        """Return the job in the model, if this is still the one that is held."""
        found = self.threads[job.thread].job
        return found if found is not None and found.fence == job.fence else None

    def pick(self, data: st.DataObject) -> Job:
        """Pick a job that was handed out at some time; the last ones are the likeliest to be held."""
        return data.draw(st.sampled_from(self.held[::-1]))

    def swap(self, old: Job, new: Job) -> None:
        self.held[self.held.index(old)] = new

    def forget(self, thread: str) -> None:
        """Let the leases of all who held a thread be over by their own clocks as well."""
        self.held = [replace(job, lease_until=0.0) if job.thread == thread else job for job in self.held]

    def attempt(self, call: Coroutine[Any, Any, T]) -> T | None:
        try:
            return self.run(call)
        except LeaseLost:
            return None

    async def freed(self, job: Job, *, release: bool) -> bool:
        await (self.inbox.release(job) if release else self.inbox.retry(job, 60))
        return True

    # What must hold at any time

    @invariant()
    def every_accepted_item_is_in_exactly_one_place(self) -> None:
        places = [name for thread in self.threads.values() for name in thread.box]
        places += [name for thread in self.threads.values() if thread.job for name in thread.job.members]
        assert sorted([*places, *self.ended]) == sorted(self.accepted)

    @invariant()
    def redis_holds_what_the_model_holds(self) -> None:
        dead, due, *found = self.run(self.read())
        assert sorted(json.loads(line)["item"]["id"] for line in dead) == sorted(
            name for name, end in self.ended.items() if end == "dead"
        )
        busy = {name for name, thread in self.threads.items() if thread.box or thread.job}
        assert {name.decode() for name in due} == busy
        for thread, box, members in zip(self.threads.values(), found[::2], found[1::2], strict=True):
            assert [ids(line) for line in box] == thread.box
            lines = [] if not members else members.split(b"\n")
            assert [ids(line) for line in lines] == (thread.job.members if thread.job else [])

    async def opened(self) -> Redis:
        redis = await self.stack.enter_async_context(open_state(self.url))
        await redis.flushdb()
        return redis

    async def ready(self) -> list[str]:
        """Name the threads that may be taken, in order, after setting them apart: no two in the same ms."""
        due = [
            name.decode() for name in await self.redis.zrange("{bot}:due", 0, -1) if isinstance(name, bytes)
        ]
        jobs = {name: self.threads[name].job for name in due}
        order = [name for name in due if (job := jobs[name]) is None or job.until == "ready"]
        if order:
            await self.redis.zadd("{bot}:due", {name: place for place, name in enumerate(order, 1)})
        return order

    async def read(self) -> list[Any]:
        async with self.redis.pipeline(transaction=False) as pipeline:
            pipeline.lrange("{bot}:dead", 0, -1)
            pipeline.zrange("{bot}:due", 0, -1)
            for name in THREADS:
                pipeline.lrange(f"{{bot}}:box:{name}", 0, -1)
                pipeline.hget(f"{{bot}}:job:{name}", "members")
            return list(await pipeline.execute())


def ids(line: bytes) -> str:
    return line.split(b"\t")[1].decode()


@pytest.mark.parametrize("server", ["fakeredis", "redis"])
def test_any_order_of_calls_leaves_the_inbox_as_the_model_has_it(
    server: str, request: pytest.FixtureRequest
) -> None:
    class Machine(Against):
        url = request.getfixturevalue("redis_server") if server == "redis" else None

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=30,
            stateful_step_count=40,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
