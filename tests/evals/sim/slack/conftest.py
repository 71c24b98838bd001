"""A workspace on a free port with a clock that stands still, and Slack's own client pointed at it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from evals.sim.slack import SlackSettings, SlackSim


@dataclass(slots=True)
class Clock:
    now: float

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock(time.time())


@pytest.fixture
async def slack(clock: Clock) -> AsyncIterator[SlackSim]:
    async with SlackSim(SlackSettings(transport="none"), clock) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield session


@pytest.fixture
def bot(slack: SlackSim, http: aiohttp.ClientSession) -> AsyncWebClient:
    token = slack.settings.bot_token
    return AsyncWebClient(token=token, base_url=slack.api_url, session=http, retry_handlers=[])
