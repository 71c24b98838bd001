"""A bot that hears nothing by itself: a stand-in for Slack, an inbox, and what finds the missed messages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from bot.inbox import Inbox, Job
from bot.metrics import Metrics
from bot.people.store import HandoffStore
from bot.slack.api import Slack, open_slack
from bot.slack.catch_up import CatchUp
from bot.slack.channels import Channels
from bot.slack.events import IncomingMessage, Pressed
from bot.slack.handoff import Handoffs
from bot.slack.incoming import read_event
from bot.slack.intake import Intake
from bot.slack.items import OVERTAKEN
from bot.slack.limiter import Limiter, Rates
from bot.slack.people.reception import Reception
from bot.tasks import Background
from bot.worker import Lease, Workers
from evals.sim.slack.server import SlackSim
from evals.sim.slack.settings import SlackSettings
from graph.state_store import open_state
from prompts import open_prompts

ANN, DM, HELP, TEAM_CHANNEL = "U0ANN", "D0ANN", "C0HELP", "C0TEAM"
LEASE_S, TIMEOUT_S = 0.3, 1.0
MINUTE, HOUR = 60.0, 3600.0


@dataclass(slots=True)
class Bot:
    """One process of the bot."""

    catch_up: CatchUp
    intake: Intake
    inbox: Inbox
    handoffs: Handoffs
    taken: list[str]
    """The words of each message that was worked on, in order."""

    async def hears(self, sim: SlackSim, channel: str, ts: str) -> None:
        """Get a message from Slack as it does when all is well."""
        raw = next(message for message in sim.messages(channel) if message["ts"] == ts)
        body = event(sim, channel, raw)
        assert await self.intake.receive(body)
        message = read_event(body, sim.settings.bot_user)
        assert isinstance(message, IncomingMessage)
        self.catch_up.saw(message)


@dataclass(slots=True)
class Scene:
    """What a test works with."""

    sim: SlackSim
    slack: Slack
    redis: Redis
    background: Background = field(default_factory=Background)
    _opened: list[Bot] = field(default_factory=list)

    def at(self, ago_s: float) -> None:
        """Set Slack's clock so far back."""
        self.sim.workspace.clock = lambda: time.time() - ago_s

    def say(self, text: str, *, ago_s: float = 5.0, channel: str = DM, thread: str | None = None) -> str:
        """Have Ann say something some time ago; what was said longest ago comes first."""
        self.at(ago_s)
        return self.sim.say(ANN, channel, text, thread)

    async def answer(
        self, *messages: str, channel: str = DM, root: str | None = None, more: bool = False
    ) -> str:
        """Answer messages of one thread as the bot does; with `more`, only in the first words of it."""
        names = [f"{self.sim.settings.team}:{channel}:{ts}" for ts in messages]
        said = await self.slack.call(
            "chat.postMessage",
            channel=channel,
            thread_ts=root or messages[0],
            text="There you are.",
            metadata={
                "event_type": "bot_answer",
                "event_payload": {"turn": names[0], "messages": names, **({"open": True} if more else {})},
            },
        )
        return str(said["ts"])

    async def stream(self, root: str, channel: str = DM) -> str:
        """Begin to stream an answer, and go no further."""
        chunks = [{"type": "markdown_text", "text": "There y"}]
        team = self.sim.settings.team
        said = await self.slack.call(
            "chat.startStream",
            channel=channel,
            thread_ts=root,
            chunks=chunks,
            recipient_user_id=ANN,
            recipient_team_id=team,
        )
        return str(said["ts"])

    async def bot(self, *, team_channel: str | None = TEAM_CHANNEL, limiter: Limiter | None = None) -> Bot:
        """Start another process, whose work on a message is to note its words."""
        team = self.sim.settings.team
        inbox = Inbox(self.redis, process=f"p{len(self._opened)}", lease_s=LEASE_S, tenant=team)
        await inbox.open()
        limiter = limiter or Limiter(self.redis, rates=Rates(unlimited=True))
        settings, phrases = self.sim.settings, open_prompts().phrases
        handoffs = Handoffs(
            self.redis, HandoffStore(self.redis, team), inbox, self.slack, limiter, phrases, "en",
            settings.team, settings.bot_user, team_channel, self.background,
        )  # fmt: skip
        taken: list[str] = []

        async def handle(lease: Lease) -> Job | None:
            if lease.job.members[0].kind == OVERTAKEN:
                await bot.catch_up.look_at(lease.job.thread)
            else:
                taken.extend(item.body["text"] for item in lease.job.members)
            return (await inbox.finish(lease.job)).next

        async def tell_presser(_press: Pressed) -> None:
            return None

        metrics = Metrics()
        workers = Workers(inbox, handle, LEASE_S, 10, metrics, started=True)
        intake = Intake(
            inbox,
            workers,
            Channels(),
            metrics,
            settings.bot_user,
            lambda _text: False,
            tell_presser,
            self.background,
            Reception(handoffs),
            tell_presser,
        )
        bot = Bot(CatchUp(intake, handoffs, LEASE_S), intake, inbox, handoffs, taken)
        self._opened.append(bot)
        return bot

    async def close(self) -> None:
        """End all processes."""
        for bot in self._opened:
            await bot.catch_up.close()
            await bot.intake.workers.drain(1.0)
        await self.background.settle(1.0)

    def cards(self) -> list[dict[str, Any]]:
        """Return the lists of missed messages in the team's channel."""
        return [
            message
            for message in self.sim.messages(TEAM_CHANNEL)
            if (message.get("metadata") or {}).get("event_type") == "bot_missed"
        ]


@asynccontextmanager
async def scene(settings: SlackSettings | None = None) -> AsyncIterator[Scene]:
    """Open the stand-in for Slack with a direct conversation, a channel, and the team's channel."""
    settings = settings or SlackSettings(transport="none")
    async with (
        SlackSim(settings) as sim,
        open_state(None) as redis,
        open_slack(settings.bot_token, Metrics(), url=sim.api_url, timeout_s=TIMEOUT_S) as slack,
    ):
        for channel in (DM, HELP, TEAM_CHANNEL):
            sim.workspace.channel(channel)
        opened = Scene(sim, slack, redis)
        try:
            yield opened
        finally:
            await opened.close()


def event(sim: SlackSim, channel: str, raw: dict[str, Any]) -> dict[str, Any]:
    """Write a message as the event that tells of it."""
    return {
        "type": "event_callback",
        "event_id": f"Ev{raw['ts']}",
        "team_id": sim.settings.team,
        "event": {**raw, "channel": channel},
    }


async def until(there: Callable[[], Any], within_s: float = 5.0) -> None:
    """Wait until something is there; raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while not there():  # nothing tells of it
            await asyncio.sleep(0.01)
