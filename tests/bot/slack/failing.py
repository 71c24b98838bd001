"""What goes wrong around a bot in a test, and the look at what it made of it."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.app import open_ledger
from evals.bench.serving import free_port
from evals.sim import Reply
from evals.sim.script import Body, Rule, Vendor
from graph.turn import TurnRecord
from tests.bot.slack.serving import DM, Stage
from tests.redis_server import give_up, redis_executable


@dataclass(slots=True)
class RedisServer:
    """A Redis that keeps what it acknowledged when it is killed, and comes back at the same address."""

    executable: str
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        where = ("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder))
        kept = ("--appendonly", "yes", "--appendfsync", "always", "--save", "")
        self.process = subprocess.Popen([self.executable, *where, *kept], stdout=subprocess.DEVNULL)
        async with asyncio.timeout(10), Redis.from_url(self.url) as client:
            while not await _answers(client):
                await asyncio.sleep(0.02)

    def kill(self) -> None:
        """End it as a crash does."""
        if self.process:
            self.process.kill()
            self.process.wait()


async def _answers(client: Redis) -> bool:
    try:
        return bool(await client.ping())
    except (RedisError, OSError):
        return False


@asynccontextmanager
async def redis_that_fails(folder: Path) -> AsyncIterator[RedisServer]:
    """Run a Redis that a test may kill, stop and start again."""
    executable = redis_executable()
    if executable is None:
        give_up()
    folder.mkdir(parents=True, exist_ok=True)
    server = RedisServer(executable, folder, free_port())
    await server.start()
    try:
        yield server
    finally:
        server.kill()


def saying(text: str, *, ttft_s: float = 0.0, tokens_per_s: float | None = None) -> Rule:
    """Return a vendors' rule that always answers the same."""

    def rule(_vendor: Vendor, _body: Body) -> Reply:
        return Reply(text, (), "end", ttft_s, tokens_per_s)

    return rule


async def records_of(on: Stage) -> tuple[TurnRecord, ...]:
    """Return the turns in the ledger of a stage."""
    async with open_ledger(on.settings) as ledger:
        return await ledger.turns()


def named(on: Stage, channel: str = DM) -> list[str]:
    """Return the messages that answers name, each as often as it is named, in order."""
    lists = (message["metadata"]["event_payload"]["messages"] for message in on.finished(channel))
    return sorted(name for names in lists for name in names)


def words_of(message: dict[str, Any]) -> str:
    """Return what a message says: its Markdown blocks where it has some, else its text."""
    blocks = [str(block["text"]) for block in message.get("blocks") or () if block["type"] == "markdown"]
    return "".join(blocks) or str(message["text"])


def streaming(message: dict[str, Any]) -> bool:
    """Tell whether Slack shows a message as still being written."""
    return message.get("streaming_state") == "in_progress"


def id_of(on: Stage, ts: str, channel: str = DM) -> str:
    """Return the id of a message."""
    return f"{on.slack.settings.team}:{channel}:{ts}"
