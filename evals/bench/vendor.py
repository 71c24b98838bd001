"""The vendors' stand-in in a process of its own, so that its CPU is not counted as the bot's."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from evals.sim.script import DefaultRule, Rule, Script
from evals.sim.server import Sim
from graph.settings import GraphSettings


@dataclass(frozen=True, slots=True)
class Seen:
    """What the stand-in saw of one request; times are of `time.perf_counter`, which all processes share."""

    arrived: float
    words_at: list[float]


class Vendor:
    """A running stand-in."""

    def __init__(self, process: asyncio.subprocess.Process, urls: dict[str, str]) -> None:
        self._process = process
        self.urls = urls

    async def seen(self) -> list[Seen]:
        """Return what was seen since the last call."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(b"seen\n")
        return [Seen(**one) for one in json.loads(await self._process.stdout.readline())]

    def settings(self, provider: str) -> GraphSettings:
        """Return settings by which the bot asks this stand-in and nobody else."""
        mine = {f"{provider}_api_key": "sim-key", f"{provider}_base_url": self.urls[provider]}
        other = "openai" if provider == "anthropic" else "anthropic"
        return GraphSettings.model_validate(
            {**mine, f"{other}_api_key": None, "redis_url": None, "bot_home": None}
        )


@asynccontextmanager
async def vendor(*, ttft_s: float, tokens_per_s: float | None) -> AsyncIterator[Vendor]:
    """Start a stand-in that answers in 85 tokens at this pace, and end it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "evals.bench.vendor", str(ttft_s), str(tokens_per_s or 0)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**26,
    )
    assert process.stdout
    try:
        yield Vendor(process, json.loads(await process.stdout.readline()))
    finally:
        process.terminate()
        await process.wait()


async def serve(rule: Rule) -> None:
    """Run both vendors' stand-ins in this process; each line of input is answered with what they saw."""
    async with Sim(script=Script(rule)) as sim:
        _say({"anthropic": sim.anthropic_url, "openai": sim.openai_url})
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, sys.stdin.readline):
            _say([{"arrived": request.arrived, "words_at": request.words_at} for request in sim.requests])
            sim.requests.clear()


def _say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve(DefaultRule(ttft_s=float(sys.argv[1]), tokens_per_s=float(sys.argv[2]) or None)))
