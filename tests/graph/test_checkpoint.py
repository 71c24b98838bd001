"""The checkpointer keeps LangGraph's contract, on fakeredis and on a real Redis."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, Checkpoint, empty_checkpoint
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.graph import START, StateGraph
from redis.asyncio import Redis

from graph.checkpoint import RedisSaver
from graph.checkpoint_fields import PlainSerializer
from graph.errors import StateError, Superseded
from graph.fencing import Command
from graph.state_store import open_state
from graph.turn import Fence

ROOT = Path(__file__).parents[2]
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
ANY_TEXT = st.text(alphabet=st.characters(), max_size=20)


class State(TypedDict, total=False):
    """What the test graphs carry."""

    messages: Annotated[list[str], lambda old, new: [*old, *new][-20:]]
    step: str


@pytest.fixture(params=["fakeredis", "redis"])
async def redis(request: pytest.FixtureRequest) -> AsyncIterator[Redis]:
    """An empty state store, once in this process and once on a server."""
    url = request.getfixturevalue("redis_server") if request.param == "redis" else None
    async with open_state(url) as client:
        await client.flushall()
        yield client


def address(thread: str, namespace: str = "", checkpoint: str | None = None) -> RunnableConfig:
    """Name a conversation or one checkpoint of it."""
    return {"configurable": {"thread_id": thread, "checkpoint_ns": namespace, "checkpoint_id": checkpoint}}


def checkpoint_with(values: dict[str, Any]) -> Checkpoint:
    """Make a checkpoint in which every channel is at its first version."""
    return {**empty_checkpoint(), "channel_values": values, "channel_versions": dict.fromkeys(values, 1)}


def graph_of(saver: BaseCheckpointSaver[int]) -> Any:
    """Compile a graph of three nodes."""
    builder = StateGraph(State)

    async def node(state: State) -> State:
        return {"messages": [f"m{len(state.get('messages', []))}"]}

    previous = START
    for name in ("one", "two", "three"):
        builder.add_node(name, node)
        builder.add_edge(previous, name)
        previous = name
    return builder.compile(checkpointer=saver)


async def test_the_whole_conformance_suite_passes(redis: Redis) -> None:
    """All 81 tests of LangGraph's suite pass, those of the optional methods included."""

    @checkpointer_test(name="RedisSaver")
    async def factory() -> AsyncIterator[RedisSaver]:
        yield RedisSaver(redis, ttl_s=60)

    report = await validate(factory)
    results = report.results.values()
    assert [failure for result in results for failure in result.failures or ()] == []
    assert sum(result.tests_passed for result in results) == 81


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(thread=ANY_TEXT, namespace=ANY_TEXT, values=st.dictionaries(st.text(), PLAIN, max_size=4), write=PLAIN)
def test_any_plain_state_comes_back_as_it_was(
    thread: str, namespace: str, values: dict[str, Any], write: object
) -> None:
    """Whatever the names and the plain values are, what is read equals what was put."""

    async def round_trip() -> None:
        async with open_state(None) as redis:
            saver = RedisSaver(redis)
            first = checkpoint_with(values)
            at = await saver.aput(address(thread, namespace), first, {"step": 1}, first["channel_versions"])
            await saver.aput_writes(at, [("channel", write)], "task", "path")
            for config in (at, address(thread, namespace)):
                found = await saver.aget_tuple(config)
                assert found is not None
                assert found.checkpoint == first
                assert found.pending_writes == [("task", "channel", write)]

    asyncio.run(round_trip())


async def test_writes_that_follow_each_other_go_in_one_command(redis: Redis) -> None:
    """A turn of three nodes needs one read and one write a step, and no more."""
    saver = RedisSaver(redis, ttl_s=60)
    sent: list[object] = []
    run = saver._run

    async def count(*commands: Command, fence: Fence | None = None) -> Any:
        sent.extend(command[0] for command in commands)
        return await run(*commands, fence=fence)

    saver._run = count  # type: ignore[method-assign]
    await graph_of(saver).ainvoke({"messages": ["q"]}, address("t"), durability="sync")
    assert sent == ["HGETALL", "HSET", "EXPIRE", "HSET", "HSET", "HSET", "HSET"]


HELD = Fence("{bot}:job:t", "fence", "7")


