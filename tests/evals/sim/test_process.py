"""The stand-in as a process of its own."""

from __future__ import annotations

import asyncio
import json
import signal
import sys

import openai

from tests.evals.sim.asking import ask_gpt

PROGRAM = "import asyncio; from evals.sim import Settings, serve; asyncio.run(serve(Settings()))"


async def test_it_prints_where_it_listens_answers_and_leaves_at_sigterm() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        "-c",
        PROGRAM,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    urls = json.loads(await asyncio.wait_for(process.stdout.readline(), 10))
    assert urls["openai"] == urls["anthropic"] + "/v1"
    async with openai.AsyncOpenAI(api_key="sim-key", base_url=urls["openai"], max_retries=0) as gpt:
        assert len((await ask_gpt(gpt)).text) == 85
        process.send_signal(signal.SIGTERM)
        _, errors = await asyncio.wait_for(process.communicate(), 5)
    assert (process.returncode, errors) == (0, b"")
