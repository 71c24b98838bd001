"""What a run takes place on: Redis and bot processes that are killed and come back, and the stand-ins."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from evals.bench.chaos_history import Asked, Recorded, Trouble
from evals.bench.chaos_script import ChaosRule, nonces_in
from evals.bench.serving import ServingError, clean_environment, free_port, start_bot, start_redis
from evals.sim.script import Script, last_words
from evals.sim.server import Sim
from evals.sim.settings import Settings
from evals.sim.slack import SlackSettings, SlackSim

LEASE_S = 6.0
SLACK_TIMEOUT_S = 2.0
SERVING = '"event": "serving"'
"""What the log of a process has once it listens."""
START_S = 60.0
"""Far more than a process takes to start, for machines that are busy."""
PROCESSES_MAX = 20_000
"""How many processes one run can tell apart: each asks the vendors with a key of its own."""


class RedisServer:
    """A Redis server that keeps what it acknowledged through a kill."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client: Redis = Redis.from_url(self.url, socket_timeout=5.0)
        self._process: Process | None = None

    async def start(self) -> None:
        """Start it, and wait until it has read its file and answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        # With `everysec` a kill may lose what was acknowledged while the disk was busy.
        kept = ("--appendonly", "yes", "--appendfsync", "always")
        self._process, _ = await start_redis(self.folder, *kept, port=self.port)
        ends = time.monotonic() + START_S
        while not await self.answers():  # it listens before it has read its file
            if time.monotonic() > ends:
                raise ServingError(f"redis-server does not answer; its files are in {self.folder}")
            await asyncio.sleep(0.02)

    async def answers(self) -> bool:
        """Tell whether it can be asked."""
        try:
            return bool(await self.client.ping())
        except (RedisError, OSError):
            return False

    async def kill(self) -> None:
        """End it as a crash does."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def close(self) -> None:
        """End it and the connection to it."""
        await self.client.aclose()
        await self.kill()


@dataclass(slots=True, eq=False)
class Bot:
    """One process of the bot; `number` counts through all of a run."""

    number: int
    process: Process
    log: Path
    stopped_at: float | None = None
    """Since when it is a zombie, stopped by a signal."""
    _serving: bool = False

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self.process.returncode is None

    def serves(self) -> bool:
        """Tell whether it listens to Slack and works."""
        self._serving = self._serving or SERVING in self.log.read_text(encoding="utf-8", errors="replace")
        return self._serving and self.alive and self.stopped_at is None


