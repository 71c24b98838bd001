"""`bot pause` and `bot resume`: the switch that stops every process, with who threw it and why."""

from __future__ import annotations

import getpass
import re
from typing import Annotated, TypeAlias

import typer

from bot.control.pause import EVERYWHERE, Pauses
from bot.control.standing import described
from bot.settings import BotSettings, bot_settings
from graph.command_line import FINE, FOUND_WANTING, fail, run_to_exit
from graph.errors import FirstlineError, InputError
from graph.log import configure_log
from graph.state_store import open_state

PANEL = "Every day"
CHANNEL = re.compile(r"[CDG][A-Z0-9]+")

Channel: TypeAlias = Annotated[
    str | None, typer.Option(metavar="ID", help="One channel alone; default: everywhere.")
]


def add(app: typer.Typer) -> None:
    """Add the commands to `bot`."""
    app.command("pause", rich_help_panel=PANEL)(pause)
    app.command("resume", rich_help_panel=PANEL)(resume)


def pause(
    channel: Channel = None,
    *,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; it stands on each card.")],
) -> None:
    """Stop the bot: within 2 seconds every new message goes to a person, in every process, until resumed.

    An answer that is under way comes to its end. Needs REDIS_URL.

    Example: bot pause --channel C0123456789 --reason "wrong prices in the articles"
    """
    settings = _settings()
    scope = _scope(channel)

    async def run() -> int:
        if channel:
            typer.echo(await _look_for(settings, channel), err=True, nl=False)
        async with open_state(_url(settings)) as redis:
            pauses = Pauses(redis)
            before = await pauses.pause(scope, getpass.getuser(), reason)
            now = next(one for one in pauses.all if one.scope == scope)
        if before:
            typer.echo(f"It was {described(before)}. That is replaced.", err=True)
        typer.echo(f"The bot is {described(now)}.")
        return FINE

    run_to_exit(run)


def resume(channel: Channel = None) -> None:
    """Let the bot answer again, everywhere or in the one channel that was paused; exits 1 where it did.

    Example: bot resume
    """
    settings = _settings()
    scope = _scope(channel)

    async def run() -> int:
        async with open_state(_url(settings)) as redis:
            pauses = Pauses(redis)
            lifted = await pauses.resume(scope)
            left = pauses.all
        where = channel or "everywhere"
        if lifted:
            typer.echo(f"Resumed; it was {described(lifted)}.")
        else:
            typer.echo(f"Nothing to resume: no pause of {where} was in force.", err=True)
        for one in left:
            typer.echo(f"Still {described(one)}.", err=True)
        return FINE if lifted else FOUND_WANTING

    run_to_exit(run)


def _scope(channel: str | None) -> str:
    if channel is None:
        return EVERYWHERE
    if not CHANNEL.fullmatch(channel):
        fail(
            f"--channel {channel}: it must be a channel's ID, such as C0123456789"
            " (in Slack: the channel's name, then About, at the bottom)"
        )
    return channel


def _url(settings: BotSettings) -> str:
    if settings.redis_url is None:
        raise InputError("REDIS_URL is not set: without it no running bot can be reached from here")
    return settings.redis_url.get_secret_value()


async def _look_for(settings: BotSettings, channel: str) -> str:
    """Raise InputError for a channel that Slack does not know; return what else is to be said."""
    if settings.slack_bot_token is None:
        return "SLACK_BOT_TOKEN is not set, so that nobody knows whether there is such a channel.\n"
    # Only here: other commands start sooner without Slack's libraries.
    from bot.announce import channel_problem

    problem, sure = await channel_problem(settings, channel)
    if sure:
        raise InputError(f"--channel {channel}: {problem}; nothing was paused")
    return f"{problem}\n" if problem else ""


def _settings() -> BotSettings:
    try:
        settings = bot_settings()
    except FirstlineError as error:
        fail(str(error))
    configure_log(
        format=settings.log_format,
        level=settings.log_level or "error",
        log_text=settings.log_text,
        secrets=settings.secrets,
    )
    return settings
