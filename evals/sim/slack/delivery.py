"""All that the stand-in sends to the app: which way, how often, in what order, and what came of it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from random import Random

from aiohttp import web

from evals.sim.slack.events import Payload, event_callback, time_of
from evals.sim.slack.http_delivery import Answer, HttpDelivery
from evals.sim.slack.parcel import ACKED, LOST, NO_RETRY, TIMEOUT, Courier, Delivery, Event, Parcel
from evals.sim.slack.settings import SlackSettings
from evals.sim.slack.socket_mode import SocketMode

__all__ = ["Answer", "Deliveries", "Delivery"]


class Deliveries:
    """Slack's deliveries: at least once while the app acknowledges within the schedule, in no promised order.

    An event that is not acknowledged comes again after each wait of `retry_after_s`, the same event with the
    same id, then it is lost. Presses of buttons are never repeated. `settings` may be replaced at any time.
    """

    def __init__(self, settings: SlackSettings, base_url: Callable[[], str]) -> None:
        self.settings = settings
        self.log: list[Delivery] = []
        """One line an attempt, in the order in which they were made."""
        self.socket = SocketMode(lambda: self.settings, base_url, self._settle)
        self.http = HttpDelivery(lambda: self.settings, self._settle)
        self._random = Random(settings.seed)
        self.shared: Callable[[Payload], bool] = lambda _inner: False
        """Tells whether an event is about a channel in which another company takes part."""
        self._planned: dict[Parcel, asyncio.TimerHandle] = {}
        self._waiting = 0

    async def open(self) -> None:
        """Make ready to deliver."""
        await self.http.open()

    async def close(self) -> None:
        """Cut the connections and forget what was still to be delivered."""
        for timer in self._planned.values():
            timer.cancel()
        self._planned.clear()
        self._waiting = 0
        await self.socket.close()
        await self.http.close()

    def routes(self) -> list[web.RouteDef]:
        """Return the routes that Socket Mode needs on the stand-in's server."""
        return self.socket.routes()

    def open_connection(self) -> str:
        """Return what apps.connections.open answers: a ws:// address, good for one connection."""
        return self.socket.open_connection()

    def waiting(self) -> int:
        """Count what is neither acknowledged nor given up: events and presses, planned repetitions too."""
        return self._waiting

    def deliver(self, inner: Payload) -> None:
        """Send an inner event on its way, with the repetitions and delays that the settings ask for."""
        if self.settings.transport == "none":
            return
        payload = event_callback(self.settings, inner, shared=self.shared(inner))
        event = Event(payload["event_id"], str(inner.get("type", "")), time_of(inner), _encode(payload))
        settings = self.settings
        again, doubled, late = (
            self._random.random() < share
            for share in (settings.redeliver_share, settings.duplicate_share, settings.reorder_share)
        )
        wait = settings.reorder_s if late else 0.0
        self._begin(event, wait, again=again)
        if doubled:
            self._begin(event, wait)

    def interact(self, payload: Payload) -> None:
        """Send an interaction, such as a press of a button, on its way: one attempt."""
        if self.settings.transport == "none":
            return
        about = str(payload.get("container", {}).get("message_ts", ""))
        name, kind = str(payload.get("trigger_id", "")), str(payload["type"])
        self._begin(Event(name, kind, about, _encode(payload), interactive=True))

    def _begin(self, event: Event, wait_s: float = 0.0, *, again: bool = False) -> None:
        self._waiting += 1
        self._plan(_parcel(event, 0, again=again), wait_s)

    def _plan(self, parcel: Parcel, wait_s: float) -> None:
        if wait_s <= 0:
            self._send(parcel)
        else:
            self._planned[parcel] = asyncio.get_running_loop().call_later(wait_s, self._send, parcel)

    def _send(self, parcel: Parcel) -> None:
        self._planned.pop(parcel, None)
        self.log.append(parcel.record)
        courier: Courier = self.http if self.settings.transport == "http" else self.socket
        courier.send(parcel)

    def _settle(self, parcel: Parcel, outcome: str) -> None:
        record = parcel.record
        record.outcome = outcome
        if outcome == ACKED:
            record.acked_at = time.monotonic()
        schedule = self.settings.retry_after_s
        over = parcel.event.interactive or record.attempt >= len(schedule)
        if outcome == ACKED and parcel.again and not over:
            # Slack's known fault: what was acknowledged comes again, at any of the times of a retry.
            self._plan(_parcel(parcel.event, record.attempt + 1, TIMEOUT), self._random.choice(schedule))
        elif outcome in {ACKED, NO_RETRY}:
            self._waiting -= 1
        elif over:
            record.outcome = LOST
            self._waiting -= 1
        else:
            retry = _parcel(parcel.event, record.attempt + 1, outcome, again=parcel.again)
            self._plan(retry, schedule[record.attempt])


def _parcel(event: Event, attempt: int, after: str = "", *, again: bool = False) -> Parcel:
    return Parcel(event, Delivery(event.event_id, event.kind, event.ts, attempt), after, again)


def _encode(payload: Payload) -> str:
    return json.dumps(payload, separators=(",", ":"))
