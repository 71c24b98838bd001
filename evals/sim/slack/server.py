"""The stand-in for Slack as one HTTP server: `SlackSim` inside a test's event loop, `serve` as a process."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

from aiohttp import web

from evals.sim.slack.actions import Actions
from evals.sim.slack.calls import Call, keep
from evals.sim.slack.control import control_routes
from evals.sim.slack.delivery import Deliveries
from evals.sim.slack.faults import SlackFault
from evals.sim.slack.limits import Limits
from evals.sim.slack.methods import METHODS, call
from evals.sim.slack.settings import SlackSettings
from evals.sim.slack.shapes import Payload
from evals.sim.slack.teams import Teams
from evals.sim.slack.workspace import Workspace

HTML_DOWN = b"<!DOCTYPE html><html><body><h1>Server Error</h1></body></html>"
HTML_LOGIN = (
    b"<!DOCTYPE html><html><body>This browser is no longer supported. Sign in to Slack.</body></html>"
)
OAUTH = "/api/oauth.v2.access"
LARGEST = 32 * 2**20


class SlackSim(Actions):
    """A workspace, its Web API and its deliveries on one port, as an async context manager."""

    def __init__(self, settings: SlackSettings | None = None, clock: Callable[[], float] = time.time) -> None:
        settings = settings or SlackSettings()
        deliveries = Deliveries(settings, lambda: self.url)
        workspace = Workspace(settings, clock, deliveries.deliver)
        deliveries.shared = workspace.shared
        super().__init__(settings, workspace, deliveries, Limits(settings, clock))
        self.teams = Teams(settings, lambda: self.url, clock)
        self._runner: web.AppRunner | None = None
        self._port = 0
        self._count = 0
        self._over = asyncio.Event()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        if not self._port:
            raise RuntimeError("the stand-in does not listen: use `async with SlackSim()`")
        return self._port

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://{self.settings.host}:{self.port}"

    @property
    def api_url(self) -> str:
        """What `base_url` of Slack's SDK must be."""
        return f"{self.url}/api/"

    @property
    def control_url(self) -> str:
        """Where other processes do what `Actions` does."""
        return f"{self.url}/control/"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=LARGEST)
        # A plain path is found by a look into a dict, one with a variable by trying patterns.
        app.router.add_routes([web.route("*", f"/api/{name}", self._api) for name in METHODS])
        app.router.add_routes([web.route("*", "/api/{method}", self._api)])
        app.router.add_routes([web.get("/files-pri/{file}/{tail:.*}", self._file)])
        app.router.add_routes([*self.deliveries.routes(), *control_routes(self)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.settings.host, self.settings.port)
        await site.start()
        self._port = int(self._runner.addresses[0][1])
        self.workspace.origin = self.url
        await self.deliveries.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        await self.deliveries.close()
        await self.teams.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _api(self, request: web.Request) -> web.StreamResponse:
        at = time.monotonic()
        given = _arguments(request, await request.read() if request.body_exists else b"")
        if request.path == OAUTH:
            return self._json(self.teams.exchange(request.headers, given))
        token = _token(request.headers, given)
        asked = Call(self._count, request.path[5:], given, at)
        self._count += 1
        self.calls.append(asked)
        keep(self.calls, self.settings.calls_kept)
        half = self.settings.latency_s / 2
        if half:
            await asyncio.sleep(half)
        fault = self.faults.draw(asked.method)
        response = await self._fail(request, asked, token, fault) if fault else self._run(asked, token)
        if half:
            await asyncio.sleep(half)
        asked.done_at = time.monotonic()
        return response

    def _run(self, asked: Call, token: str) -> web.Response:
        """Carry a call out, as far as limits let it."""
        team = self.teams.of(token)
        limits = team.limits if team else self.limits
        wait = limits.retry_after(asked.method, str(asked.args.get("channel", "")))
        if wait is not None:
            asked.error = "ratelimited"
            return self._limited(wait)
        said = self._ask(asked, token)
        asked.ok = bool(said["ok"])
        asked.error = str(said.get("error", ""))
        asked.ts = str(said.get("ts", ""))
        return self._json(said)

    def _ask(self, asked: Call, token: str) -> Payload:
        if not token:
            return {"ok": False, "error": "not_authed"}
        if token == self.settings.app_token:
            if asked.method == "apps.connections.open":
                return {"ok": True, "url": self.deliveries.open_connection()}
            return {"ok": False, "error": "not_allowed_token_type"}
        if team := self.teams.of(token):
            team.calls.append(asked)
            return call(team.workspace, asked.method, asked.args)
        if token != self.settings.bot_token:
            return {"ok": False, "error": "invalid_auth"}
        return call(self.workspace, asked.method, asked.args)

    async def _fail(
        self, request: web.Request, asked: Call, token: str, fault: SlackFault
    ) -> web.StreamResponse:
        """Let a call go wrong; what is carried out first is so whatever the client hears."""
        asked.fault = fault.kind
        early = self._run(asked, token) if fault.done else None
        match fault.kind:
            case "http":
                return web.Response(body=HTML_DOWN, status=fault.status, content_type="text/html")
            case "ratelimited":
                return self._limited(fault.retry_after)
            case "error":
                asked.error = asked.error or fault.error
                return self._json({"ok": False, "error": fault.error})
            case "reset":
                _reset(request)
                return web.Response()
            case "slow":
                await asyncio.sleep(fault.seconds)
                return early or self._run(asked, token)
            case "hang":
                await self._over.wait()
                return web.Response()

    def _limited(self, wait: int) -> web.Response:
        response = self._json({"ok": False, "error": "ratelimited"}, status=429)
        response.headers["Retry-After"] = str(wait)
        return response

    def _json(self, said: Payload, status: int = 200) -> web.Response:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "x-oauth-scopes": ",".join(self.settings.scopes),
            "x-slack-req-id": secrets.token_hex(8),
        }
        return web.Response(body=json.dumps(said).encode(), status=status, headers=headers)

    async def _file(self, request: web.Request) -> web.Response:
        """Send a file's content, or Slack's page for people who are not signed in, with the same status."""
        name = request.match_info["file"].rpartition("-")[2]
        file = self.workspace.files.get(name)
        if file is None:
            return web.Response(body=HTML_LOGIN, status=404, content_type="text/html")
        known = _token(request.headers, {}) == self.settings.bot_token
        if not known or "files:read" not in self.settings.scopes:
            return web.Response(body=HTML_LOGIN, content_type="text/html")
        return web.Response(body=file.sent.content, content_type=file.sent.mimetype)


