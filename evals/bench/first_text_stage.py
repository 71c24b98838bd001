"""A bot between its stand-ins, every one in a process of its own, as the parts of a benchmark need it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from rich.progress import Progress

from evals.bench.echo import echoing_vendor
from evals.bench.figures import Figure
from evals.bench.first_text_load import Load
from evals.bench.serving import Bot, SlackProcess, bot_environment, bot_process, redis_server, slack_process
from evals.bench.vendor import Vendor

Program: TypeAlias = Literal["bot", "bare loop"]
Asks: TypeAlias = Literal["some", "nothing", "before"]

TTFT_S = 0.3
TOKENS_PER_S = 100.0
WARM_UP = 5
"""Questions that are not counted: they open connections and fill caches."""
VENDORS = ("anthropic", "openai")
WAITS_S = (0.0,) * 20
WINDOWS = ("CUSTOMER_MINUTE", "CUSTOMER_HOUR", "CUSTOMER_DAY", "WORKSPACE_MINUTE", "WORKSPACE_HOUR")
"""Of the limits that a load test passes: nobody is to be limited."""
"""Slack's schedule, where a question is to wait for a program that is not there yet."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything is measured."""

    turns: int = 60
    at_random: int = 300
    rounds: int = 6
    at_once: int = 50
    idle_s: float = 20.0
    memory_turns: int = 500
    ack_s: float = 20.0


QUICK = Sizes(10, 60, 1, 50, 5.0, 60, 5.0)


@dataclass(slots=True)
class Bench:
    """Collects figures; every part starts processes of its own."""

    sizes: Sizes
    progress: Progress
    figures: list[Figure] = field(default_factory=list)

    def add(self, name: str, value: float, unit: str, at_most: float | None = None) -> None:
        """Add a figure."""
        self.figures.append(Figure(name, value, unit, at_most))


@dataclass(frozen=True, slots=True)
class Stage:
    """A program under measurement and what is around it."""

    bot: Bot
    slack: SlackProcess
    vendor: Vendor
    load: Load


@asynccontextmanager
async def staged(
    bench: Bench,
    what: str,
    *,
    program: Program = "bot",
    limits: bool = False,
    vendors: Sequence[str] = VENDORS,
    asks: Asks = "some",
) -> AsyncIterator[Stage]:
    """Start a program and all that it needs; `what` stands beside the progress.

    With `limits`, the stand-in has Slack's documented ones and the bot keeps to them. When the block begins,
    the program has answered `some` questions, or was asked `nothing`, or one `before` it was started.
    """
    task = bench.progress.add_task(what, total=None)
    with tempfile.TemporaryDirectory(prefix="first-text-") as made:
        folder = Path(made)
        async with (
            redis_server(folder) as redis_url,
            echoing_vendor(ttft_s=TTFT_S, tokens_per_s=TOKENS_PER_S) as vendor,
            slack_process(limits=limits, retry_after_s=WAITS_S) as slack,
        ):
            load = Load(slack, lambda: bench.progress.advance(task))
            waiting = [await load.ask()] if asks == "before" else []
            environment = bot_environment(slack, redis_url, {name: vendor.urls[name] for name in vendors})
            environment |= {f"BOT_LIMIT_{window}": "0" for window in WINDOWS}
            environment["SLACK_LIMITS"] = "documented" if limits else "off"
            command = _bare_loop(slack, vendor) if program == "bare loop" else ()
            async with bot_process(folder, environment, *command) as bot:
                load.waiting = waiting
                if asks == "some":
                    await load.settle(await load.ask_many(1))
                    await load.settle(await load.ask_many(WARM_UP))
                yield Stage(bot, slack, vendor, load)
    bench.progress.update(task, visible=False)


def _bare_loop(slack: SlackProcess, vendor: Vendor) -> tuple[str, str]:
    told = {
        "api": slack.api,
        "bot_token": slack.settings.bot_token,
        "app_token": slack.settings.app_token,
        "bot_user": slack.settings.bot_user,
        "vendor": vendor.urls["anthropic"],
    }
    return "evals.bench.bare_loop", json.dumps(told)
