"""Commands as processes of their own, in a pipe or on a terminal, as people start them."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import signal
import sys
import termios
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
QUIET = (
    "ANTHROPIC",
    "OPENAI",
    "REDIS",
    "BOT_",
    "LOG_",
    "SLACK",
    "PORT",
    "METRICS_PORT",
    "NO_COLOR",
    "FORCE_COLOR",
)
WAIT_S = 60.0
"""Far more than it takes, for machines that are busy."""


def environment(folder: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Give a process what it needs of the environment, and no key of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(QUIET)}
    return {**kept, "BOT_DATA": str(folder / "data"), "TERM": "xterm-256color", "COLUMNS": "80", **variables}


@dataclass(frozen=True, slots=True)
class Ran:
    """What a process wrote and how it ended."""

    code: int
    out: str
    err: str


def command(*words: str) -> list[str]:
    """Return how to start `bot ...` or `evals ...` with this Python."""
    return [sys.executable, "-m", *words]


async def run(
    folder: Path, *words: str, input: bytes | None = None, script: str = "", env: Mapping[str, str] = {}
) -> Ran:
    """Run a command to its end; `script` is a shell's line around it, in which "$@" is the command."""
    start = ["sh", "-c", script, "sh", *command(*words)] if script else command(*words)
    process = await asyncio.create_subprocess_exec(
        *start,
        cwd=folder,
        env={**environment(folder, env), "PYTHONPATH": str(ROOT)},
        stdin=asyncio.subprocess.PIPE if input is not None else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(input), WAIT_S)
    return Ran(process.returncode or 0, out.decode(), err.decode())


class Terminal:
    """A process on a terminal of 80 columns."""

    def __init__(self, process: asyncio.subprocess.Process, master: int) -> None:
        self._process = process
        self._master = master
        self._arrived = asyncio.Event()
        self.raw = ""
        self._seen = 0
        asyncio.get_running_loop().add_reader(master, self._read)

    async def expect(self, wanted: str) -> str:
        """Wait for words after those that were waited for before; return what came up to their end."""
        async with asyncio.timeout(WAIT_S):
            while (place := self.text.find(wanted, self._seen)) < 0:
                self._arrived.clear()
                await self._arrived.wait()
        found = self.text[self._seen : place + len(wanted)]
        self._seen = place + len(wanted)
        return found

    @property
    def text(self) -> str:
        """What stands on the terminal, without colours."""
        return ESCAPES.sub("", self.raw).replace("\r", "")

    def type(self, keys: str) -> None:
        """Press keys, such as those of Ctrl-C and Ctrl-D."""
        os.write(self._master, keys.encode())

    def terminate(self) -> None:
        """Tell the process to end, as whoever runs it does."""
        self._process.terminate()

    async def end(self) -> int:
        """Wait until the process has left; return its exit code."""
        return await asyncio.wait_for(self._process.wait(), WAIT_S)

    def _read(self) -> None:
        try:
            data = os.read(self._master, 65_536)
        except OSError:  # the process has left
            asyncio.get_running_loop().remove_reader(self._master)
            return
        self.raw += data.decode("utf-8", "replace")
        self._arrived.set()


@asynccontextmanager
async def terminal(folder: Path, *words: str, **variables: str) -> AsyncIterator[Terminal]:
    """Start a command on a terminal, and end it with the test."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (40, 80))
    process = await asyncio.create_subprocess_exec(
        *command(*words),
        cwd=folder,
        env={**environment(folder, variables), "PYTHONPATH": str(ROOT)},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        # The terminal that Ctrl-C comes from.
        preexec_fn=lambda: _control(slave),
    )
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
            await process.wait()
        asyncio.get_running_loop().remove_reader(master)
        os.close(master)


def _control(slave: int) -> None:
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
