"""Limits and the budget as customers meet them: a kind sentence, a person, a quotation."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from bot.control.budget import Budget
from evals.sim import Reply
from evals.sim.script import Body, Vendor
from tests.bot.slack.control.managing import CUSTOMER, STAFF, cards, kept, managed, words_of
from tests.bot.slack.failing import saying
from tests.bot.slack.serving import DM, QUESTION


async def test_a_customer_over_the_limit_is_told_once_and_costs_nothing(
    tmp_path: Path, redis_server: str
) -> None:
    async with managed(tmp_path, redis_server, bot_limit_customer_minute=2) as (on, _):
        for number in range(4):
            on.slack.say(CUSTOMER, DM, f"{QUESTION} {number}")
            await asyncio.sleep(0.1)
        await on.until(lambda: len(on.finished()) == 3)
        await asyncio.sleep(0.3)
        said = [words_of(m) for m in on.finished()]
        assert len([words for words in said if "lot of messages in a short time" in words]) == 1
        assert len(said) == 3
        assert len(on.vendor.requests) == 2
        # Of the other customers nobody is limited by this one, and of the team nobody is at all.
        on.slack.say("U0OTHER", "D0OTHER", QUESTION)
        for number in range(3):
            on.slack.say(STAFF, "D0ANN", f"{QUESTION} {number}")
        await on.until(lambda: len(on.finished("D0ANN")) == 3 and on.finished("D0OTHER"))
        assert len(on.vendor.requests) == 6
        await on.stop()
        turns, _ = await kept(on)
    assert [turn.route.tier for turn in turns.values()].count("phrase") == 1


async def test_a_workspace_over_its_limit_is_told_so(tmp_path: Path, redis_server: str) -> None:
    async with managed(tmp_path, redis_server, bot_limit_workspace_minute=1) as (on, _):
        on.slack.say(CUSTOMER, DM, QUESTION)
        await on.until(on.finished)
        on.slack.say("U0OTHER", "D0OTHER", QUESTION)
        (answer,) = await on.until(lambda: on.finished("D0OTHER"))
        assert "A great many people are writing" in words_of(answer)
        assert len(on.vendor.requests) == 1


def answering(_vendor: Vendor, _body: Body) -> Reply:
    """Answer at a cost that is known."""
    return Reply("You have 30 days to send it back.", (), "end", 0.0, None)


async def spend(budget: Budget, usd: float) -> None:
    """Let the day have cost so much."""
    await budget.end(await budget.begin(0.0), usd)


async def test_as_the_budget_runs_out_a_person_takes_over_and_the_team_hears_of_it(
    tmp_path: Path, redis_server: str
) -> None:
    async with managed(tmp_path, redis_server, rule=answering, bot_daily_budget_usd=1.0) as (on, redis):
        budget = Budget(redis, 1.0)
        on.slack.say(CUSTOMER, DM, QUESTION)
        await on.until(on.finished)
        assert 0 < await budget.spent_usd() < 0.1
        await spend(budget, 1.0)
        requests = len(on.vendor.requests)
        on.slack.say(CUSTOMER, DM, "And how long for a tent?")
        await on.until(lambda: len(on.finished()) == 2)
        (card,) = await on.until(lambda: cards(on, "bot_handoff"))
        assert "budget is spent" in words_of(card)
        assert "one of my colleagues" in words_of(on.finished()[-1])
        assert len(on.vendor.requests) == requests
        await on.stop()
        turns, _ = await kept(on)
    last = turns[on.finished()[-1]["metadata"]["event_payload"]["turn"]]
    assert (last.route.tier, last.route.by, last.cost_usd) == ("person", "budget", 0.0)


async def test_with_the_budget_spent_and_nobody_there_the_articles_are_quoted(
    tmp_path: Path, redis_server: str
) -> None:
    async with managed(tmp_path, redis_server, bot_daily_budget_usd=1.0, bot_handoff_channel=None) as (
        on,
        redis,
    ):
        await spend(Budget(redis, 1.0), 1.0)
        on.slack.say(CUSTOMER, DM, QUESTION)
        (answer,) = await on.until(on.finished)
        on.slack.say(CUSTOMER, DM, "Thank you!")
        await on.until(lambda: len(on.finished()) == 2)
        assert "These are quotes from the articles" in words_of(answer)
        assert "You're welcome" in words_of(on.finished()[-1])
        assert not on.vendor.requests
        await on.stop()
        turns, _ = await kept(on)
    record = turns[answer["metadata"]["event_payload"]["turn"]]
    assert (record.route.tier, record.route.by) == ("extractive", "budget")


async def test_calls_under_way_count_so_that_many_at_once_do_not_pass_the_budget_together(
    tmp_path: Path, redis_server: str
) -> None:
    slow = saying("You have 30 days to send it back.", ttft_s=4.0)
    async with managed(
        tmp_path, redis_server, rule=slow, bot_daily_budget_usd=0.0005, slack_limits="off"
    ) as (on, _):
        on.slack.say("U0C0", "D0C0", QUESTION)
        await on.until(lambda: on.vendor.requests)
        for number in range(1, 6):
            on.slack.say(f"U0C{number}", f"D0C{number}", QUESTION)
        for number in range(6):
            await on.until(partial(on.finished, f"D0C{number}"))
        assert len(on.vendor.requests) == 1
        await on.until(lambda: len(cards(on, "bot_handoff")) == 5)


async def test_what_passes_a_limit_in_silence_is_remembered_all_the_same(
    tmp_path: Path, redis_server: str
) -> None:
    async with managed(tmp_path, redis_server, bot_limit_customer_minute=1) as (on, redis):
        root = on.slack.say(CUSTOMER, DM, QUESTION)
        await on.until(on.finished)
        on.slack.say(CUSTOMER, DM, "Is that so?", thread_ts=root)
        await on.until(lambda: len(on.finished()) == 2)
        on.slack.say(CUSTOMER, DM, "My order is number 4711.", thread_ts=root)
        await asyncio.sleep(0.5)
        await redis.delete(*await redis.keys("{bot}:said:*"))  # as after a minute
        on.slack.say(CUSTOMER, DM, "And how long for a tent?", thread_ts=root)
        await on.until(lambda: len(on.finished()) == 3)
        assert len(on.vendor.requests) == 2
        assert "4711" in str(on.vendor.requests[-1].body["messages"])
