"""One event on its way to the app, and what became of each attempt to deliver it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

ACKED = "acked"
TIMEOUT = "timeout"
LOST = "lost"
NO_RETRY = "no_retry"


@dataclass(slots=True)
class Delivery:
    """One attempt to deliver one event; times are in seconds of `time.monotonic`.

    `outcome` is "waiting", "acked", "timeout", "connection_failed", an HTTP status such as "503", "no_retry"
    where the app asked for no other attempt, or "lost" for the last attempt of what nobody acknowledged.
    """

    event_id: str
    kind: str
    """The inner event's type, or the type of the interaction."""
    ts: str
    """The message's ts, else the event's own; of a press, the ts of the message with the button."""
    attempt: int
    """0 is the first."""
    sent_at: float | None = None
    """None while it waits for a connection."""
    acked_at: float | None = None
    outcome: str = "waiting"
    status: int | None = None
    """What HTTP answered."""


@dataclass(frozen=True, slots=True)
class Event:
    """What is delivered, as JSON that no later change of the workspace touches."""

    event_id: str
    kind: str
    ts: str
    body: str
    interactive: bool = False


@dataclass(slots=True, eq=False)
class Parcel:
    """One attempt: the event, its line in the log, and how the attempt before it ended ("" for the first)."""

    event: Event
    record: Delivery
    after: str = ""
    again: bool = False
    """Whether it is to be delivered once more although it is acknowledged."""


Settle: TypeAlias = Callable[[Parcel, str], None]
"""Takes a parcel and its outcome, exactly once for each parcel that was sent."""


class Courier(Protocol):
    """A way to the app: what is sent is settled once, by the app's answer or by its silence."""

    def send(self, parcel: Parcel) -> None:
        """Make one attempt, without waiting for it."""
