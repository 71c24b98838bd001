"""Lines from a terminal, a pipe or a file, without blocking the answers."""

from __future__ import annotations

import asyncio
import threading
from typing import IO

LONGEST = 1_000_000
"""Characters of one line that are read at the most; what follows is dropped, and the line is too long anyway."""


class Lines:
    """Reads lines on a thread of its own; None is the end of the input."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        # A daemon, because nothing interrupts a read from a terminal when the program wants to end.
        threading.Thread(target=self._read, daemon=True, name="stdin").start()

    async def next(self) -> str | None:
        """Return the next line without its line break; None at the end."""
        return await self._lines.get()

    def _read(self) -> None:
        try:
            while raw := self._source.readline(LONGEST):
                self._put(raw.decode("utf-8", "replace").rstrip("\r\n"))
        except (OSError, ValueError):  # the terminal went away
            pass
        self._put(None)

    def _put(self, line: str | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
        except RuntimeError:  # the loop has ended; nobody asks any more
            pass
