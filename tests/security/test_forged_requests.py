"""Requests that Slack did not send, or sent before: over HTTP, to the real way in and the real server."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.slack.intake import IntakeMiddleware
from bot.slack.transports import PATH, add_events
from evals.bench.serving import free_port
from evals.sim.slack.settings import SlackSettings
from tests.bot.slack.serving import CUSTOMER, DM, QUESTION, Stage, over_http, stage

SECRET = "planted-signing-secret"
CANARY = "FORGED-7Q3"


def event(**fields: Any) -> bytes:
    """Write an event in which somebody asks something."""
    inner = {
        "type": "message", "channel": DM, "channel_type": "im", "user": CUSTOMER,
        "text": f"{QUESTION} {CANARY}", "ts": f"{time.time():.6f}",
    }  # fmt: skip
    outer = {
        "type": "event_callback",
        "event_id": f"Ev{time.time_ns()}",
        "team_id": "T0SIM",
        "api_app_id": "A0SIM",
    }
    return json.dumps({**outer, "event": inner, **fields}).encode()


BODY = event()
NOW = "now"


def signed(secret: str = SECRET, body: bytes = BODY, at: str = NOW, version: str = "v0") -> dict[str, str]:
    """Return the headers that Slack would send."""
    stamp = str(int(time.time())) if at == NOW else at
    base = version.encode() + b":" + stamp.encode() + b":" + body
    mac = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"{version}={mac}"}


def altered(**headers: str | None) -> dict[str, str]:
    """Return right headers with some in other words, or without them."""
    made: dict[str, str | None] = {**signed()}
    made.update({name.replace("_", "-"): value for name, value in headers.items()})
    return {name: value for name, value in made.items() if value is not None}


def ago(seconds: float) -> str:
    return str(int(time.time() - seconds))


RIGHT = signed()["X-Slack-Signature"]
FORGED: dict[str, Any] = {
    "another secret": lambda: signed("guessed"),
    "an empty secret": lambda: signed(""),
    "the secret with a space": lambda: signed(SECRET + " "),
    "the signature of another body": lambda: signed(body=event(event_id="other")),
    "the signature of an empty body": lambda: signed(body=b""),
    "another version": lambda: signed(version="v1"),
    "no version": lambda: altered(X_Slack_Signature=signed()["X-Slack-Signature"].removeprefix("v0=")),
    "no signature": lambda: altered(X_Slack_Signature=None),
    "an empty signature": lambda: altered(X_Slack_Signature=""),
    "only the version": lambda: altered(X_Slack_Signature="v0="),
    "zeros": lambda: altered(X_Slack_Signature="v0=" + "0" * 64),
    "a part of it": lambda: altered(X_Slack_Signature=signed()["X-Slack-Signature"][:-1]),
    "more of it": lambda: altered(X_Slack_Signature=signed()["X-Slack-Signature"] + "0"),
    "capitals": lambda: altered(X_Slack_Signature=signed()["X-Slack-Signature"].upper()),
    "twice": lambda: altered(X_Slack_Signature=",".join([signed()["X-Slack-Signature"]] * 2)),
    "letters that are not ASCII": lambda: altered(X_Slack_Signature="v0=\u00e9" + "0" * 63),
    "no timestamp": lambda: altered(X_Slack_Request_Timestamp=None),
    "an empty timestamp": lambda: altered(X_Slack_Request_Timestamp=""),
    "words for a timestamp": lambda: signed(at="yesterday"),
    "a negative timestamp": lambda: signed(at="-1"),
    "a fraction": lambda: signed(at=f"{time.time():.3f}"),
    "an exponent": lambda: signed(at="1e10"),
    "a timestamp that is endless": lambda: signed(at="9" * 400),
    "digits of another script": lambda: altered(X_Slack_Request_Timestamp="\u0661\u0662"),
    "six minutes old": lambda: signed(at=ago(360)),
    "a day old": lambda: signed(at=ago(86_400)),
    "from 1970": lambda: signed(at="0"),
    "ten minutes ahead": lambda: signed(at=ago(-600)),
    "a timestamp that was changed": lambda: {**signed(at=ago(400)), "X-Slack-Request-Timestamp": ago(0)},
    "a bearer token instead": lambda: {"Authorization": f"Bearer {SECRET}"},
    "a token in the body": dict,
    "said to be a retry": lambda: {**signed("guessed"), "X-Slack-Retry-Num": "1"},
    "said to be checked": lambda: {"X-Slack-Verified": "true", "X-Forwarded-For": "127.0.0.1"},
}


@dataclass
class Heard:
    """What stands where the inbox begins."""

    bodies: list[Any] = field(default_factory=list)

    async def receive(self, body: object) -> bool:
        self.bodies.append(body)
        return True


@pytest.fixture
async def way_in() -> AsyncIterator[tuple[Heard, str]]:
    """The bot's own routes and Bolt app, as `serve` puts them together, before an inbox that listens."""

    async def authorize(**_: Any) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T0SIM", bot_token="x", bot_user_id="U0BOT")

    heard = Heard()
    bolt = AsyncApp(signing_secret=SECRET, authorize=authorize)
    bolt.use(IntakeMiddleware(heard.receive))
    application = web.Application(client_max_size=2**20)
    add_events(application, bolt)
    async with TestServer(application) as server:
        yield heard, str(server.make_url(PATH))


