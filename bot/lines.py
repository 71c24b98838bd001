"""Lines from a terminal, a pipe or a file, without blocking the answers."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import suppress

LONGEST = 1_000_000
"""Bytes of one line that are kept; what follows is dropped, and the line is too long anyway."""
AT_ONCE = 65_536


class Lines:
    """Reads lines from a file descriptor on a thread of its own, each when it is asked for."""

    def __init__(self, source: int) -> None:
        self._source = source
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._wanted = threading.Semaphore(0)
        # A daemon, because nothing interrupts a read from a terminal when the program wants to end.
        threading.Thread(target=self._read, daemon=True, name="stdin").start()

    async def next(self) -> str | None:
        """Return the next line without its line break; None at the end."""
        self._wanted.release()
        return await self._lines.get()

    def _read(self) -> None:
        for raw in self._raw_lines():
            self._put(raw.decode("utf-8", "replace").removesuffix("\r"))
            self._wanted.acquire()
        self._put(None)

    def _raw_lines(self) -> Iterator[bytes]:
        """Cut what is read into lines; waits until the first one is wanted."""
        self._wanted.acquire()
        line = bytearray()
        # Not through `sys.stdin`: who waits in there holds a lock that the interpreter wants at its end.
        while data := self._some():
            *ends, rest = data.split(b"\n")
            for end in ends:
                yield bytes((line + end)[:LONGEST])
                line.clear()
            line += rest[: LONGEST - len(line)]
        if line:
            yield bytes(line)

    def _some(self) -> bytes:
        try:
            return os.read(self._source, AT_ONCE)
        except OSError:  # the terminal went away
            return b""

    def _put(self, line: str | None) -> None:
        with suppress(RuntimeError):  # the loop has ended; nobody asks any more
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
