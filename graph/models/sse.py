"""The events of a vendor's stream as plain JSON.

The SDKs make typed objects of them, which is most of what reading costs: `evals bench turn` shows a bare SDK
loop beside a whole turn. Requests, keys, errors and connections are the SDKs' all the same.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, Protocol

END = b"[DONE]"


class Body(Protocol):
    """A response whose body is still to be read."""

    def iter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """Read the body as it comes."""
        ...


async def json_events(body: Body) -> AsyncIterator[dict[str, Any]]:
    """Yield the JSON object of each event; both vendors write it on one line.

    Reads to the end, because only a connection that was read to its end is used again. Raises ValueError
    for a line that is no JSON.
    """
    rest = b""
    # Bytes are split at line feeds alone: a text may hold the other line ends that str.splitlines knows.
    async for chunk in body.iter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data:") and (data := line[5:].strip()) != END:
                event = json.loads(data.decode())
                if isinstance(event, dict):
                    yield event
