"""Bots that end a turn between two steps, and a process of its own that answers until it is killed.

As a program: `python -m tests.graph.turns.crashing JSON`, with home, anthropic, redis, text, conversation
and, to stand still before a step, node (`end` for when the last one is stored). Writes the words of each
chunk as a JSON line, then `frozen`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.runtime import Runtime
from typing_extensions import override

from graph.build import build_graph
from graph.checkpoint import RedisSaver
from graph.errors import StateError
from graph.run import run_turn
from graph.services import TurnContext
from graph.state import State
from graph.support import SAMPLE_SHOP, Support, open_support
from graph.turn import TextDelta
from tests.graph.turns.talking import QUESTION, make_turn, say, settings_for

NODES = ("retrieve", "route", "answer", "check")
END = "end"


async def nothing() -> None:
    """Do nothing."""


class StoppingSaver(RedisSaver):
    """Does something before and after a checkpoint is stored."""

    before: Callable[[], Any]
    after: Callable[[], Any]

    @override
    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        await self.before()
        stored = await super().aput(config, checkpoint, metadata, new_versions)
        await self.after()
        return stored


async def lose_redis() -> None:
    """Fail as the saver does when the connection is gone."""
    raise StateError("Redis cannot be reached")


def write(line: str) -> None:
    """Write a line for the process that watches this one."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def freeze() -> None:
    """Say so, and stand still."""
    write("frozen")
    await asyncio.Event().wait()


def with_saver(
    support: Support, *, before: Callable[[], Any] = nothing, after: Callable[[], Any] = nothing
) -> Support:
    """Give the bot a saver that does something before and after it stores a turn's state."""
    saver = StoppingSaver(support.saver._redis)
    saver.before, saver.after = before, after
    return replace(support, saver=saver, graph=build_graph(saver))


def with_step(support: Support, node: str, then: Callable[[], Any]) -> Support:
    """Give the bot a graph that does `then` before a node."""
    graph = build_graph(support.saver)
    step: Any = graph.builder.nodes[node].runnable
    run = step.afunc

    async def first(state: State, runtime: Runtime[TurnContext]) -> Any:
        await then()
        return await run(state, runtime=runtime)

    step.afunc = first
    return replace(support, graph=graph)


async def interrupted(support: Support, node: str, text: str = QUESTION) -> None:
    """Begin a turn and leave it before a node; `end` is for when it is stored, and nobody hears of it."""
    if node == END:
        with suppress(StateError):
            await say(with_saver(support, after=lose_redis), text)
        return
    reached = asyncio.Event()

    async def stand_still() -> None:
        reached.set()
        await asyncio.Event().wait()

    turn = asyncio.create_task(say(with_step(support, node, stand_still), text))
    await reached.wait()
    turn.cancel()
    await asyncio.wait([turn])


async def _main(given: dict[str, str]) -> None:
    settings = settings_for(
        Path(given["home"]), anthropic=given["anthropic"], openai=None, redis=given["redis"]
    )
    async with open_support(settings, knowledge=SAMPLE_SHOP, people=lambda: True) as opened:
        support = opened
        if "node" in given:
            at_end = given["node"] == END
            support = with_saver(opened, after=freeze) if at_end else with_step(opened, given["node"], freeze)
        turn = make_turn(given["text"], conversation=given["conversation"])
        async with aclosing(run_turn(support, turn)) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, TextDelta):
                    write(json.dumps(chunk.text))


if __name__ == "__main__":
    asyncio.run(_main(json.loads(sys.argv[1])))
