"""Another workspace installs the app, is served by the same process, and is left alone once it removes it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.serve import ServeError, serve
from bot.slack.installs.sealing import Seal
from bot.slack.installs.store import INSTALLED, Installations, States
from graph.errors import SettingsError
from graph.state_store import text_of
from tests.bot.slack.installs.installing import KEY, TWO, finished, install, installable
from tests.bot.slack.serving import CUSTOMER, DM, QUESTION

WITHIN_S = 60.0


async def test_a_workspace_that_installs_the_app_is_served_beside_the_first(
    tmp_path: Path, redis_server: str
) -> None:
    async with installable(tmp_path, redis_server) as (on, two, redis):
        assert (await install(on, two)).status == 200
        two.say(CUSTOMER, DM, QUESTION)
        on.slack.say(CUSTOMER, DM, QUESTION)
        await on.until(lambda: finished(two, DM) and on.finished(), WITHIN_S)
        assert len(two.messages(DM)) == len(on.slack.messages(DM)) == 2
        assert await redis.exists(f"{{bot}}:{TWO}:installed")
        keys = await redis.keys("*")
        values = [await redis.dump(key) for key in keys]
        assert not any(two.settings.bot_token.encode() in (value or b"") for value in values)
        # It asks for no person there: nobody takes over, so nobody is promised.
        two.say(CUSTOMER, DM, "I would like to talk to a person, please.")
        await on.until(lambda: len(finished(two, DM)) == 2, WITHIN_S)
        assert "can't reach anybody" in finished(two, DM)[-1]["text"]


async def left(redis: Redis) -> set[str]:
    """Return what is kept of the second workspace beside the ledger, which has a time of its own."""
    return {name for key in await redis.keys(f"*{TWO}*") if ":ledger:" not in (name := text_of(key))}


async def test_one_that_removes_the_app_leaves_no_token_and_is_not_served_any_more(
    tmp_path: Path, redis_server: str
) -> None:
    async with installable(tmp_path, redis_server) as (on, two, redis):
        await install(on, two)
        two.say(CUSTOMER, DM, QUESTION)
        await on.until(lambda: finished(two, DM), WITHIN_S)
        two.uninstall()
        await on.until(lambda: not two.deliveries.waiting(), WITHIN_S)
        for _ in range(200):
            if not await left(redis):
                break
            await asyncio.sleep(0.05)
        assert not await left(redis)
        assert await redis.hgetall(INSTALLED) == {}
        asked = len(two.calls)
        with capture_logs() as logs:
            two.say(CUSTOMER, DM, QUESTION)
            await on.until(lambda: [entry for entry in logs if entry["event"] == "event.foreign"], WITHIN_S)
        assert len(two.calls) == asked
        on.slack.say(CUSTOMER, DM, QUESTION)
        await on.until(on.finished, WITHIN_S)
        await install(on, two)
        two.say(CUSTOMER, DM, QUESTION)
        await on.until(lambda: len(finished(two, DM)) == 2, WITHIN_S)


async def test_another_process_serves_it_too_and_lets_go_of_it(tmp_path: Path, redis_server: str) -> None:
    """It is told by nobody: it looks who has installed the app."""
    async with installable(tmp_path, redis_server) as (on, two, redis):
        store = Installations(redis, Seal(KEY))
        await install(on, two)
        await on.stop()
        await on.start("http")
        two.say(CUSTOMER, DM, QUESTION)
        await on.until(lambda: finished(two, DM), WITHIN_S)
        with capture_logs() as logs:
            await store.remove(TWO)
            await on.until(lambda: [e for e in logs if e["event"] == "workspace.closed"], WITHIN_S)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"cookie": False}, 400),
        ({"code": "forged"}, 401),
        ({"state": "forged"}, 401),
        ({"error": "access_denied"}, 200),
    ],
    ids=["another browser", "a code that Slack did not give", "a state that we did not", "nobody allowed it"],
)
async def test_what_is_no_installation_installs_nothing(
    given: dict[str, Any], status: int, tmp_path: Path, redis_server: str
) -> None:
    async with installable(tmp_path, redis_server, anthropic_api_key=None) as (on, two, redis):
        assert (await install(on, two, **given)).status == status
        assert not await redis.exists(INSTALLED)
        assert not two.installed


async def test_a_state_is_good_for_once(tmp_path: Path, redis_server: str) -> None:
    async with installable(tmp_path, redis_server, start=False) as (_, _two, redis):
        states = States(redis)
        state = await states.async_issue()
        assert [await states.async_consume(state) for _ in range(2)] == [True, False]


async def test_keys_can_be_changed_one_after_the_other(tmp_path: Path, redis_server: str) -> None:
    new = Fernet.generate_key().decode()
    async with installable(tmp_path, redis_server, anthropic_api_key=None) as (on, two, redis):
        await install(on, two)
        both = await Installations(redis, Seal(f"{new},{KEY}")).find(TWO)
        assert both
        assert both.token == two.settings.bot_token
        alone = await Installations(redis, Seal(new)).find(TWO)  # the older key is not needed any more
        assert alone == both
        await on.stop()
        with capture_logs() as logs:
            await on.start("http")  # which has the older key alone
            await on.until(lambda: [e for e in logs if e["event"] == "workspace.unreadable"], WITHIN_S)
            two.say(CUSTOMER, DM, QUESTION)
            on.slack.say(CUSTOMER, DM, QUESTION)
            await on.until(on.finished, WITHIN_S)
        assert not finished(two, DM)


def test_a_key_that_is_none_is_named_by_its_place_and_not_shown() -> None:
    with pytest.raises(SettingsError, match=r"BOT_TOKEN_KEYS: key 2 is none; make one with") as caught:
        Seal(f"{KEY}, hush-hush")
    assert "hush" not in str(caught.value)
    with pytest.raises(SettingsError, match="holds no key"):
        Seal(" , ")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"slack_client_secret": None}, "are needed both"),
        ({"bot_token_keys": None}, "needs BOT_TOKEN_KEYS"),
        ({"bot_token_keys": SecretStr("none")}, "BOT_TOKEN_KEYS: key 1 is none"),
    ],
)
async def test_what_is_missing_is_said_at_the_start(
    changes: dict[str, object], says: str, tmp_path: Path, redis_server: str
) -> None:
    async with installable(tmp_path, redis_server, start=False, anthropic_api_key=None) as (on, _, _redis):
        settings = on.settings.model_copy(update=changes)
        with pytest.raises((ServeError, SettingsError), match=says):
            await serve(settings, transport="http", sample=True)
