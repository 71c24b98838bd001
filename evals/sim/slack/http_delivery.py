"""Events over HTTP: signed requests to the app's URL, and requests that are signed wrongly on purpose."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlencode

import aiohttp

from evals.sim.slack.events import Payload, event_callback, url_verification
from evals.sim.slack.parcel import ACKED, NO_RETRY, TIMEOUT, Parcel, Settle
from evals.sim.slack.settings import SlackSettings

CONNECTION_FAILED = "connection_failed"
REASONS = {TIMEOUT: "http_timeout", CONNECTION_FAILED: "connection_failed"}
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
LARGE = 2**20
AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"

Headers: TypeAlias = dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the app answered; status 0 is a connection that ended without an answer."""

    status: int
    body: str
    no_retry: bool = False


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Slack's v0 signature over the raw body."""
    return (
        "v0="
        + hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    )


class HttpDelivery:
    """Delivers to `events_url`: 2xx within `ack_timeout_s` is an acknowledgement, anything else is none."""

    def __init__(self, settings: Callable[[], SlackSettings], settle: Settle) -> None:
        self._settings = settings
        self._settle = settle
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Make ready to send, over as many connections as there are requests at once."""
        connector = aiohttp.TCPConnector(limit=0)
        self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def close(self) -> None:
        """End the requests that are under way, and the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def send(self, parcel: Parcel) -> None:
        """Make one attempt, without waiting for it."""
        task = asyncio.create_task(self._send(parcel))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def verify_url(self) -> bool:
        """Whether the app's URL answers Slack's challenge."""
        challenge = secrets.token_urlsafe(24)
        answer = await self._ask(json.dumps(url_verification(challenge)).encode())
        return answer.status == 200 and challenge in answer.body

    async def forged(self, inner: Payload) -> Answer:
        """Send an event signed with a secret that is not the app's."""
        return await self._ask(self._event(inner), secret="forged")  # noqa: S106

    async def outdated(self, inner: Payload, age_s: float = 600.0) -> Answer:
        """Send a rightly signed event with a timestamp that is too old."""
        return await self._ask(self._event(inner), timestamp=str(int(time.time() - age_s)))

    async def unreadable_timestamp(self, inner: Payload) -> Answer:
        """Send an event whose timestamp is no number."""
        return await self._ask(self._event(inner), timestamp="yesterday")

    async def oversized(self, inner: Payload, size: int = 10 * 2**20) -> Answer:
        """Send a rightly signed event with `size` characters of text."""
        return await self._ask(self._event(inner | {"text": "x" * size}))

    async def _send(self, parcel: Parcel) -> None:
        body, kind = parcel.event.body.encode(), JSON
        if parcel.event.interactive:
            body, kind = urlencode({"payload": parcel.event.body}).encode(), FORM
        parcel.record.sent_at = time.monotonic()
        try:
            answer = await self._post(body, self._signed(body) | {"Content-Type": kind} | _retry(parcel))
        except TimeoutError:
            self._settle(parcel, TIMEOUT)
        except (aiohttp.ClientError, OSError):
            self._settle(parcel, CONNECTION_FAILED)
        else:
            parcel.record.status = answer.status
            self._settle(parcel, _outcome(answer))

    async def _ask(self, body: bytes, *, timestamp: str | None = None, secret: str | None = None) -> Answer:
        headers = self._signed(body, timestamp, secret) | {"Content-Type": JSON}
        try:
            return await self._post(body, headers)
        except (aiohttp.ClientError, OSError) as error:
            return Answer(0, repr(error))

    async def _post(self, body: bytes, headers: Headers) -> Answer:
        if self._session is None:
            raise RuntimeError("deliveries over HTTP are not open: await open() first")
        settings = self._settings()
        timeout = aiohttp.ClientTimeout(total=settings.ack_timeout_s)
        # aiohttp warns of large bytes, not of large files.
        data = body if len(body) < LARGE else io.BytesIO(body)
        async with self._session.post(
            settings.events_url, data=data, headers=headers, timeout=timeout, allow_redirects=False
        ) as response:
            no_retry = response.headers.get("X-Slack-No-Retry") == "1"
            return Answer(response.status, await response.text(errors="replace"), no_retry)

    def _signed(self, body: bytes, timestamp: str | None = None, secret: str | None = None) -> Headers:
        at = timestamp or str(int(time.time()))
        return {
            "X-Slack-Request-Timestamp": at,
            "X-Slack-Signature": signature(secret or self._settings().signing_secret, at, body),
            "User-Agent": AGENT,
            "Accept": "*/*",
        }

    def _event(self, inner: Payload) -> bytes:
        return json.dumps(event_callback(self._settings(), inner)).encode()


def _retry(parcel: Parcel) -> Headers:
    if not parcel.record.attempt:
        return {}
    return {
        "X-Slack-Retry-Num": str(parcel.record.attempt),
        "X-Slack-Retry-Reason": REASONS.get(parcel.after, "http_error"),
    }


def _outcome(answer: Answer) -> str:
    if 200 <= answer.status < 300:
        return ACKED
    return NO_RETRY if answer.no_retry else str(answer.status)
