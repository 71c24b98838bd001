"""Socket Mode's server side: tickets, connections, envelopes and their acknowledgements.

One task writes per connection and one timer runs per envelope: an event costs no task of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from aiohttp import WSMsgType, web
from yarl import URL

from evals.sim.slack.parcel import ACKED, LOST, TIMEOUT, Parcel, Settle
from evals.sim.slack.settings import SlackSettings

PATH = "/link"
PING_S = 10.0
"""Between the server's own pings; a client that answers none within half of it is cut off."""
LINGER_S = 0.5
"""How long a socket stays open after it was asked to go."""
CLOSE_S = 1.0
HOST = "applink-sim"
LIFETIME_S = 18_060
"""What hello promises where no refresh is set."""


@dataclass(slots=True, eq=False)
class Connection:
    """One WebSocket of the app; `usable` ends when it is asked to go."""

    ws: web.WebSocketResponse
    transport: asyncio.Transport
    usable: bool = True
    linger_s: float = LINGER_S
    queue: asyncio.Queue[str | None] = field(default_factory=asyncio.Queue)
    """Ids of envelopes to send; None asks the app to connect anew, then closes."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Waiting:
    """An envelope that nobody has acknowledged; without a connection it was not sent yet."""

    parcel: Parcel
    connection: Connection | None
    timer: asyncio.TimerHandle


class SocketMode:
    """Delivers to the app's WebSockets, to any one of them, and counts only acks of the one that was asked.

    An envelope that is not acknowledged within `ack_timeout_s` is settled as "timeout"; without a connection
    it waits that long for one.
    """

    def __init__(
        self, settings: Callable[[], SlackSettings], base_url: Callable[[], str], settle: Settle
    ) -> None:
        self._settings = settings
        self._base_url = base_url
        self._settle = settle
        self._random = Random(settings().seed)
        self._tickets: set[str] = set()
        self._waiting: dict[str, Waiting] = {}
        self.connections: list[Connection] = []
        """Those that are open, with those that were asked to go."""

    def routes(self) -> list[web.RouteDef]:
        """Return the WebSocket's route."""
        return [web.get(PATH, self._link)]

    def open_connection(self) -> str:
        """Return a new ws:// address, good for one connection."""
        ticket = secrets.token_urlsafe(12)
        self._tickets.add(ticket)
        url = URL(self._base_url()).origin().with_scheme("ws").with_path(PATH)
        return str(url.with_query(ticket=ticket, app_id=self._settings().app_id))

    def send(self, parcel: Parcel) -> None:
        """Make one attempt on one of the connections; a press of a button without any is lost at once."""
        usable = [connection for connection in self.connections if connection.usable]
        if not usable and parcel.event.interactive:
            self._settle(parcel, LOST)
            return
        envelope_id = str(uuid.uuid4())
        self._waiting[envelope_id] = Waiting(parcel, None, self._timer(envelope_id))
        if usable:
            self._hand(envelope_id, self._random.choice(usable))

    def refresh(self, count: int = 1, linger_s: float = LINGER_S) -> int:
        """Ask the oldest connections to connect anew, close each `linger_s` later, and count them.

        With 0 seconds the acks on their way are lost.
        """
        leaving = [connection for connection in self.connections if connection.usable][:count]
        for connection in leaving:
            self._ask_to_go(connection, linger_s)
        return len(leaving)

    def drop(self, count: int = 1) -> int:
        """Cut the TCP connections of the oldest without a word, and count them."""
        cut = self.connections[:count]
        for connection in cut:
            connection.usable = False
            connection.transport.abort()
        return len(cut)

    async def close(self) -> None:
        """Cut every connection and forget what waits."""
        for waiting in self._waiting.values():
            waiting.timer.cancel()
        self._waiting.clear()
        connections = list(self.connections)
        self.drop(len(connections))
        for connection in connections:
            await connection.ended.wait()

    async def _link(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets or request.transport is None:
            return web.Response(status=403, text="This address is unknown or was used: ask for a new one.")
        self._tickets.remove(ticket)
        ws = web.WebSocketResponse(heartbeat=PING_S, compress=False, timeout=CLOSE_S)
        await ws.prepare(request)
        connection = Connection(ws, request.transport)
        with contextlib.suppress(ConnectionError):
            if len(self.connections) < self._settings().connections_max:
                await self._serve(connection)
            else:
                await ws.send_str(_disconnect("too_many_websockets"))
                await ws.close()
        return ws

    async def _serve(self, connection: Connection) -> None:
        self.connections.append(connection)
        every = self._settings().socket_refresh_s
        writer, timer = None, None
        try:
            await connection.ws.send_str(self._hello())
            writer = asyncio.create_task(self._write(connection))
            if every is not None:
                timer = asyncio.get_running_loop().call_later(every, self._ask_to_go, connection, LINGER_S)
            self._hand_what_waits(connection)
            async for message in connection.ws:
                if message.type is WSMsgType.TEXT:
                    self._heard(connection, message.data)
        finally:
            for running in (writer, timer):
                if running is not None:
                    running.cancel()
            self.connections.remove(connection)
            connection.ended.set()

    async def _write(self, connection: Connection) -> None:
        with contextlib.suppress(ConnectionError):
            while (envelope_id := await connection.queue.get()) is not None:
                waiting = self._waiting.get(envelope_id)
                if waiting is None:
                    continue  # its time was over before its turn came
                waiting.parcel.record.sent_at = time.monotonic()
                await connection.ws.send_str(_envelope(envelope_id, waiting.parcel))
            await connection.ws.send_str(_disconnect("refresh_requested"))
            await asyncio.sleep(connection.linger_s)
            await connection.ws.close()

    def _hand(self, envelope_id: str, connection: Connection) -> None:
        self._waiting[envelope_id].connection = connection
        connection.queue.put_nowait(envelope_id)

    def _hand_what_waits(self, connection: Connection) -> None:
        for envelope_id, waiting in self._waiting.items():
            if waiting.connection is None:
                waiting.timer.cancel()
                waiting.timer = self._timer(envelope_id)
                self._hand(envelope_id, connection)

    def _heard(self, connection: Connection, text: str) -> None:
        # The SDK greets with a text that is no JSON.
        said = json.loads(text) if text.startswith("{") else {}
        waiting = self._waiting.get(said.get("envelope_id", ""))
        if waiting is not None and waiting.connection is connection:
            del self._waiting[said["envelope_id"]]
            waiting.timer.cancel()
            self._settle(waiting.parcel, ACKED)

    def _expire(self, envelope_id: str) -> None:
        self._settle(self._waiting.pop(envelope_id).parcel, TIMEOUT)

    def _timer(self, envelope_id: str) -> asyncio.TimerHandle:
        wait = self._settings().ack_timeout_s
        return asyncio.get_running_loop().call_later(wait, self._expire, envelope_id)

    def _ask_to_go(self, connection: Connection, linger_s: float) -> None:
        if connection.usable:
            connection.usable = False
            connection.linger_s = linger_s
            connection.queue.put_nowait(None)

    def _hello(self) -> str:
        settings = self._settings()
        about = {
            "host": HOST,
            "build_number": 1,
            "approximate_connection_time": settings.socket_refresh_s or LIFETIME_S,
        }
        hello = {
            "type": "hello",
            "num_connections": len(self.connections),
            "debug_info": about,
            "connection_info": {"app_id": settings.app_id},
        }
        return json.dumps(hello)


def _disconnect(reason: str) -> str:
    return json.dumps({"type": "disconnect", "reason": reason, "debug_info": {"host": HOST}})


def _envelope(envelope_id: str, parcel: Parcel) -> str:
    if parcel.event.interactive:
        rest = {"type": "interactive", "accepts_response_payload": False}
    else:
        rest = {
            "type": "events_api",
            "accepts_response_payload": False,
            "retry_attempt": parcel.record.attempt,
            "retry_reason": "timeout" if parcel.after else "",
        }
    # The payload is JSON already, the same for every attempt.
    return f'{{"envelope_id":"{envelope_id}","payload":{parcel.event.body},{json.dumps(rest)[1:]}'
