"""What the team's channel hears of: vendors that fail, the budget, and the end of both."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.control.budget import Budget
from evals.sim import Reply
from evals.sim.faults import Fault
from tests.bot.slack.control.managing import CUSTOMER, STAFF, cards, managed, told, words_of
from tests.bot.slack.serving import DM, QUESTION, TEAM_CHANNEL


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often."""
    monkeypatch.setattr("bot.slack.control.room.LOOK_S", 0.1)
    monkeypatch.setattr("bot.control.alarms.SEEN_S", 1)


async def test_a_budget_of_which_little_is_left_is_told_once_and_shown_in_the_home_tab(
    tmp_path: Path, redis_server: str
) -> None:
    async with managed(tmp_path, redis_server, bot_daily_budget_usd=5.0) as (on, redis):
        budget = Budget(redis, 5.0)
        await budget.end(await budget.begin(0.0), 4.1)
        await on.until(lambda: told(on, "82 % of today's budget of $5.00 is spent"))
        await asyncio.sleep(0.3)
        assert len(told(on, "today's budget")) == 1
        on.slack.open_home(STAFF)
        homes = on.slack.workspace.surfaces.homes
        await on.until(lambda: "$4.10 of $5.00" in words_of(homes.get(STAFF, {"blocks": []})))
        assert "82 %" in words_of(homes[STAFF])


async def test_a_channel_that_was_away_hears_of_it_later(
    tmp_path: Path, redis_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.control.alarms.AGAIN_S", 0.1)
    async with managed(tmp_path, redis_server, bot_daily_budget_usd=5.0) as (on, redis):
        on.slack.kick_bot(TEAM_CHANNEL)
        budget = Budget(redis, 5.0)
        await budget.end(await budget.begin(0.0), 5.0)
        await on.until(lambda: [c for c in on.slack.calls_of("chat.postMessage") if not c.ok])
        on.slack.invite_bot(TEAM_CHANNEL)
        await on.until(lambda: told(on, "100 % of today's budget"))


async def test_a_vendor_that_refuses_the_key_is_told_and_so_is_its_return(
    tmp_path: Path, redis_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.models.breaker.COOL_DOWN_S", 0.2)
    async with managed(tmp_path, redis_server) as (on, _):
        on.vendor.script.next(Reply(fault=Fault("status", status=401)))
        on.slack.say(CUSTOMER, DM, QUESTION)
        await on.until(lambda: told(on, "These fail again and again: anthropic claude-haiku-5-5"))
        await asyncio.sleep(0.5)
        on.slack.say(CUSTOMER, DM, "And how long for a tent?")
        await on.until(lambda: told(on, "Over: These fail"))
        assert len(told(on, "These fail")) == 2


async def test_the_home_tab_shows_who_waits_and_what_the_day_came_to(
    tmp_path: Path, redis_server: str
) -> None:
    async with managed(tmp_path, redis_server) as (on, _):
        on.slack.say(CUSTOMER, DM, QUESTION)
        await on.until(on.finished)
        on.slack.say(CUSTOMER, DM, "I want to talk to a person, please.")
        await on.until(lambda: cards(on, "bot_handoff"))
        await asyncio.sleep(0.3)  # until the card is noted too
        homes = on.slack.workspace.surfaces.homes
        on.slack.open_home(STAFF)
        await on.until(lambda: STAFF in homes)
        shown = words_of(homes[STAFF])
        assert f"<@{CUSTOMER}> has waited for 0 min" in shown
        assert "Today: 2 turns, 1 answered, 1 to people" in shown
