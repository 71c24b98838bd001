"""Deliveries on a real server, and the two ways in which Slack's own libraries receive them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import WSMessage, web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from evals.sim.slack.delivery import Deliveries
from evals.sim.slack.settings import SlackSettings

Event = dict[str, Any]
SETTINGS = SlackSettings(ack_timeout_s=3.0, retry_after_s=(0.0, 0.02, 0.02))
"""Retries that tests can wait for, after patience that outlasts a busy machine."""
UNHEARD = replace(SETTINGS, ack_timeout_s=0.03)
"""For tests in which nobody acknowledges."""


def message(number: int = 0, **fields: Any) -> Event:
    ts = f"1700000000.{number:06}"
    said = {"type": "message", "channel": "D1", "user": "U1", "text": f"hello {number}", "ts": ts}
    return said | {"event_ts": ts, "channel_type": "im"} | fields


def press() -> Event:
    return {"type": "block_actions", "trigger_id": "1.2.a", "container": {"message_ts": "1700000000.000001"}}


async def until(holds: Callable[[], object], patience_s: float = 3.0) -> None:
    async with asyncio.timeout(patience_s):
        while not holds():
            await asyncio.sleep(0.002)


async def listen(routes: list[web.RouteDef]) -> tuple[web.AppRunner, str]:
    """Serve the routes on a free port and return the server with its address."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


@dataclass
class Slack:
    """A server with deliveries, and where it is."""

    deliveries: Deliveries
    url: str


@contextlib.asynccontextmanager
async def slack_with(settings: SlackSettings = SETTINGS) -> AsyncIterator[Slack]:
    where: list[str] = []
    deliveries = Deliveries(settings, lambda: where[0])

    async def open_connection(request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "url": deliveries.open_connection()})

    route = web.post("/api/apps.connections.open", open_connection)
    runner, url = await listen([*deliveries.routes(), route])
    where.append(url)
    await deliveries.open()
    try:
        yield Slack(deliveries, url)
    finally:
        await deliveries.close()
        await runner.cleanup()


@dataclass
class SocketApp:
    """One process of an app on Socket Mode: the SDK's client, acknowledging while `acks` holds."""

    client: SocketModeClient
    acks: bool = True
    heard: list[SocketModeRequest] = field(default_factory=list)
    said: list[dict[str, Any]] = field(default_factory=list)
    """All else that came: hello and disconnect."""

    async def hear(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        self.heard.append(request)
        if self.acks:
            await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

    async def note(self, raw: WSMessage) -> None:
        said = raw.json()
        if "envelope_id" not in said:
            self.said.append(said)

    def event_ids(self) -> list[str]:
        return [request.payload["event_id"] for request in self.heard]

    def texts(self) -> list[str]:
        return [request.payload["event"]["text"] for request in self.heard]


@contextlib.asynccontextmanager
async def socket_app(slack: Slack, *, acks: bool = True, ping_s: float = 5.0) -> AsyncIterator[SocketApp]:
    web_client = AsyncWebClient(base_url=f"{slack.url}/api/")
    token = slack.deliveries.settings.app_token
    app = SocketApp(SocketModeClient(token, web_client=web_client, ping_interval=ping_s), acks)
    app.client.socket_mode_request_listeners.append(app.hear)
    app.client.on_message_listeners.append(app.note)
    try:
        await app.client.connect()  # type: ignore[no-untyped-call]
        await until(lambda: app.said)
        yield app
    finally:
        await app.client.close()  # type: ignore[no-untyped-call]


@dataclass
class HttpApp:
    """An app on HTTP: Bolt's, behind a handler that can fail before it is asked."""

    bolt: AsyncApp
    url: str = ""
    failing: list[web.Response] = field(default_factory=list)
    """What the next requests get instead."""
    stall_s: float = 0.0
    requests: list[web.Request] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        await asyncio.sleep(self.stall_s)
        if self.failing:
            return self.failing.pop(0)
        return await to_aiohttp_response(await self.bolt.async_dispatch(await to_bolt_request(request)))


@contextlib.asynccontextmanager
async def http_app(slack: Slack) -> AsyncIterator[HttpApp]:
    """Run Bolt with what `slack` needs to deliver to it; it hears messages and presses."""

    async def auth(request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "user_id": "U0BOT", "bot_id": "B0BOT", "team_id": "T0SIM"})

    api, api_url = await listen([web.post("/api/auth.test", auth)])
    settings = slack.deliveries.settings
    client = AsyncWebClient(token=settings.bot_token, base_url=f"{api_url}/api/")
    app = HttpApp(AsyncApp(client=client, signing_secret=settings.signing_secret))

    async def on_event(body: Event) -> None:
        app.events.append(body)

    async def on_press(body: Event, ack: Any) -> None:
        app.events.append(body)
        await ack()

    app.bolt.event("message")(on_event)
    app.bolt.action("feedback")(on_press)
    runner, url = await listen([web.post("/slack/events", app.handle)])
    app.url = f"{url}/slack/events"
    slack.deliveries.settings = replace(settings, transport="http", events_url=app.url)
    try:
        yield app
    finally:
        await runner.cleanup()
        await api.cleanup()
