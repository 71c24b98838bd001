"""A stand-in on a free port, and both real SDKs pointed at it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anthropic
import httpx2
import openai
import pytest

from evals.sim import Settings, Sim
from tests.evals.sim.asking import READ_S

KEY = "sim-key"


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with Sim(Settings(ping_s=0.05)) as running:
        yield running


# Plain clients, because those that the SDKs make read the system's certificates, which takes 50 ms a test.
@pytest.fixture
async def claude(sim: Sim) -> AsyncIterator[anthropic.AsyncAnthropic]:
    http = httpx2.AsyncClient(timeout=httpx2.Timeout(READ_S), verify=False)
    async with anthropic.AsyncAnthropic(
        api_key=KEY, base_url=sim.anthropic_url, max_retries=0, timeout=READ_S, http_client=http
    ) as client:
        yield client


@pytest.fixture
async def gpt(sim: Sim) -> AsyncIterator[openai.AsyncOpenAI]:
    http = httpx2.AsyncClient(timeout=httpx2.Timeout(READ_S), verify=False)
    async with openai.AsyncOpenAI(
        api_key=KEY, base_url=sim.openai_url, max_retries=0, timeout=READ_S, http_client=http
    ) as client:
        yield client
