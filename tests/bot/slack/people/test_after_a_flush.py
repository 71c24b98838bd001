"""Redis loses everything while people have conversations: the bot stays quiet there, and nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from slack_sdk.web.async_client import AsyncWebClient

from tests.bot.slack.people.helping import (
    answered,
    asked,
    asked_of_model,
    cards,
    claimed,
    desk,
    passed,
    pressed,
    state,
)
from tests.bot.slack.serving import CHANNEL, CUSTOMER, DM, QUESTION, STAFF, TEAM_CHANNEL, Stage

QUICK: dict[str, Any] = {"slack_timeout_s": 0.5, "bot_lease_s": 3.0}
HELD_S = 15.0
"""Longer than new jobs are held back after a flush."""


@pytest.fixture
async def redis(redis_server: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_server) as client:
        await client.flushall()
        yield client


async def test_who_had_a_conversation_has_it_still_with_its_card_or_without(
    tmp_path: Path, redis: Redis, redis_server: str
) -> None:
    async with desk(tmp_path, redis_url=redis_server, **QUICK) as on:
        bot = on.slack.settings.bot_user
        with_card = await answered(on, CHANNEL)
        on.slack.say(STAFF, CHANNEL, "I will see to it.", with_card)
        await on.until(lambda: state(on, with_card) == ("claimed", STAFF))
        without = await answered(on, CHANNEL)
        on.slack.say(STAFF, CHANNEL, "Me again.", without)
        await on.until(lambda: state(on, without) == ("claimed", STAFF))
        on.slack.delete(TEAM_CHANNEL, cards(on, without)[0]["ts"])
        dm, card = await asked(on)
        on.slack.say(STAFF, TEAM_CHANNEL, "Hello there.", card["ts"])
        await on.until(lambda: passed(on, DM, dm))
        back = await answered(on, CHANNEL)
        on.slack.say(STAFF, CHANNEL, "Only a word.", back)
        await on.until(lambda: state(on, back) == ("claimed", STAFF))
        on.slack.say(CUSTOMER, CHANNEL, "Thank you!", back)
        await asyncio.sleep(0.2)
        await pressed(on, "hand_back", back, channel=CHANNEL)
        before = len(on.finished(CHANNEL)), len(on.finished(DM))
        await redis.flushall()
        for root in (with_card, without):
            on.slack.say(CUSTOMER, CHANNEL, f"<@{bot}> {QUESTION}", root)
        on.slack.say(CUSTOMER, DM, "My parcel is late.", dm)
        on.slack.say(STAFF, TEAM_CHANNEL, "Which one?", card["ts"])
        await on.until(lambda: len(passed(on, TEAM_CHANNEL, card["ts"])) == 1, HELD_S)
        await on.until(lambda: len(passed(on, DM, dm)) == 2, HELD_S)
        await on.until(lambda: state(on, without) == ("claimed", STAFF), HELD_S)  # a card again
        await answered(on, CHANNEL, "And for a tent?", back)
        await asyncio.sleep(0.5)
        assert (len(on.finished(CHANNEL)), len(on.finished(DM))) == (before[0] + 1, before[1])
        assert passed(on, DM, dm) == ["Hello there.", "Which one?"]
        await pressed(on, "resolve", dm)
        await answered(on, DM, root=dm)
        assert "Which one?" in asked_of_model(on)
        assert [len(cards(on, root)) for root in (with_card, without, dm, back)] == [1, 1, 1, 1]


async def test_a_bot_that_starts_on_an_empty_redis_reads_the_cards_before_it_answers(
    tmp_path: Path, redis: Redis, redis_server: str
) -> None:
    async with desk(tmp_path, redis_url=redis_server, **QUICK) as on:
        dm, _ = await asked(on)
        await claimed(on, dm)
        await on.stop()
        await redis.flushall()
        await on.start()
        on.slack.say(CUSTOMER, DM, QUESTION, dm)
        await asyncio.sleep(1.5)
        assert len(on.finished(DM)) == 1
        assert state(on, dm) == ("claimed", STAFF)


async def test_what_a_lost_press_had_begun_is_taken_away(
    tmp_path: Path, redis: Redis, redis_server: str
) -> None:
    async with desk(tmp_path, redis_url=redis_server, **QUICK) as on:
        root = await answered(on, DM)
        other = await answered(on, DM)
        begun = await stream(on, root)
        await redis.flushall()
        on.slack.say(CUSTOMER, DM, "And for a tent?", other)
        await on.until(lambda: len(on.finished(DM)) == 3, HELD_S)
        await on.until(lambda: begun not in {m["ts"] for m in on.slack.messages(DM)}, HELD_S)


async def stream(on: Stage, root: str) -> str:
    """Begin to stream as a process does that is gone now."""
    said = [{"type": "markdown_text", "text": "Of course."}]
    client = AsyncWebClient(on.slack.settings.bot_token, on.slack.api_url)
    begun = await client.chat_startStream(channel=DM, thread_ts=root, chunks=said)
    return str(begun["ts"])
