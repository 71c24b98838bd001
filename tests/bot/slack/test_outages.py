"""Redis or Slack fails, or the bot is told to end, in the middle of answers: each comes once, and whole."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.conversation import Conversations
from bot.keys import prefix_of
from evals.bench.serving import free_port
from evals.sim import Reply
from evals.sim.script import Body, Vendor
from evals.sim.slack.happenings import spoken
from evals.sim.slack.settings import SlackSettings
from tests.bot.slack.failing import (
    id_of,
    named,
    records_of,
    redis_that_fails,
    saying,
    streaming,
    words_of,
)
from tests.bot.slack.serving import CUSTOMER, DM, QUESTION, TEAM_CHANNEL, over_http, stage

WORDS = " ".join(f"On day {number} you may still send it back." for number in range(1, 13))
SOON: dict[str, Any] = {"ack_timeout_s": 2.5, "retry_after_s": (0.2,) * 60}
QUICK: dict[str, Any] = {"slack_timeout_s": 0.5, "bot_lease_s": 3.0}
SLOWLY = saying(WORDS, tokens_per_s=80.0)
"""For a second and a half."""


@pytest.fixture
async def empty(redis_server: str) -> str:
    """The URL of a real Redis with nothing in it."""
    async with Redis.from_url(redis_server) as client:
        await client.flushall()
    return redis_server


async def test_while_redis_is_away_no_event_is_acknowledged_and_each_is_answered_once_later(
    tmp_path: Path,
) -> None:
    port = free_port()
    settings = over_http(SlackSettings(**SOON), port)
    async with (
        redis_that_fails(tmp_path / "redis") as redis,
        stage(
            tmp_path, redis_url=redis.url, slack=settings, rule=saying(WORDS), port=port, start=False, **QUICK
        ) as on,
    ):
        await on.start("http")
        redis.kill()
        asked = [id_of(on, on.slack.say(CUSTOMER, DM, QUESTION)) for _ in range(3)]
        log = on.slack.deliveries.log
        await on.until(lambda: sum(delivery.status == 503 for delivery in log) > 3)
        assert not any(delivery.outcome == "acked" for delivery in log)
        await redis.start()
        await on.until(lambda: len(on.finished()) == 3, 20)
        await on.stop()
        assert named(on) == sorted(asked)
        assert len(on.answers()) == 3
        assert sorted(record.turn_id for record in await records_of(on)) == sorted(asked)


async def test_a_redis_that_stands_still_gets_no_event_acknowledged_over_a_socket(tmp_path: Path) -> None:
    settings = SlackSettings(**SOON)
    async with (
        redis_that_fails(tmp_path / "redis") as redis,
        stage(tmp_path, redis_url=redis.url, slack=settings, rule=saying(WORDS), **QUICK) as on,
    ):
        assert redis.process
        redis.process.send_signal(signal.SIGSTOP)
        asked = id_of(on, on.slack.say(CUSTOMER, DM, QUESTION))
        log = on.slack.deliveries.log
        await on.until(lambda: [delivery for delivery in log if delivery.outcome == "timeout"])
        redis.process.send_signal(signal.SIGCONT)
        await on.until(on.finished, 20)
        await on.until(lambda: not on.slack.deliveries.waiting())
        await on.stop()
        assert named(on) == [asked]
        assert len(on.answers()) == 1
        assert len(await records_of(on)) == 1


@pytest.mark.parametrize("way", ["killed", "stopped", "flushed"])
async def test_a_redis_that_fails_mid_answer_gets_the_turn_finished_once(tmp_path: Path, way: str) -> None:
    async with (
        redis_that_fails(tmp_path / "redis") as redis,
        stage(tmp_path, redis_url=redis.url, rule=SLOWLY, **QUICK) as on,
    ):
        asked = id_of(on, on.slack.say(CUSTOMER, DM, QUESTION))
        await on.until(on.answers)
        assert redis.process
        if way == "flushed":
            async with Redis.from_url(redis.url) as client:
                await client.flushall()
        elif way == "killed":
            redis.kill()
            await asyncio.sleep(2.0)
            await redis.start()
        else:
            redis.process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(2.0)
            redis.process.send_signal(signal.SIGCONT)
        await on.until(on.finished, 20)
        await on.stop()
        (answer,) = on.answers()
        assert (named(on), words_of(answer)) == ([asked], WORDS)
        assert not streaming(answer)
        (record,) = await records_of(on)
        assert (record.turn_id, record.outcome) == (asked, "answered")


async def test_what_was_answered_before_a_flush_and_comes_again_joins_no_later_answer(
    tmp_path: Path, empty: str
) -> None:
    waits = iter((0.0,))

    def rule(vendor: Vendor, body: Body) -> Reply:
        return saying(WORDS, ttft_s=next(waits, 2.5))(vendor, body)

    async with stage(tmp_path, redis_url=empty, rule=rule, **QUICK) as on:
        root = on.slack.say(CUSTOMER, DM, QUESTION)
        await on.until(on.finished)
        later = on.slack.say(CUSTOMER, DM, "Do you sell tents?", thread_ts=root)
        await on.until(lambda: len(on.vendor.requests) == 2)
        async with Redis.from_url(empty) as client:
            await client.flushall()
        # Until the process has put back what it works on.
        await asyncio.sleep(1.3)
        channel = on.slack.workspace.channel(DM)
        on.slack.deliveries.deliver(spoken(channel, on.slack.workspace.find_message(channel, root)))
        await on.until(lambda: len(on.finished()) == 2, 20)
        await on.stop()
        assert [message["metadata"]["event_payload"]["messages"] for message in on.finished()] == [
            [id_of(on, root)],
            [id_of(on, later)],
        ]


async def test_a_bot_that_is_told_to_end_finishes_what_it_streams(tmp_path: Path) -> None:
    async with stage(tmp_path, rule=SLOWLY) as on:
        asked = sorted(id_of(on, on.slack.say(CUSTOMER, DM, QUESTION)) for _ in range(8))
        await on.until(lambda: len(on.answers()) == 8)
        assert any(streaming(message) for message in on.answers())
        await on.stop()
        assert named(on) == asked
        assert [words_of(message) for message in on.answers()] == [WORDS] * 8
        assert not any(streaming(message) for message in on.answers())
        assert sorted(record.turn_id for record in await records_of(on)) == asked


async def test_what_does_not_end_in_time_is_given_back_and_finished_by_another(
    tmp_path: Path, empty: str
) -> None:
    async with stage(tmp_path, redis_url=empty, rule=SLOWLY, bot_drain_s=0.3, **QUICK) as on:
        asked = sorted(id_of(on, on.slack.say(CUSTOMER, DM, QUESTION)) for _ in range(6))
        await on.until(lambda: len(on.answers()) == 6)
        await on.stop()
        left = [message for message in on.answers() if streaming(message)]
        assert left
        await on.start()
        await on.until(lambda: len(on.finished()) == 6 and not any(map(streaming, on.answers())), 20)
        await on.stop()
        assert named(on) == asked
        assert [words_of(message) for message in on.answers()] == [WORDS] * 6
        assert sorted(record.turn_id for record in await records_of(on)) == asked


async def test_what_fails_each_time_is_given_up_with_an_apology_and_a_card_and_the_next_one_is_answered(
    tmp_path: Path, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Conversations.answer

    async def poisoned(self: Conversations, turn: Any, *rest: Any, **named: Any) -> Any:
        if "poison" in turn.text:
            raise RuntimeError("poison")
        return await answer(self, turn, *rest, **named)

    monkeypatch.setattr(Conversations, "answer", poisoned)
    monkeypatch.setattr("bot.worker.RETRY_S", (0.05,))
    monkeypatch.setattr("bot.worker.POLL_S", 0.05)
    people: dict[str, Any] = {"bot_handoff_channel": TEAM_CHANNEL}
    # To write a trace with all its values takes seconds.
    with capture_logs() as logs:
        async with stage(tmp_path, redis_url=empty, rule=saying(WORDS), **people) as on:
            asked = on.slack.say(CUSTOMER, DM, "Is this poison?")
            after = on.slack.say(CUSTOMER, DM, QUESTION, thread_ts=asked)
            await on.until(lambda: len(on.finished()) == 2)
            await on.stop()
            assert named(on) == [id_of(on, asked), id_of(on, after)]
            assert sum(line["event"] == "job.failed" for line in logs) == 5
            apology, answered = on.answers()
            assert words_of(apology).strip()
            assert "On day 1 " not in words_of(apology)
            assert words_of(answered) == WORDS
            assert len(on.answers(TEAM_CHANNEL)) == 1
            outcomes = {record.messages: record.outcome for record in await records_of(on)}
            assert outcomes == {(id_of(on, asked),): "failed", (id_of(on, after),): "answered"}
            async with Redis.from_url(empty) as client:
                assert await client.llen(f"{prefix_of(on.slack.settings.team)}dead") == 1