def _arguments(request: web.Request, body: bytes) -> dict[str, Any]:
    given: dict[str, Any] = dict(request.query) if request.query_string else {}
    if not body:
        return given
    if request.content_type == "application/json":
        try:
            said = json.loads(body)
        except ValueError:
            return given
        return given | said if isinstance(said, dict) else given
    return given | dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _token(headers: Mapping[str, str], given: dict[str, Any]) -> str:
    """Take the token out of a call: from the header, else from the arguments, where it must not stay."""
    named = str(given.pop("token", ""))
    bearer = headers.get("Authorization", "")
    return bearer[7:].strip() if bearer.startswith("Bearer ") else named


def _reset(request: web.Request) -> None:
    if request.transport is None:
        return
    endpoint: socket.socket = request.transport.get_extra_info("socket")
    endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()


def told_to_end() -> asyncio.Event:
    """Return what is set when the process is told to end, by SIGINT or SIGTERM.

    To be called before anybody is told that the process is there: a signal may follow at once.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    return stopped


async def serve(settings: SlackSettings) -> None:
    """Serve until SIGINT or SIGTERM; print one JSON line with the addresses as soon as it listens."""
    ended = told_to_end()
    async with SlackSim(settings) as slack:
        sys.stdout.write(json.dumps({"api": slack.api_url, "control": slack.control_url}) + "\n")
        sys.stdout.flush()
        await ended.wait()
