"""What reaches the bot over HTTP and is not as Slack sends it: refused or ignored, with a line."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from evals.bench.serving import free_port
from evals.sim.slack.settings import SlackSettings
from tests.bot.slack.serving import CUSTOMER, DM, QUESTION, Stage, over_http, stage


@pytest.fixture
async def on(tmp_path: Path, redis_server: str) -> AsyncIterator[Stage]:
    """The bot, listening over HTTP."""
    async with Redis.from_url(redis_server) as redis:
        await redis.flushdb()
    port = free_port()
    settings = over_http(SlackSettings(), port)
    async with stage(tmp_path, redis_url=redis_server, slack=settings, port=port, start=False) as opened:
        await opened.start("http")
        yield opened


async def send(on: Stage, body: bytes, *, secret: str | None = None, at: str | None = None) -> int:
    """Send a request as Slack would, or nearly; returns the status."""
    stamp = at or str(int(time.time()))
    key = (secret or on.slack.settings.signing_secret).encode()
    signature = "v0=" + hmac.new(key, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signature,
    }
    url = f"http://127.0.0.1:{on.settings.port}/slack/events"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=io.BytesIO(body), headers=headers) as said,
    ):
        return said.status


def event(on: Stage, **fields: Any) -> bytes:
    """Write an event; None leaves a field out."""
    inner = {
        "type": "message",
        "channel": DM,
        "channel_type": "im",
        "user": CUSTOMER,
        "text": QUESTION,
        "ts": "1.000100",
    }
    inner = {name: value for name, value in (inner | fields).items() if value is not None}
    outer = {"type": "event_callback", "event_id": f"Ev{time.time_ns()}", "team_id": on.slack.settings.team}
    return json.dumps({**outer, "event": inner}).encode()


async def still_answers(on: Stage) -> None:
    on.slack.say(CUSTOMER, DM, QUESTION)
    await on.until(on.finished)


@pytest.mark.parametrize(
    ("change", "status", "line"),
    [
        ({"secret": "forged"}, 401, "request.refused"),
        ({"at": "1000000000"}, 401, "request.refused"),
        ({"at": "yesterday"}, 401, "request.refused"),
    ],
    ids=["a forged signature", "a signature that is old", "a timestamp that is no number"],
)
async def test_what_slack_did_not_sign_now_is_refused(
    on: Stage, change: dict[str, str], status: int, line: str
) -> None:
    with capture_logs() as logs:
        assert await send(on, event(on), **change) == status
    assert line in [entry["event"] for entry in logs]
    assert on.vendor.requests == []
    await still_answers(on)


async def test_a_body_of_ten_megabytes_is_refused_before_it_is_read(on: Stage) -> None:
    with capture_logs() as logs:
        assert await send(on, b"x" * 10_000_000) == 413
    assert "request.refused" in [entry["event"] for entry in logs]
    await still_answers(on)


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "moon_rose"},
        {"text": None},
        {"user": None},
        {"ts": None},
        {"ts": "noon"},
        {"channel": None},
        {"text": {"not": "words"}},
    ],
    ids=str,
)
async def test_an_event_that_lacks_something_is_taken_and_ignored_with_a_line(
    on: Stage, fields: dict[str, Any]
) -> None:
    with capture_logs() as logs:
        assert await send(on, event(on, **fields)) == 200
    assert "event.ignored" in [entry["event"] for entry in logs]
    await still_answers(on)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"type": 3}', b'{"event": []}'], ids=repr)
async def test_a_body_that_is_no_event_is_no_crash(on: Stage, body: bytes) -> None:
    with capture_logs() as logs:
        assert await send(on, body) in {200, 400}
    assert [entry for entry in logs if entry["event"] in ("request.refused", "event.ignored")]
    assert not [entry for entry in logs if entry["log_level"] == "error"]
    await still_answers(on)


async def test_a_message_from_a_clock_that_is_ahead_is_answered_and_its_time_is_unknown(on: Stage) -> None:
    on.slack.workspace.clock = lambda: time.time() + 60
    on.slack.say(CUSTOMER, DM, QUESTION)
    with capture_logs() as logs:
        await on.until(on.finished)
        await on.until(lambda: [entry for entry in logs if entry["event"] == "turn.finished"])
    (line,) = [entry for entry in logs if entry["event"] == "turn.finished"]
    assert line.get("first_words_ms") is None
    assert line["outcome"] == "answered"
