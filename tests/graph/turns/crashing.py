"""Savers that end a turn between two steps, and a process of its own that answers until it is killed.

As a program: `python -m tests.graph.turns.crashing JSON`, with home, anthropic, redis, text, conversation
and, to stand still once a step is stored, node (`end` for after the last). Writes the words of each chunk as
a JSON line, then `frozen`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from typing_extensions import override

from graph.build import build_graph
from graph.checkpoint import RedisSaver
from graph.errors import StateError
from graph.run import run_turn
from graph.support import SAMPLE_SHOP, Support, open_support
from graph.turn import TextDelta
from tests.graph.turns.talking import make_turn, settings_for

NODES = ("retrieve", "route", "answer", "check")
END = "end"


def comes_next(checkpoint: Checkpoint, node: str) -> bool:
    """Tell whether this checkpoint is the one before a node; `end` is for the one after the last."""
    values = checkpoint["channel_values"]
    if node == END:
        return any(record["turn_id"] == values.get("turn_id") for record in values.get("records") or [])
    return f"branch:to:{node}" in (checkpoint.get("updated_channels") or [])


class StoppingSaver(RedisSaver):
    """Does something as soon as the checkpoint before a node is stored."""

    node = END
    then: Callable[[], Any]

    @override
    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        stored = await super().aput(config, checkpoint, metadata, new_versions)
        if comes_next(checkpoint, self.node):
            await self.then()
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


def with_saver(support: Support, node: str, then: Callable[[], Any]) -> Support:
    """Give the bot a saver that does `then` before a node."""
    saver = StoppingSaver(support.saver._redis)
    saver.node, saver.then = node, then
    return replace(support, saver=saver, graph=build_graph(saver))


async def _main(given: dict[str, str]) -> None:
    settings = settings_for(
        Path(given["home"]), anthropic=given["anthropic"], openai=None, redis=given["redis"]
    )
    async with open_support(settings, knowledge=SAMPLE_SHOP, people=True) as opened:
        support = with_saver(opened, given["node"], freeze) if "node" in given else opened
        turn = make_turn(given["text"], conversation=given["conversation"])
        async with aclosing(run_turn(support, turn)) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, TextDelta):
                    write(json.dumps(chunk.text))


if __name__ == "__main__":
    asyncio.run(_main(json.loads(sys.argv[1])))