async def test_behind_a_fence_that_stands_everything_is_written(redis: Redis) -> None:
    """The same graph leaves the same state as without one, and its time to live; pruning works too."""
    saver = RedisSaver(redis, ttl_s=60)
    await redis.hset(HELD.key, HELD.field, HELD.value)
    async with saver.holding("t", HELD):
        await graph_of(saver).ainvoke({"messages": ["q"]}, address("t"), durability="sync")
        await saver.aprune(["t"])
    found = await RedisSaver(redis).aget_tuple(address("t"))
    assert found is not None
    assert found.checkpoint["channel_values"]["messages"] == ["q", "m1", "m2", "m3"]
    assert len([checkpoint async for checkpoint in saver.alist(address("t"))]) == 1
    assert 0 < await redis.ttl("{bot}:conv:t") <= 60


@pytest.mark.parametrize("value", [None, "8"])
async def test_behind_a_fence_that_has_fallen_nothing_is_written(redis: Redis, value: str | None) -> None:
    """Checkpoints, writes and pruning alike; whoever has the conversation now finds it as they left it."""
    saver = RedisSaver(redis, ttl_s=60)
    at = await saver.aput(address("t"), empty_checkpoint(), {}, {})
    at = await saver.aput(at, empty_checkpoint(), {}, {})
    if value:
        await redis.hset(HELD.key, HELD.field, value)
    before = await redis.hgetall("{bot}:conv:t")
    async with saver.holding("t", HELD):
        with pytest.raises(Superseded):
            await saver.aput(at, empty_checkpoint(), {}, {})
        with pytest.raises(Superseded):
            await saver.aput_writes(at, [("a", 1)], "task-1")
        with pytest.raises(Superseded):
            await saver.aprune(["t"])
    assert await redis.hgetall("{bot}:conv:t") == before


async def test_a_fence_costs_no_further_command(redis: Redis) -> None:
    """It is checked where the write is made."""
    await redis.hset(HELD.key, HELD.field, HELD.value)
    saver = RedisSaver(redis, ttl_s=60)
    sent: list[object] = []
    execute = redis.execute_command

    async def count(*command: object, **options: Any) -> Any:
        sent.append(command[0])
        return await execute(*command, **options)  # type: ignore[no-untyped-call]

    redis.execute_command = count  # type: ignore[method-assign]
    async with saver.holding("t", HELD):
        await graph_of(saver).ainvoke({"messages": ["q"]}, address("t"), durability="sync")
    assert sent == ["HGETALL", "EVAL", "EVAL", "EVAL", "EVAL", "EVAL"]


async def test_a_write_is_stored_even_when_no_checkpoint_follows(redis: Redis) -> None:
    """A task's writes are in Redis when the call returns, and stay when another caller is cancelled."""
    saver = RedisSaver(redis)
    at = await saver.aput(address("t"), empty_checkpoint(), {}, {})
    other = asyncio.create_task(saver.aput_writes(at, [("a", 1)], "task-1"))
    mine = asyncio.create_task(saver.aput_writes(at, [("b", 2)], "task-2"))
    await asyncio.sleep(0)
    other.cancel()
    await mine
    found = await RedisSaver(redis).aget_tuple(at)
    assert found is not None
    assert found.pending_writes == [("task-1", "a", 1), ("task-2", "b", 2)]


async def test_two_hundred_pruned_turns_stay_small_and_keep_their_time_to_live(redis: Redis) -> None:
    """A pruned conversation holds one checkpoint, however long it lasts, and every turn renews its time."""
    saver = RedisSaver(redis, ttl_s=500)
    graph = graph_of(saver)
    sizes = []
    for _ in range(200):
        await graph.ainvoke({"messages": ["q" * 200]}, address("t"), durability="sync")
        await redis.expire(b"{bot}:conv:t", 5)
        await saver.aprune(["t"])
        sizes.append(sum(len(k) + len(v) for k, v in (await redis.hgetall(b"{bot}:conv:t")).items()))
    assert max(sizes) < 16_000
    assert sizes[-1] < 1.1 * sizes[20]
    assert len([found async for found in saver.alist(address("t"))]) == 1
    assert 400 < await redis.ttl(b"{bot}:conv:t") <= 500


async def test_a_new_conversation_has_a_time_to_live_at_once(redis: Redis) -> None:
    """A conversation that is never pruned still goes away."""
    await RedisSaver(redis, ttl_s=50).aput(address("t"), empty_checkpoint(), {}, {})
    assert 0 < await redis.ttl(b"{bot}:conv:t") <= 50


