"""HTTP/1.1 on a bare transport: reads requests, and sends a plan of timed bytes as a chunked response."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol, TypeAlias, cast

from evals.sim.play import End, Step


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; header names are in small letters."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    arrived: float
    """When its last byte came, in `time.perf_counter` seconds."""


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of a response."""

    status: int
    kind: str
    headers: dict[str, str]

    def render(self, *, length: int | None) -> bytes:
        """Write it out, chunked where the length is not known."""
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:  # 529 is not in any standard
            phrase = "Overloaded"
        framing = "transfer-encoding: chunked" if length is None else f"content-length: {length}"
        lines = [f"HTTP/1.1 {self.status} {phrase}", f"content-type: {self.kind}", framing]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


class Watched(Protocol):
    """Who is told what was sent."""

    words_at: list[float]
    finished: bool
    cancelled: bool


Handler: TypeAlias = Callable[["Connection", Request], None]


class Connection(asyncio.Protocol):
    """One client's connection: a request at a time, answered by `send` or `play`."""

    def __init__(self, handler: Handler, connections: set[Connection]) -> None:
        self._handler = handler
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._received = bytearray()
        self._busy = False
        self._timer: asyncio.TimerHandle | None = None
        self._watched: Watched | None = None
        self._steps: list[Step] = []
        self._place = 0
        self._start = 0.0
        self._end: End = "end"
        self._ping = b""
        self._ping_s = 1.0
        self._head = b""
        self._closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # asyncio promises it of TCP
        self._connections.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._connections.discard(self)
        if self._timer:
            self._timer.cancel()
        if self._watched and not self._watched.finished and not self._closing:
            self._watched.cancelled = True

    def drop(self) -> None:
        """Close at once, from this side."""
        self._closing = True
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._busy:
            self._next()

    def send(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str],
        *,
        kind: str = "application/json",
        record: Watched | None = None,
        wait: float = 0.0,
    ) -> None:
        """Send a whole response, after `wait` seconds."""
        self._begin(record, Head(status, kind, headers).render(length=len(body)))
        # Headers leave with the body, so that a client's deadline runs until both are there.
        if wait:
            self._timer = self._loop.call_later(wait, self._whole, self._head + body)
        else:
            self._whole(self._head + body)

    def play(
        self,
        record: Watched,
        head: Head | None,
        steps: list[Step],
        end: End,
        *,
        ping: bytes = b"",
        ping_s: float = 1.0,
    ) -> None:
        """Send each step at its time as a chunk, then end the response; without a head, nothing is sent."""
        self._begin(record, head.render(length=None) if head else b"")
        self._steps, self._end, self._ping, self._ping_s = steps, end, ping, ping_s
        self._tick()

    def _begin(self, record: Watched | None, head: bytes) -> None:
        self._watched = record
        self._head = head
        self._place = 0
        self._start = self._loop.time()

    def _next(self) -> None:
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        first, *lines = self._received[:end].decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        if len(self._received) < end + 4 + length:
            return
        body = bytes(self._received[end + 4 : end + 4 + length])
        del self._received[: end + 4 + length]
        self._busy = True
        method, target, _ = first.split(" ", 2)
        self._handler(self, Request(method, target.partition("?")[0], headers, body, time.perf_counter()))

    def _whole(self, response: bytes) -> None:
        self._transport.write(response)
        self._finish()

    def _tick(self) -> None:
        # Times count from the request, so that a late timer does not make the following ones late.
        steps = self._steps
        now = self._loop.time() - self._start + 0.0005
        while self._place < len(steps) and steps[self._place].at <= now:
            step = steps[self._place]
            self._place += 1
            self._write(step.data)
            if step.words and self._watched:
                self._watched.words_at += [time.perf_counter()] * step.words
        if self._place < len(steps):
            self._timer = self._loop.call_at(self._start + steps[self._place].at, self._tick)
        else:
            self._last()

    def _write(self, data: bytes) -> None:
        chunk = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
        if self._head or chunk:
            self._transport.write(self._head + chunk)
            self._head = b""

    def _last(self) -> None:
        if self._end == "end":
            self._transport.write(b"0\r\n\r\n")
            self._finish()
        elif self._end == "stall":
            if self._ping:
                self._write(self._ping)
                self._timer = self._loop.call_later(self._ping_s, self._last)
        else:
            self._closing = True
            if self._end == "reset":
                endpoint: socket.socket = self._transport.get_extra_info("socket")
                endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self._transport.abort()
            else:
                self._transport.close()

    def _finish(self) -> None:
        if self._watched:
            self._watched.finished = True
        self._watched = None
        self._busy = False
        self._next()
