"""A stage with a second workspace that installs the app in a browser."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from cryptography.fernet import Fernet
from redis.asyncio import Redis

from evals.bench.serving import free_port
from evals.sim.slack.actions import Actions
from evals.sim.slack.settings import SlackSettings
from evals.sim.slack.teams import Team
from graph.state_store import open_state
from tests.bot.slack.serving import Stage, over_http, stage

TWO = "T0TWO"
KEY = Fernet.generate_key().decode()


@dataclass(slots=True)
class Seen:
    """What a browser saw at the end."""

    status: int
    text: str


@asynccontextmanager
async def installable(
    folder: Path, redis_url: str, *, start: bool = True, **settings: Any
) -> AsyncIterator[tuple[Stage, Team, Redis]]:
    """Open a stage over HTTP and an empty Redis, with a workspace that has not installed the app yet."""
    port = free_port()
    slack = over_http(SlackSettings(retry_after_s=(0.0, 0.5, 1.0, 2.0)), port)
    given = {
        "redis_url": redis_url,
        "port": port,
        "slack_app_token": None,
        "slack_client_id": slack.client_id,
        "slack_client_secret": slack.client_secret,
        "bot_token_keys": KEY,
        "bot_drain_s": 2.0,
        **settings,
    }
    async with open_state(redis_url) as redis:
        await redis.flushdb()
        async with stage(folder, slack=slack, start=False, **given) as on:
            two = await on.slack.teams.open(TWO)
            if start:
                await on.start("http")
            yield on, two, redis


async def install(
    on: Stage, team: Team, *, code: str = "", state: str = "", error: str = "", cookie: bool = True
) -> Seen:
    """Go through the pages as a browser does."""
    base = f"http://127.0.0.1:{on.settings.port}"
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(cookie_jar=jar) as browser:
        async with browser.get(f"{base}/slack/install") as page:
            assert page.status == 200
            found = re.search(r"state=([\w-]+)", await page.text())
            assert found
            given = page.headers["Set-Cookie"].split(";")[0]
        query = {"code": code or on.slack.teams.allow(team), "state": state or found[1]}
        query = {"error": error} if error else query
        given = f"{given.partition('=')[0]}={state}" if state else given
        headers = {"Cookie": given} if cookie else {}
        async with browser.get(f"{base}/slack/oauth_redirect", params=query, headers=headers) as back:
            return Seen(back.status, await back.text())


def said(team: Actions, channel: str, root: str | None = None) -> list[str]:
    """Return the words of the bot's messages in a channel of a workspace."""
    return [m["text"] for m in team.messages(channel, root) if m.get("user") == team.settings.bot_user]


def finished(team: Actions, channel: str) -> list[dict[str, Any]]:
    """Return the bot's answers that are at their end."""
    return [m for m in team.messages(channel) if (m.get("metadata") or {}).get("event_type") == "bot_answer"]