async def test_two_branches_of_a_conversation_keep_their_own_values(redis: Redis) -> None:
    """Going on from an older checkpoint does not overwrite what came after it."""
    saver = RedisSaver(redis)
    graph = graph_of(saver)
    await graph.aupdate_state(address("t"), {"step": "root"}, as_node="three")
    root = (await graph.aget_state(address("t"))).config
    left = await graph.aupdate_state(root, {"step": "left"}, as_node="three")
    right = await graph.aupdate_state(root, {"step": "right"}, as_node="three")
    assert (await graph.aget_state(left)).values["step"] == "left"
    assert (await graph.aget_state(right)).values["step"] == "right"


async def test_pruning_keeps_what_a_delta_channel_is_rebuilt_from(redis: Redis) -> None:
    """A conversation whose latest checkpoint counts deltas is not pruned: its value lies in older ones."""
    saver = RedisSaver(redis)
    at = await saver.aput(address("t"), empty_checkpoint(), {}, {})
    await saver.aput(at, empty_checkpoint(), {"counters_since_delta_snapshot": {"x": (1, 1)}}, {})
    await saver.aprune(["t"])
    assert len([found async for found in saver.alist(address("t"))]) == 2


async def test_an_unknown_strategy_is_refused(redis: Redis) -> None:
    """A misspelt strategy deletes nothing."""
    with pytest.raises(ValueError, match="keep_latest"):
        await RedisSaver(redis).aprune(["t"], strategy="keep")


def test_values_construct_nothing_on_load() -> None:
    """A value that names somebody's class is read as plain data, and one in an unknown format is refused."""

    class Somebody:
        """Looks like a model to the serializer."""

        def model_dump(self) -> dict[str, int]:
            return {"x": 1}

    evil = JsonPlusSerializer().dumps_typed(Somebody())
    assert PlainSerializer().loads_typed(evil) == {"x": 1}
    with pytest.raises(ValueError, match="unknown format"):
        PlainSerializer().loads_typed(("json", b'{"lc":1,"type":"constructor","id":["a","B"],"kwargs":{}}'))


@pytest.mark.parametrize(
    ("name", "value"),
    [("text", b"x"), ('["z",1]', b"x"), ('["c","","1"]', b"pickle:x"), ('["c","","1"]', b"msgpack:\xc1")],
)
async def test_a_damaged_conversation_is_named(redis: Redis, name: str, value: bytes) -> None:
    """What somebody else wrote into a conversation gives one sentence with its name."""
    await redis.hset("{bot}:conv:shop/7", name, value)
    with pytest.raises(StateError, match="shop/7"):
        await RedisSaver(redis).aget_tuple(address("shop/7"))


CHILD = """
    import asyncio, os, sys
    from graph.checkpoint import RedisSaver
    from graph.state_store import open_state
    from langgraph.graph import START, StateGraph
    from typing import TypedDict

    class State(TypedDict, total=False):
        question: str
        seen: str

    def node(name):
        async def run(state):
            print(name, flush=True)
            if name == "two" and sys.argv[2] == "hang":
                await asyncio.sleep(60)
            return {"seen": state.get("seen", "") + name + " "}
        return run

    async def main():
        async with open_state(sys.argv[1]) as redis:
            builder = StateGraph(State)
            previous = START
            for name in ("one", "two", "three"):
                builder.add_node(name, node(name))
                builder.add_edge(previous, name)
                previous = name
            graph = builder.compile(checkpointer=RedisSaver(redis, ttl_s=60))
            asked = {"question": "q"} if sys.argv[2] == "hang" else None
            config = {"configurable": {"thread_id": "killed"}}
            print(await graph.ainvoke(asked, config, durability="sync"), flush=True)

    asyncio.run(main())
"""


def test_a_killed_turn_goes_on_where_it_was(redis_server: str) -> None:
    """After kill -9 in the second node another process runs the second and the third, not the first."""
    command = [sys.executable, "-c", textwrap.dedent(CHILD), redis_server]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([*command, "hang"], stdout=subprocess.PIPE, env=environment) as first:
        assert first.stdout is not None
        assert [first.stdout.readline().strip() for _ in range(2)] == [b"one", b"two"]
        first.send_signal(signal.SIGKILL)
    second = subprocess.run([*command, "go on"], capture_output=True, env=environment, check=True, timeout=60)
    *nodes, result = second.stdout.decode().splitlines()
    assert nodes == ["two", "three"]
    assert result == "{'question': 'q', 'seen': 'one two three '}"
