"""The events of a vendor's stream as plain JSON.

The SDKs make typed objects of them, which is most of what reading costs: `evals bench turn` shows a bare SDK
loop beside a whole turn. Requests, keys, errors and connections are the SDKs' all the same.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from graph.models import Event, Text

END = b"[DONE]"
FREE = 3
"""Streams that are read without pauses."""
EACH_S = 0.002
MOST_S = 0.1
FIRST_WORDS = 3
"""Pieces of text that are passed on as they come, in any case: the first word is whole then."""


class Body(Protocol):
    """A response whose body is still to be read."""

    def iter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """Read the body as it comes."""
        ...


@dataclass(slots=True)
class Streams:
    """How many streams this process is reading: the more, the longer words are gathered before each read.

    A read costs as much for one word as for ten, and nobody sees words come more often than Slack shows them;
    so a busy process keeps its time for those who still wait for their first word.
    """

    open: int = 0

    def pause_s(self) -> float:
        """Return how long to let words gather now: not at all for a few streams."""
        return min(MOST_S, max(0, self.open - FREE) * EACH_S)


async def json_events(
    body: Body, streams: Streams, spoken: Callable[[], bool]
) -> AsyncIterator[list[dict[str, Any]]]:
    """Yield the JSON objects of the events that came together; both vendors write each on one line.

    Pauses only after the first words, of which `spoken` tells. Reads to the end, because only a connection
    that was read to its end is used again. Raises ValueError for a line that is no JSON.
    """
    rest = b""
    streams.open += 1
    try:
        # Bytes are split at line feeds alone: a text may hold the other line ends that str.splitlines knows.
        async for chunk in body.iter_bytes():
            *lines, rest = (rest + chunk).split(b"\n")
            events = [
                event
                for line in lines
                if line.startswith(b"data:") and (data := line[5:].strip()) != END
                if isinstance(event := json.loads(data.decode()), dict)
            ]
            if events:
                yield events
            if spoken() and (pause := streams.pause_s()):
                await asyncio.sleep(pause)
    finally:
        streams.open -= 1


def merged(events: Iterable[Event]) -> Iterator[Event]:
    """Put words that came together into one event: each costs a check of all rules."""
    words: list[str] = []
    for event in events:
        if isinstance(event, Text):
            words.append(event.text)
            continue
        if words:
            yield Text("".join(words))
            words = []
        yield event
    if words:
        yield Text("".join(words))