@dataclass(slots=True)
class Stage:
    """All that runs; `troubles` collects what was done to it."""

    folder: Path
    redis: RedisServer
    slack: SlackSim
    vendors: Sim
    rule: ChaosRule
    variables: Mapping[str, str] = field(default_factory=dict)
    """Of the bot's environment, beside what it needs to find the rest of the stage."""
    bots: list[Bot] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    exits: list[int] = field(default_factory=list)
    """Exit codes of processes that ended by themselves: nobody had sent them a signal."""
    _count: int = 0
    _nobody_since: float | None = None
    _keepers: list[asyncio.Task[None]] = field(default_factory=list)

    def environment(self, number: int) -> dict[str, str]:
        """Return the environment of a process, with a key of its own by which the vendors know it."""
        settings, key = self.slack.settings, f"sim-key-{number}"
        mine = {
            "SLACK_BOT_TOKEN": settings.bot_token,
            "SLACK_APP_TOKEN": settings.app_token,
            "SLACK_API_URL": self.slack.api_url,
            "SLACK_TIMEOUT_S": f"{SLACK_TIMEOUT_S:g}",
            "SLACK_LIMITS": "off",
            "BOT_LIMIT_CUSTOMER_MINUTE": "0",
            "BOT_LIMIT_CUSTOMER_HOUR": "0",
            "BOT_LIMIT_CUSTOMER_DAY": "0",
            "BOT_LIMIT_WORKSPACE_MINUTE": "0",
            "BOT_LIMIT_WORKSPACE_HOUR": "0",
            "ANTHROPIC_API_KEY": key,
            "ANTHROPIC_BASE_URL": self.vendors.anthropic_url,
            "OPENAI_API_KEY": key,
            "OPENAI_BASE_URL": self.vendors.openai_url,
            "REDIS_URL": self.redis.url,
            "BOT_DATA": str(self.folder / "data"),
            "BOT_LEASE_S": f"{LEASE_S:g}",
            "METRICS_PORT": "0",
            "LOG_FORMAT": "json",
        }
        return mine | dict(self.variables)

    def supervise(self, processes: int) -> None:
        """Keep so many processes running: what ends is started again at once."""
        self._keepers = [asyncio.create_task(self._keep()) for _ in range(processes)]

    async def _keep(self) -> None:
        while True:
            bot = await self.start_bot()
            code = await bot.process.wait()
            self.bots.remove(bot)
            if code != -signal.SIGKILL:
                self.exits.append(code)
                await asyncio.sleep(0.5)  # one that cannot start must not take the whole machine

    async def start_bot(self) -> Bot:
        """Start one process."""
        self._count += 1
        number = self._count
        started = await start_bot(self.folder, self.environment(number), name=f"bot-{number}")
        bot = Bot(number, started.process, started.log)
        self.bots.append(bot)
        return bot

    async def until_serving(self, processes: int) -> None:
        """Wait until so many processes listen to Slack; else raises ServingError with a log's end."""
        ends = time.monotonic() + START_S
        while sum(bot.serves() for bot in self.bots) < processes:
            if time.monotonic() > ends:
                logs = sorted(self.folder.glob("bot-*.log"))
                said = logs[-1].read_text(encoding="utf-8", errors="replace")[-2000:] if logs else ""
                raise ServingError(f"the bot did not start within {START_S:g} s; its log ends: {said}")
            await asyncio.sleep(0.1)

    def look(self) -> None:
        """Note what has happened since the last look: requests to the vendors, and times without any bot."""
        self._note_requests()
        now = time.monotonic()
        if not any(bot.serves() for bot in self.bots):
            self._nobody_since = self._nobody_since or now
        elif self._nobody_since is not None:
            self.troubles.append(Trouble("nobody", self._nobody_since, now))
            self._nobody_since = None

    def kill(self, bot: Bot) -> None:
        """Kill a process as a crash does."""
        if bot.alive:
            self.awaken(bot)
            bot.process.kill()
            now = time.monotonic()
            self.troubles.append(Trouble("kill", now, now, bot.number))

    def freeze(self, bot: Bot) -> None:
        """Stop a process where it stands, so that it goes on later as if nothing had been."""
        bot.process.send_signal(signal.SIGSTOP)
        bot.stopped_at = time.monotonic()

    def awaken(self, bot: Bot) -> None:
        """Let a process that was stopped go on."""
        if bot.stopped_at is not None:
            self.troubles.append(Trouble("stop", bot.stopped_at, time.monotonic(), bot.number))
            bot.stopped_at = None
        if bot.alive:
            bot.process.send_signal(signal.SIGCONT)

    def _note_requests(self) -> None:
        for request in self.vendors.requests:
            number = request.key.rpartition("-")[2]
            nonces = nonces_in(last_words(request.body))
            if nonces and number.isdecimal():
                self.asked.append(Asked(request.arrived, int(number), nonces))
        self.vendors.requests.clear()

    async def export(self) -> list[Recorded]:
        """Return the turns of the ledger, as `bot export` writes them."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "export"),
            env=clean_environment(**self.environment(0)),
            cwd=self.folder,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
        )
        out, err = await process.communicate()
        if process.returncode:
            raise ServingError(f"`bot export` failed: {err.decode(errors='replace')[-500:]}")
        lines = map(json.loads, out.decode().splitlines())
        return [Recorded(line["turn_id"], tuple(line["messages"]), line["outcome"]) for line in lines]

    async def end_bots(self) -> list[int]:
        """Tell all processes to end, as a deployment does, and return their exit codes."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        bots = [bot for bot in self.bots if bot.alive]
        for bot in bots:
            self.awaken(bot)
            bot.process.send_signal(signal.SIGTERM)
        codes = []
        for bot in bots:
            try:
                codes.append(await asyncio.wait_for(bot.process.wait(), START_S))
            except TimeoutError:
                bot.process.kill()
                codes.append(await bot.process.wait())
        self.bots.clear()
        return codes


@asynccontextmanager
async def open_stage(
    folder: Path, slack: SlackSettings, rule: ChaosRule, variables: Mapping[str, str]
) -> AsyncIterator[Stage]:
    """Start everything but the bot, and end all of it."""
    keys = frozenset(f"sim-key-{number}" for number in range(PROCESSES_MAX))
    redis = RedisServer(folder / "redis")
    await redis.start()
    try:
        vendors = Sim(Settings(keys=keys), Script(rule))
        async with SlackSim(replace(slack, calls_kept=10**7)) as sim, vendors:
            stage = Stage(folder, redis, sim, vendors, rule, variables)
            try:
                yield stage
            finally:
                for bot in stage.bots:
                    bot.stopped_at = None
                await stage.end_bots()
    finally:
        await redis.close()
