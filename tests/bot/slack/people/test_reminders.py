"""A reminder comes once, whichever of several processes posts it, and whenever one of them dies over it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.people.store import HandoffStore
from bot.slack.people.reminders import Reminders
from tests.bot.slack.control.test_processes import processes
from tests.bot.slack.crashing import Step, call, crash
from tests.bot.slack.people.helping import asked, cards, claimed, desk, passed
from tests.bot.slack.people.test_hours import always, home
from tests.bot.slack.serving import TEAM_CHANNEL, Stage

QUICK: dict[str, Any] = {"slack_timeout_s": 0.5, "bot_lease_s": 3.0, "bot_people_look_s": 0.2}
STEPS = {
    "before it is posted": Step("before", Reminders, "_words"),
    "when it is posted, and not noted": call("after", "chat.postMessage"),
    "when it is noted, and the card does not show it": Step("after", HandoffStore, "put"),
    "when the card shows it": call("after", "chat.update"),
}


@pytest.fixture
async def redis(redis_server: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_server) as client:
        await client.flushall()
        yield client


def reminded(on: Stage, root: str) -> int:
    return int(cards(on, root)[0]["metadata"]["event_payload"]["reminded"])


@pytest.mark.parametrize("step", STEPS)
async def test_whenever_a_process_dies_there_is_one(
    tmp_path: Path, redis: Redis, redis_server: str, step: str
) -> None:
    folder = home(tmp_path, always(3.0))
    async with desk(tmp_path, bot_home=folder, redis_url=redis_server, **QUICK) as on:
        root, card = await asked(on)
        await on.stop()
        assert reminded(on, root) == 0
        assert await crash(on, STEPS[step], tmp_path / "bot.log", lambda: None) == -9
        await on.start()
        await on.until(lambda: reminded(on, root) == 1, 30)
        await asyncio.sleep(1.5)
        assert len(passed(on, TEAM_CHANNEL, card["ts"])) == 1
        await claimed(on, root)


async def test_of_several_processes_one_reminds(tmp_path: Path, redis: Redis, redis_server: str) -> None:
    folder = home(tmp_path, always(6.0, 9.0))
    async with desk(tmp_path, bot_home=folder, redis_url=redis_server, **QUICK) as on:
        root, card = await asked(on)
        await on.stop()
        with processes(on, tmp_path):
            await on.until(lambda: reminded(on, root) == 2, 60)
            await asyncio.sleep(1.5)
        assert len(passed(on, TEAM_CHANNEL, card["ts"])) in (1, 2)
        texts = [
            m["metadata"]["event_payload"]["of"] for m in on.slack.messages(TEAM_CHANNEL, card["ts"])[1:]
        ]
        assert len(set(texts)) == len(texts)
        await on.start()
        await asyncio.sleep(1.0)
        assert len(passed(on, TEAM_CHANNEL, card["ts"])) == len(texts)
