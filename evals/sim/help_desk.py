"""A stand-in for a help desk that takes handoffs by signed webhooks, over real HTTP, and calls back.

`async with HelpDesk() as desk:` listens at `desk.url`. What it answers, and what goes wrong with it, is
planned by `desk.next(...)`; `desk.call(...)` gives headers and body of a signed call to the bot.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias

from evals.sim.http import Connection, Head, Request
from evals.sim.play import Step

Wrong: TypeAlias = Literal[
    "reset",  # the connection is cut before an answer
    "500",
    "404",
    "410",  # it wants nothing more
    "429",  # with Retry-After
    "redirect",  # to an address of its own that counts who comes
    "slow",  # the answer takes a minute
    "drip",  # it begins at once and never ends
    "nonsense",  # 200 and HTML
    "not_http",  # an answer that is no HTTP
    "huge",  # 200 and far more than anybody wants to read
]
KEY = bytes(range(32))
HUGE = 8 * 2**20
SLOW_S = 60.0


@dataclass(frozen=True, slots=True)
class Got:
    """What was sent to it."""

    name: str
    """The header `webhook-id`."""
    timestamp: int
    signed: bool
    """Whether the signature fits."""
    body: dict[str, Any]
    raw: bytes
    path: str

    @property
    def type(self) -> str:
        """What it is about."""
        return str(self.body.get("type", ""))

    @property
    def data(self) -> dict[str, Any]:
        """What it says."""
        return dict(self.body.get("data") or {})


@dataclass(slots=True)
class _Watch:
    words_at: list[float] = field(default_factory=list)
    finished: bool = False
    cancelled: bool = False


class HelpDesk:
    """Takes what is sent; `got` has it in the order of arrival, tries that went wrong included."""

    def __init__(self, key: bytes = KEY) -> None:
        self.key = key
        self.got: list[Got] = []
        self.redirected = 0
        """How many followed a redirect."""
        self.down = False
        """Whether every connection is cut."""
        self.answers: dict[str, dict[str, Any]] = {}
        """What is answered to each type of message."""
        self._plan: deque[Wrong | dict[str, Any]] = deque()
        self._always: Wrong | None = None
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    @property
    def secret(self) -> str:
        """The secret as the bot's setting has it."""
        return f"whsec_{base64.b64encode(self.key).decode()}"

    @property
    def port(self) -> int:
        """The port that it listens on."""
        if self._server is None:
            raise RuntimeError("the stand-in does not listen: use `async with HelpDesk()`")
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """Where it takes handoffs."""
        return f"http://127.0.0.1:{self.port}/hooks/firstline"

    def next(self, *plan: Wrong | dict[str, Any]) -> None:
        """Plan what happens to the next messages: something wrong, or a JSON answer."""
        self._plan.extend(plan)

    def always(self, wrong: Wrong | None) -> None:
        """Let the same go wrong with every message, until None."""
        self._always = wrong

    def types(self) -> list[str]:
        """Return what was sent, without pings."""
        return [got.type for got in self.got if got.type != "ping"]

    def call(
        self, action: dict[str, Any] | bytes, *, name: str = "", at: float | None = None, key: bytes = b""
    ) -> tuple[dict[str, str], bytes]:
        """Return headers and body of a call to the bot, signed now or at another time."""
        body = action if isinstance(action, bytes) else json.dumps(action).encode()
        name, seconds = name or f"msg_{uuid.uuid4().hex}", str(int(time.time() if at is None else at))
        signature = _signature(key or self.key, name, seconds, body)
        headers = {"webhook-id": name, "webhook-timestamp": seconds, "webhook-signature": signature}
        return {**headers, "content-type": "application/json"}, body

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_server(self._connect, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
            for connection in list(self._connections):
                connection.drop()
            await self._server.wait_closed()
            # A turn of the loop for the transports to close, so that none is left to the collector.
            await asyncio.sleep(0)

    def _connect(self) -> Connection:
        return Connection(self._handle, self._connections)

    def _handle(self, connection: Connection, request: Request) -> None:
        if self.down:
            connection.drop()
            return
        if request.path == "/elsewhere":
            self.redirected += 1
            connection.send(200, b"{}", {})
            return
        got = self._read(request)
        self.got.append(got)
        planned: Wrong | dict[str, Any] | None = self._plan.popleft() if self._plan else self._always
        if isinstance(planned, str):
            self._fail(connection, planned)
        elif not got.signed:
            connection.send(401, b'{"error":"signature"}', {})
        else:
            answer = planned if planned is not None else self.answers.get(got.type)
            connection.send(200, json.dumps(answer).encode() if answer is not None else b"", {})

    def _read(self, request: Request) -> Got:
        name, seconds = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "")
        fits = _signature(self.key, name, seconds, request.body)
        signed = fits in request.headers.get("webhook-signature", "").split(" ")
        fresh = seconds.isdecimal() and abs(time.time() - int(seconds)) < 300
        body = json.loads(request.body)
        return Got(name, int(seconds or 0), signed and fresh, body, request.body, request.path)

    def _fail(self, connection: Connection, wrong: Wrong) -> None:
        match wrong:
            case "reset":
                connection.play(_Watch(), None, [], "reset")
            case "500" | "404" | "410":
                connection.send(int(wrong), b"<h1>Sorry</h1>", {}, kind="text/html")
            case "429":
                connection.send(429, b"", {"retry-after": "2"})
            case "redirect":
                where = {"location": f"http://127.0.0.1:{self.port}/elsewhere"}
                connection.send(307, b"", where)
            case "slow":
                connection.send(200, b'{"action":"resolve","by":"Too late"}', {}, wait=SLOW_S)
            case "drip":
                steps = [Step(0.01, b" ")]
                connection.play(_Watch(), Head(200, "application/json", {}), steps, "stall", ping=b" ")
            case "nonsense":
                connection.send(200, b"<html>Thanks!</html>", {}, kind="text/html")
            case "not_http":
                connection.play(_Watch(), None, [Step(0.0, b"SSH-2.0-OpenSSH_9.2\r\n")], "cut")
            case "huge":
                answer = b'{"action":"resolve","by":"Dana","padding":"%b"}' % (b"x" * HUGE)
                connection.send(200, answer, {})


def _signature(key: bytes, name: str, seconds: str, body: bytes) -> str:
    signed = hmac.new(key, f"{name}.{seconds}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(signed.digest()).decode()}"
