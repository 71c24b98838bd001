"""The whole bot in this process, between a stand-in for Slack and one for the vendors."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.serve import serve_until
from bot.settings import BotSettings, Transport
from evals.bench.serving import free_port
from evals.sim import DefaultRule, Reply, Script, Sim
from evals.sim.script import Body, Vendor
from evals.sim.slack.server import SlackSim
from evals.sim.slack.settings import SlackSettings

CUSTOMER = "U0CUSTOMER"
DM = "D0CUSTOMER"
TEAM_CHANNEL = "C0TEAM"
STAFF = "U0STAFF"
"""A member of the team's channel."""
CHANNEL = "C0HELP"
QUESTION = "How long do I have to send back a jacket that does not fit?"


@dataclass(slots=True)
class Stage:
    """What a test works with."""

    slack: SlackSim
    vendor: Sim
    settings: BotSettings
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    serving: asyncio.Task[None] | None = None

    async def start(self, transport: Transport = "socket") -> None:
        """Start the bot and wait until Slack reaches it."""
        self.stopping = asyncio.Event()
        self.serving = asyncio.create_task(serve_until(self.stopping, self.settings, transport))
        await self.until(
            self.slack.deliveries.socket.connections.__len__ if transport == "socket" else self._open
        )

    def _open(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.settings.port)) == 0

    async def stop(self) -> None:
        """Let the bot drain, and wait for its end."""
        self.stopping.set()
        if self.serving:
            await self.serving
            self.serving = None

    def answers(self, channel: str = DM, thread_ts: str | None = None) -> list[dict[str, Any]]:
        """Return the bot's messages in a channel, oldest first."""
        user = self.slack.settings.bot_user
        return [m for m in self.slack.messages(channel, thread_ts) if m.get("user") == user]

    def finished(self, channel: str = DM) -> list[dict[str, Any]]:
        """Return the bot's messages that say which messages they answer."""
        return [
            m
            for m in self.answers(channel)
            if (m.get("metadata") or {}).get("event_type") == "bot_answer" and not m.get("streaming")
        ]

    async def until(self, there: Callable[[], Any], within_s: float = 40.0) -> Any:
        """Wait until something is there; raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while not (found := there()):
                if self.serving and self.serving.done():
                    self.serving.result()
                await asyncio.sleep(0.01)
        return found


@asynccontextmanager
async def stage(
    folder: Path,
    *,
    redis_url: str | None = None,
    rule: Callable[[Vendor, Body], Reply] | None = None,
    slack: SlackSettings | None = None,
    start: bool = True,
    **settings: Any,
) -> AsyncIterator[Stage]:
    """Open both stand-ins and, unless told not to, the bot."""
    script = Script(rule or DefaultRule(ttft_s=0.0, tokens_per_s=None))
    async with SlackSim(slack or SlackSettings()) as sim, Sim(script=script) as vendor:
        set_up = {
            "slack_bot_token": sim.settings.bot_token,
            "slack_app_token": sim.settings.app_token,
            "slack_signing_secret": sim.settings.signing_secret,
            "slack_api_url": sim.api_url,
            "anthropic_api_key": "sim-key",
            "anthropic_base_url": vendor.anthropic_url,
            "openai_api_key": None,
            "redis_url": redis_url,
            "bot_home": None,
            "bot_data": folder / "data",
            "port": free_port(),
            "metrics_port": 0,
            "slack_timeout_s": 2.0,
            "bot_lease_s": 6.0,
            "bot_limit_customer_minute": 0,
            **settings,
        }
        for channel in (DM, CHANNEL, TEAM_CHANNEL):
            sim.workspace.channel(channel)
        sim.join(STAFF, TEAM_CHANNEL)
        on = Stage(sim, vendor, BotSettings.model_validate(set_up))
        if start:
            await on.start()
        try:
            yield on
        finally:
            await on.stop()


def over_http(settings: SlackSettings, port: int) -> SlackSettings:
    """Return settings of a stand-in that sends its events over HTTP."""
    return replace(settings, transport="http", events_url=f"http://127.0.0.1:{port}/slack/events")