async def post(url: str, body: bytes, headers: dict[str, str], kind: str = "application/json") -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=io.BytesIO(body), headers={"Content-Type": kind, **headers}) as said,
    ):
        return said.status


@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED.keys())
async def test_what_slack_did_not_sign_goes_no_further(way_in: tuple[Heard, str], headers: Any) -> None:
    heard, url = way_in
    assert await post(url, BODY, headers()) in {400, 401}
    assert heard.bodies == []


BENT = {
    "a byte more": BODY + b" ",
    "another text": BODY.replace(b"How", b"Now"),
    "another user": BODY.replace(CUSTOMER.encode(), b"U0VICTIM00"),
    "another team": BODY.replace(b"T0SIM", b"T0EVIL"),
    "nothing": b"",
}


@pytest.mark.parametrize("body", BENT.values(), ids=BENT.keys())
async def test_a_body_that_was_bent_on_the_way_goes_no_further(
    way_in: tuple[Heard, str], body: bytes
) -> None:
    heard, url = way_in
    assert await post(url, body, signed()) in {400, 401}
    assert heard.bodies == []


@pytest.mark.parametrize(
    "kind", ["application/json", "application/x-www-form-urlencoded", "text/plain", "text/html"]
)
async def test_the_kind_of_body_lets_nothing_by(way_in: tuple[Heard, str], kind: str) -> None:
    heard, url = way_in
    for body in (
        BODY,
        b"payload=" + BODY,
        b"ssl_check=1&token=x",
        b'{"type": "url_verification", "challenge": "x"}',
    ):
        status = await post(url, body, signed("guessed", body), kind)
        assert status in {200, 400, 401}  # an ssl_check is answered, and does nothing
    assert heard.bodies == []


async def test_what_slack_signed_now_is_heard(way_in: tuple[Heard, str]) -> None:
    """The counter-check."""
    heard, url = way_in
    assert await post(url, BODY, signed()) == 200
    assert len(heard.bodies) == 1


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


async def test_the_running_bot_answers_none_of_them_and_a_replay_once(on: Stage, redis_server: str) -> None:
    """All forged requests and then ten copies of one that Slack signed, in its own and in other envelopes."""
    url = f"http://127.0.0.1:{on.settings.port}{PATH}"
    for headers in FORGED.values():
        assert await post(url, BODY, headers()) in {400, 401}
    for body in BENT.values():
        assert await post(url, body, signed(on.slack.settings.signing_secret)) in {400, 401}
    async with Redis.from_url(redis_server) as redis:
        assert not [key async for key in redis.scan_iter("*:box:*")]
    assert on.vendor.requests == []
    on.slack.say(CUSTOMER, DM, QUESTION)
    await on.until(on.finished)
    asked = on.slack.messages(DM)[0]
    message = {"type": "message", "channel": DM, "channel_type": "im", "user": CUSTOMER, "text": QUESTION}
    told = event(event_id="EvReplayed", event={**message, "ts": asked["ts"]}, team_id=on.slack.settings.team)
    other = event(event_id="EvOther", event={**message, "ts": asked["ts"]}, team_id=on.slack.settings.team)
    for body in (told, other) * 5:
        assert await post(url, body, signed(on.slack.settings.signing_secret, body)) == 200
    on.slack.say(CUSTOMER, DM, "And how do I pack it?", asked["ts"])
    await on.until(lambda: len(on.finished()) == 2)
    assert len(on.vendor.requests) == 2
