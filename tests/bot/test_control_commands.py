"""`bot pause` and `bot resume`, and what other commands say of them."""

from __future__ import annotations

import asyncio
import getpass
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis
from typer.testing import Result

from bot.commands import app
from bot.control.drafts import Draft, DraftStore
from graph.state_store import open_state
from tests.cli import invoke
from tests.graph.records.samples import turn

Bot = Callable[..., Result]


@pytest.fixture
def bot(tmp_path: Path, redis_server: str) -> Bot:
    """A command over an empty Redis."""
    Redis.from_url(redis_server).flushdb()
    return lambda *words, **env: invoke(app, tmp_path, *words, **{"REDIS_URL": redis_server, **env})


def test_a_pause_says_where_who_and_why_and_so_does_its_end(bot: Bot) -> None:
    paused = bot("pause", "--reason", "wrong prices")
    assert paused.exit_code == 0
    assert f"paused everywhere by {getpass.getuser()} since " in paused.stdout
    assert "wrong prices" in paused.stdout
    resumed = bot("resume")
    assert resumed.exit_code == 0
    assert "wrong prices" in resumed.stdout


def test_a_second_pause_says_what_it_replaces(bot: Bot) -> None:
    bot("pause", "--reason", "wrong prices")
    again = bot("pause", "--reason", "still wrong")
    assert again.exit_code == 0
    assert "wrong prices. That is replaced." in again.stderr
    assert "still wrong" in again.stdout


def test_to_resume_what_is_not_paused_is_said_and_exits_1(bot: Bot) -> None:
    nothing = bot("resume")
    assert (nothing.exit_code, nothing.stderr) == (
        1,
        "Nothing to resume: no pause of everywhere was in force.\n",
    )
    bot("pause", "--channel", "C0123456789", "--reason", "wrong prices")
    other = bot("resume")
    assert other.exit_code == 1
    assert "Still paused in C0123456789" in other.stderr


@pytest.mark.parametrize(
    ("words", "env", "says"),
    [
        (("pause", "--reason", "x"), {"REDIS_URL": ""}, "REDIS_URL is not set"),
        (("resume",), {"REDIS_URL": ""}, "REDIS_URL is not set"),
        (("pause", "--reason", " "), {}, "say why"),
        (("pause", "--channel", "#help", "--reason", "x"), {}, "it must be a channel's ID"),
        (("resume", "--channel", "help"), {}, "it must be a channel's ID"),
        (("pause",), {}, "--reason"),
        (("pause", "--reason", "x"), {"REDIS_URL": "redis://127.0.0.1:1"}, "Redis cannot be reached"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    words: tuple[str, ...], env: dict[str, str], says: str, bot: Bot
) -> None:
    ran = bot(*words, **env)
    assert ran.exit_code == 2
    assert says in ran.output


def test_check_and_report_say_that_it_is_paused_and_what_is_left(bot: Bot) -> None:
    bot("pause", "--reason", "wrong prices")
    checked = bot("check", BOT_DAILY_BUDGET_USD="5", COLUMNS="200")
    assert "paused everywhere" in checked.stdout
    assert "budget of today (UTC): $0.0000 of $5.00 spent (0%)" in checked.stdout
    assert "wrong prices" in bot("report", COLUMNS="200").stdout
    numbers = json.loads(bot("report", "--json", BOT_DAILY_BUDGET_USD="5").stdout)
    assert numbers["paused"][0]["reason"] == "wrong prices"
    assert numbers["budget"] == {"usd": 5.0, "spent_usd": 0.0}


def test_forgetting_a_customer_takes_their_drafts_along(bot: Bot, redis_server: str) -> None:
    async def keep() -> None:
        async with open_state(redis_server) as redis:
            for name, customer in (("t1", "U1"), ("t2", "U2")):
                record = turn(name, customer=customer)
                await DraftStore(redis).put(Draft(record, ("Hello?",), "Hi.", {}, 0.0, 1.0))

    asyncio.run(keep())
    ran = bot("forget", "--customer", "U1")
    assert ran.stdout.startswith("1 ")
    client = Redis.from_url(redis_server, decode_responses=True)
    assert client.keys("{bot}:draft:*") == ["{bot}:draft:t2"]
    assert client.zrange("{bot}:drafts", 0, -1) == ["t2"]


def test_check_names_the_models_that_a_budget_does_not_see(bot: Bot, tmp_path: Path) -> None:
    (tmp_path / "home" / "prompts").mkdir(parents=True)
    tiers = '[tiers.small]\ncandidates = [{provider = "openai", model = "house-model"}]\n'
    (tmp_path / "home" / "tiers.toml").write_text(tiers, encoding="utf-8")
    env = {"BOT_HOME": "home", "OPENAI_BASE_URL": "http://127.0.0.1:1", "COLUMNS": "200"}
    assert "no price is known for house-model" in bot("check", BOT_DAILY_BUDGET_USD="5", **env).stdout
    assert "no price" not in bot("check", **env).stdout
