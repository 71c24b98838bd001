"""The switch: while it is thrown no model answers, nobody is lost, and the team sees who threw it and why."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.control.pause import EVERYWHERE, Pauses
from tests.bot.slack.control.managing import (
    CUSTOMER,
    STAFF,
    ask,
    buttons,
    cards,
    kept,
    managed,
    told,
    words_of,
)
from tests.bot.slack.failing import saying
from tests.bot.slack.serving import CHANNEL, DM, QUESTION


async def test_while_a_channel_is_paused_its_messages_go_to_a_person_with_the_reason(
    tmp_path: Path, redis_server: str
) -> None:
    async with managed(tmp_path, redis_server, start=False) as (on, redis):
        await Pauses(redis).pause(CHANNEL, "ada", "wrong prices")
        await on.start()  # it was thrown before the process began
        ask(on, QUESTION)
        (answer,) = await on.until(lambda: on.finished(CHANNEL))
        (card,) = await on.until(lambda: cards(on, "bot_handoff"))
        assert "one of my colleagues" in words_of(answer)
        assert "paused: wrong prices" in words_of(card)
        assert not on.vendor.requests
        on.slack.say(CUSTOMER, DM, QUESTION)
        await on.until(on.finished)
        assert len(on.vendor.requests) == 1  # in direct messages the bot goes on
        await on.stop()
        turns, _ = await kept(on)
    route = turns[answer["metadata"]["event_payload"]["turn"]].route
    assert (route.tier, route.by, route.reason) == ("person", "person", "paused: wrong prices")


async def test_where_nobody_is_reachable_a_paused_bot_promises_nobody(
    tmp_path: Path, redis_server: str
) -> None:
    async with managed(tmp_path, redis_server, start=False, bot_handoff_channel=None) as (on, redis):
        await Pauses(redis).pause(EVERYWHERE, "ada", "wrong prices")
        await on.start()
        on.slack.say(CUSTOMER, DM, QUESTION)
        (answer,) = await on.until(on.finished)
        assert "nobody can answer here at the moment" in words_of(answer)
        assert "colleague" not in words_of(answer)
        assert not on.vendor.requests


async def test_the_team_pauses_and_resumes_in_its_home_tab(tmp_path: Path, redis_server: str) -> None:
    async with managed(tmp_path, redis_server) as (on, redis):
        homes, surfaces = on.slack.workspace.surfaces.homes, on.slack.workspace.surfaces
        on.slack.open_home(STAFF)
        await on.until(lambda: "I answer." in words_of(homes.get(STAFF, {"blocks": []})))
        on.slack.press_home(STAFF, "pause")
        await on.until(lambda: surfaces.modals)
        on.slack.submit(STAFF, {"text:0": "wrong <!channel> prices"})
        await on.until(lambda: "resume" in buttons(homes[STAFF]))
        shown = words_of(homes[STAFF])
        assert f"<@{STAFF}>" in shown
        assert "wrong" in shown
        assert "<!channel>" not in shown
        assert "pause" not in buttons(homes[STAFF])
        on.slack.say(CUSTOMER, DM, QUESTION)
        await on.until(on.finished)
        assert not on.vendor.requests
        on.slack.press_home(STAFF, "resume")
        await on.until(lambda: "pause" in buttons(homes[STAFF]))
        on.slack.say(CUSTOMER, DM, "And how long for a tent?")
        await on.until(lambda: on.vendor.requests)
        pauses = Pauses(redis)
        await pauses.look()
        assert pauses.all == ()


async def test_customers_see_their_own_home_tab_and_cannot_pause(tmp_path: Path, redis_server: str) -> None:
    async with managed(tmp_path, redis_server) as (on, redis):
        homes, surfaces = on.slack.workspace.surfaces.homes, on.slack.workspace.surfaces
        on.slack.open_home(CUSTOMER)
        await on.until(lambda: CUSTOMER in homes)
        assert "What can I help you with?" in words_of(homes[CUSTOMER])
        assert not buttons(homes[CUSTOMER])
        on.slack.open_home(STAFF)
        await on.until(lambda: STAFF in homes)
        homes[CUSTOMER] = homes[STAFF]  # as somebody would see it who has just left the team
        on.slack.press_home(CUSTOMER, "pause")
        on.slack.press_home(STAFF, "pause")
        await on.until(lambda: surfaces.modals)
        assert len(on.slack.calls_of("views.open")) == 1
        pauses = Pauses(redis)
        await pauses.look()
        assert pauses.all == ()


async def test_the_channel_hears_of_a_pause_once_and_of_its_end(
    tmp_path: Path, redis_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.control.room.LOOK_S", 0.1)
    async with managed(tmp_path, redis_server, start=False) as (on, redis):
        await Pauses(redis).pause(EVERYWHERE, STAFF, "wrong prices")
        await on.start()
        await on.until(lambda: told(on, "wrong prices"))
        await asyncio.sleep(0.3)
        assert len(told(on, "wrong prices")) == 1
        await Pauses(redis).resume(EVERYWHERE)
        await on.until(lambda: told(on, "Over: "))
        await asyncio.sleep(0.3)
        assert [m["text"].startswith("Over: ") for m in told(on, "wrong prices")] == [False, True]


async def test_an_answer_that_is_under_way_comes_to_its_end(tmp_path: Path, redis_server: str) -> None:
    slow = saying("You have thirty days to send it back, as long as it was not worn.", tokens_per_s=8)
    async with managed(tmp_path, redis_server, rule=slow) as (on, redis):
        on.slack.say(CUSTOMER, DM, QUESTION)
        await on.until(on.answers)
        await Pauses(redis).pause(EVERYWHERE, "ada", "wrong prices")
        (answer,) = await on.until(on.finished)
        assert "not worn" in words_of(answer)
        assert not cards(on, "bot_handoff")
