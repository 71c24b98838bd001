"""The two ways in which Slack reaches the bot: sockets or HTTP; both end at the same Bolt app."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from graph.errors import FirstlineError
from graph.tasks import end

log = structlog.get_logger()

SOCKETS = 2
"""Connections of a process: while Slack refreshes one, events come by the other."""
LOOK_S = 5.0
DEAD_S = 20.0
"""A connection that is down for longer is replaced: its client may hold on to an address that is gone."""
PATH = "/slack/events"
# What is none of these would only make the check of signatures stumble.
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


class TransportError(FirstlineError):
    """Slack does not let the bot connect."""


@dataclass(slots=True)
class Sockets:
    """Connections by Socket Mode, kept alive by a watchdog of our own."""

    app: AsyncApp
    app_token: str
    api_url: str
    others: Callable[[], Awaitable[int]]
    """Asks how many processes this Redis knows."""
    back: Callable[[float], None]
    """Told when connections are back after all were down, and since when they were."""
    handlers: list[AsyncSocketModeHandler] = field(default_factory=list)
    up: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once Slack has said hello."""
    _watch: asyncio.Task[None] | None = None
    _warned: int = 0

    async def open(self) -> None:
        """Connect; raises TransportError where Slack refuses the app token."""
        try:
            # The client itself would try a wrong token for ever.
            probe = AsyncWebClient(base_url=self.api_url, retry_handlers=[])
            await probe.apps_connections_open(app_token=self.app_token)
        except SlackApiError as error:
            why = error.response.get("error") if error.response.status_code == 200 else "no answer"
            if why in ("invalid_auth", "not_authed", "not_allowed_token_type", "missing_scope"):
                raise TransportError(
                    f"Slack refuses SLACK_APP_TOKEN ({why}): take an app-level token with connections:write."
                ) from None
            log.warning("socket.waiting", why=why)
        except (OSError, TimeoutError) as error:
            log.warning("socket.waiting", why=type(error).__name__)
        await asyncio.gather(*(self._connect() for _ in range(SOCKETS)))
        self._watch = asyncio.create_task(self._look_after())

    async def _connect(self) -> None:
        web_client = AsyncWebClient(base_url=self.api_url, retry_handlers=[])
        handler = AsyncSocketModeHandler(
            self.app, self.app_token, logger=logging.getLogger("slack_sdk.socket_mode"), web_client=web_client
        )
        handler.client.message_listeners.append(self._heard)
        self.handlers.append(handler)
        await handler.connect_async()  # type: ignore[no-untyped-call]

    async def _heard(self, _client: Any, message: Mapping[str, Any], _raw: str | None = None) -> None:
        if message.get("type") != "hello":
            return
        self.up.set()
        counted = int(message.get("num_connections") or 0)
        log.info("socket.connected", connections=counted)
        expected = await self.others() * SOCKETS
        if counted > max(expected, SOCKETS) and counted != self._warned:
            self._warned = counted
            log.warning(
                "socket.strangers",
                connections=counted,
                known=expected,
                hint="Another program is connected with this app token but not with this Redis:"
                " it gets some of the messages. Stop it, or give it an app of its own.",
            )

    async def _look_after(self) -> None:
        down: dict[int, float] = {}
        down_since: float | None = None
        while True:
            await asyncio.sleep(LOOK_S)
            if not await self._any():
                down_since = down_since or time.time()
            elif down_since is not None:
                if time.time() - down_since > DEAD_S:
                    self.back(down_since)
                down_since = None
            for handler in list(self.handlers):
                client: SocketModeClient = handler.client
                if await client.is_connected():
                    down.pop(id(handler), None)
                    continue
                down[id(handler)] = down.get(id(handler), 0.0) + LOOK_S
                if down[id(handler)] >= DEAD_S:
                    log.warning("socket.replaced")
                    down.pop(id(handler))
                    self.handlers.remove(handler)
                    await _closed(handler)
                    await self._connect()

    async def _any(self) -> bool:
        return any([await handler.client.is_connected() for handler in self.handlers])

    async def close(self) -> None:
        """Disconnect; Slack gives what is not acknowledged to other connections."""
        await end(self._watch)
        await asyncio.gather(*(_closed(handler) for handler in self.handlers))


async def _closed(handler: AsyncSocketModeHandler) -> None:
    with suppress(TimeoutError, OSError):
        async with asyncio.timeout(5):
            await handler.close_async()  # type: ignore[no-untyped-call]


async def _read(request: web.Request) -> AsyncBoltRequest | None:
    """Read a request; None where its body is none that Bolt could look at: it takes any for an object."""
    try:
        read = await to_bolt_request(request)
    except (ValueError, AttributeError):  # not JSON, or JSON that is no object
        return None
    return read if isinstance(read.body.get("event", {}), Mapping) else None


def add_events(application: web.Application, app: AsyncApp) -> None:
    """Let an aiohttp application take Slack's events over HTTP."""

    async def take(request: web.Request) -> web.Response:
        if not _TIMESTAMP.fullmatch(request.headers.get("X-Slack-Request-Timestamp", "")):
            log.warning("request.refused", why="no timestamp that is a number")
            return web.Response(status=401)
        if not _SIGNATURE.fullmatch(request.headers.get("X-Slack-Signature", "")):
            log.warning("request.refused", why="no signature that is one")
            return web.Response(status=401)
        try:
            read = await _read(request)
        except web.HTTPRequestEntityTooLarge:
            log.warning("request.refused", why="its body is larger than anything that Slack sends")
            raise
        if read is None:
            log.warning("request.refused", why="its body is no payload of Slack's")
            return web.Response(status=400)
        response = await app.async_dispatch(read)
        if response.status == 401:
            log.warning("request.refused", why="its signature is wrong or older than five minutes")
        return await to_aiohttp_response(response)

    application.router.add_post(PATH, take)
