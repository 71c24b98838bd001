"""A post that fails tells at once that the team's channel is gone, whoever made it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fakeredis import FakeAsyncRedis

from bot.inbox import Inbox
from bot.metrics import Metrics
from bot.people.store import HandoffStore
from bot.slack.api import Refused, Slack, open_slack
from bot.slack.limiter import Limiter, Rates
from bot.slack.people.handoff import Handoffs
from bot.tasks import Background
from evals.sim.slack.faults import SlackFault
from evals.sim.slack.server import SlackSim
from evals.sim.slack.settings import SlackSettings
from prompts import open_prompts
from tests.bot.slack.people.helping import desk
from tests.bot.slack.serving import CUSTOMER, DM, TEAM_CHANNEL


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[SlackSim, Slack, Handoffs]]:
    """Open handoffs over a stand-in for Slack."""
    redis = FakeAsyncRedis()
    async with SlackSim(SlackSettings()) as sim:
        sim.workspace.channel(TEAM_CHANNEL)
        sim.workspace.channel("C0HELP")
        async with open_slack(sim.settings.bot_token, Metrics(), url=sim.api_url) as slack:
            handoffs = Handoffs(
                redis, HandoffStore(redis), Inbox(redis, process="p"), slack,
                Limiter(redis, rates=Rates(unlimited=True)), open_prompts().phrases, "en",
                sim.settings.team, sim.settings.bot_user, TEAM_CHANNEL, Background(),
            )  # fmt: skip
            await handoffs.look()
            assert handoffs.reachable()
            yield sim, slack, handoffs
    await redis.aclose()


@pytest.mark.parametrize("why", ["is_archived", "channel_not_found", "not_in_channel"])
@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
async def test_a_refused_post_counts_at_once(why: str, method: str) -> None:
    async with opened() as (sim, slack, handoffs):
        sim.faults.add(SlackFault("error", method, error=why))
        with pytest.raises(Refused):
            await slack.call(method, channel=TEAM_CHANNEL, text="x", ts="1.000001")
        assert not handoffs.reachable()
        await handoffs.look()
        assert handoffs.reachable()


async def test_other_channels_and_other_refusals_say_nothing_of_it() -> None:
    async with opened() as (sim, slack, handoffs):
        sim.faults.add(SlackFault("error", "chat.postMessage", error="is_archived"))
        with pytest.raises(Refused):
            await slack.call("chat.postMessage", channel="C0HELP", text="x")
        sim.faults.add(SlackFault("error", "chat.postMessage", error="msg_too_long"))
        with pytest.raises(Refused):
            await slack.call("chat.postMessage", channel=TEAM_CHANNEL, text="x")
        assert handoffs.reachable()


async def test_a_look_that_began_before_a_post_failed_does_not_undo_it() -> None:
    async with opened() as (sim, slack, handoffs):
        sim.faults.add(SlackFault("slow", "conversations.info", seconds=0.3))
        looking = asyncio.create_task(handoffs.look())
        await asyncio.sleep(0.1)
        sim.faults.add(SlackFault("error", "chat.postMessage", error="is_archived"))
        with pytest.raises(Refused):
            await slack.call("chat.postMessage", channel=TEAM_CHANNEL, text="x")
        await looking
        assert not handoffs.reachable()


async def test_after_one_card_that_failed_nobody_is_promised_a_person(tmp_path: Path) -> None:
    async with desk(tmp_path, bot_people_look_s=600.0) as on:
        on.slack.archive(TEAM_CHANNEL)
        on.slack.say(CUSTOMER, DM, "I would like to talk to a person, please.")
        await on.until(lambda: [m for m in on.answers(DM) if "please don't wait here" in m["text"]])
        on.slack.say(CUSTOMER, DM, "A person, please!")
        await on.until(lambda: len(on.finished(DM)) == 2)
        assert "can't reach anybody" in str(on.finished(DM)[1])
