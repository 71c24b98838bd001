"""A bot process that ends itself at one step, and the look at what its successor made of it.

Forked from a server that has everything imported: a dozen processes that start anew take half a minute.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr

# What a process that is forked has imported already.
import bot.serve  # noqa: F401
from bot.commands import app
from bot.inbox import Inbox
from bot.slack.api import Slack
from graph.checkpoint import RedisSaver
from graph.models.anthropic import AnthropicModel
from tests.bot.slack.serving import Stage

DEATH_S = 30.0
"""How long a process may take to reach its step, for machines that are busy."""
DURING_S = 0.1


@dataclass(frozen=True, slots=True)
class Step:
    """Where a process ends: before or after a function, or while it runs; of Slack's calls, one method."""

    when: Literal["before", "during", "after"]
    owner: type[Any]
    function: str
    of: str = ""

    def reached(self, arguments: tuple[Any, ...]) -> bool:
        """Tell whether a call, with its object first, is the one."""
        return not self.of or arguments[1] == self.of


def call(when: Literal["before", "during", "after"], method: str) -> Step:
    """Return a step at a call of Slack's Web API."""
    return Step(when, Slack, "call", method)


STEPS: Mapping[str, tuple[Step, ...]] = {
    "before the message is kept": (Step("before", Inbox, "put"),),
    "when the message is kept, and not acknowledged": (Step("after", Inbox, "put"),),
    "when the turn begins": (Step("before", RedisSaver, "aget_tuple"),),
    "when the model is asked": (Step("before", AnthropicModel, "stream"),),
    "when an answer may be posted": (Step("after", Inbox, "begin"),),
    "while the first words are on their way": (call("during", "chat.startStream"),),
    "when the first words are there, and not noted": (call("after", "chat.startStream"),),
    "when Slack's answer to the first words is lost": (call("after", "chat.startStream"),),
    "when the first words are noted": (Step("after", Inbox, "note"),),
    "mid answer": (call("after", "chat.appendStream"),),
    "when the answer is saved": (Step("after", RedisSaver, "aprune"),),
    "when the stream is stopped": (call("after", "chat.stopStream"),),
    "before it is finished": (Step("before", Inbox, "finish"),),
    "when it is finished": (Step("after", Inbox, "finish"),),
    "when the team's card is posted, and not noted": (call("after", "chat.postMessage"),),
    "twice, the second time when the stream was adopted": (
        call("after", "chat.startStream"),
        call("after", "chat.stopStream"),
    ),
}
"""The steps, in the order in which a turn passes them; of two, a second process ends at the second."""


async def crash(on: Stage, step: Step, log: Path, said: Callable[[], None]) -> int | None:
    """Run a bot that ends at a step, say something once it listens, and return its exit code."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=serve_until, args=(step, environment(on), log), daemon=True)
    process.start()
    try:
        # One that follows another may have its work, and its end, before it listens.
        listening = on.slack.deliveries.socket.connections
        await on.until(lambda: listening or not process.is_alive(), DEATH_S)
        said()
        # Its end is read in this thread alone: of two that read it at once, one is told 255.
        await asyncio.to_thread(wait, [process.sentinel], DEATH_S)
        return process.exitcode
    finally:
        process.kill()
        process.join()
        process.close()


def environment(on: Stage) -> dict[str, str]:
    """Return what a process needs to find the stage that the bot of this process has."""
    settings = on.settings
    values = {
        "SLACK_BOT_TOKEN": on.slack.settings.bot_token,
        "SLACK_APP_TOKEN": on.slack.settings.app_token,
        "SLACK_API_URL": on.slack.api_url,
        "SLACK_TIMEOUT_S": f"{settings.slack_timeout_s:g}",
        "ANTHROPIC_API_KEY": "sim-key",
        "ANTHROPIC_BASE_URL": on.vendor.anthropic_url,
        "REDIS_URL": settings.redis_url.get_secret_value() if settings.redis_url else "",
        "BOT_LEASE_S": f"{settings.bot_lease_s:g}",
        "BOT_DATA": str(settings.bot_data),
        "BOT_HANDOFF_CHANNEL": settings.bot_handoff_channel or "",
        "BOT_HOME": str(settings.bot_home or ""),
        "BOT_HANDOFF_WEBHOOK": _secret(settings.bot_handoff_webhook),
        "BOT_HANDOFF_WEBHOOK_SECRET": _secret(settings.bot_handoff_webhook_secret),
        "BOT_PEOPLE_LOOK_S": f"{settings.bot_people_look_s:g}",
        "PORT": "0",
        "METRICS_PORT": "0",
    }
    return {name: value for name, value in values.items() if value}


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value else ""


def serve_until(step: Step, variables: Mapping[str, str], log: Path) -> None:
    """Run `bot serve` until the step is reached; what it says goes into the log."""
    with log.open("wb") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    sys.stdin.close()
    os.chdir(log.parent)
    for name in list(os.environ):
        if name.startswith(("ANTHROPIC", "OPENAI", "REDIS", "SLACK", "BOT_", "LOG_")):
            del os.environ[name]
    os.environ.update(variables)
    end_at(step)
    app(["serve", "--sample"])


def end_at(step: Step) -> None:
    """Let this process end as by SIGKILL where it comes to the step."""
    run = getattr(step.owner, step.function)

    @wraps(run)
    def before(*arguments: Any, **named: Any) -> Any:
        if step.reached(arguments):
            end()
        return run(*arguments, **named)

    @wraps(run)
    async def later(*arguments: Any, **named: Any) -> Any:
        if step.when == "during" and step.reached(arguments):
            asyncio.get_running_loop().call_later(DURING_S, end)
        try:
            return await run(*arguments, **named)
        finally:
            if step.reached(arguments):
                end()

    setattr(step.owner, step.function, before if step.when == "before" else later)


def end() -> None:
    """End here, with nothing tidied up."""
    os.kill(os.getpid(), signal.SIGKILL)
