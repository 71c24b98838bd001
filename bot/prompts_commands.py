"""`bot prompts`: versions of the prompts, for a share of the conversations, without a deploy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import structlog
import typer

from bot.prompt_list import print_list, render_list
from bot.prompt_versions import NotCertified, Wish, bring, open_versions, take_back
from bot.settings import BotSettings, bot_settings
from graph.command_line import FINE, FOUND_WANTING, fail, make_app, make_console, run_to_exit
from graph.errors import FirstlineError
from graph.log import configure_log
from graph.rollout import Step

log = structlog.get_logger()

IMPROVE = "Improve"

prompts = make_app(
    "prompts", "Bring whole versions of the prompts to a share of the conversations, and take them back."
)


def add(app: typer.Typer) -> None:
    """Add the commands to `bot`."""
    app.add_typer(prompts, name="prompts", rich_help_panel=IMPROVE)


@prompts.command("list")
def show() -> None:
    """Show what is promoted, for how many conversations, by whom, when and why.

    Example: bot prompts list
    """
    settings = _settings()

    async def run() -> int:
        async with open_versions(settings) as versions:
            print_list(make_console(), await render_list(settings, versions))
        return FINE

    run_to_exit(run)


@prompts.command("promote")
def bring_into_force(
    *,
    percent: Annotated[int, typer.Option(min=5, max=100, help="The share of new conversations.")],
    by: Annotated[str, typer.Option(metavar="NAME", help="Who brings it into force.")],
    to: Annotated[
        str | None, typer.Option(metavar="HASH", help="A version that was promoted; default: the files here.")
    ] = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; default: the run of the cases.")] = "",
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What the gate wrote; default: the one in Redis.")
    ] = None,
    emergency: Annotated[
        str | None, typer.Option(metavar="REASON", help="Do without a certificate; this is announced.")
    ] = None,
) -> None:
    """Bring a version of the prompts into force for a share of the conversations; bots follow in 2 seconds.

    A conversation stays with the version that it began under; 100 % is for all of them. git is the truth: a
    deploy ends it. Exits 1 without a certificate for this very version.

    Example: bot prompts promote --percent 5 --by ada --certificate runs/42/certificate.json
    """
    settings = _settings()
    wish = Wish(to, percent, by, reason, certificate, emergency)

    async def run() -> int:
        async with open_versions(settings) as versions:
            try:
                step = await bring(settings, versions, wish)
            except NotCertified as refusal:
                make_console(stderr=True).print(str(refusal), style="red", markup=False, soft_wrap=True)
                return FOUND_WANTING
        typer.echo(f"Version {step.version} is in force for {step.percent} % of new conversations.")
        if emergency is not None:
            await _announce(settings, step)
        elif step.certificate and step.certificate.weakness:
            typer.echo(f"Take care: its certificate is {step.certificate.weakness}.", err=True)
        return FINE

    run_to_exit(run)


@prompts.command("rollback")
def roll_back(
    *,
    by: Annotated[str, typer.Option(metavar="NAME", help="Who takes it back.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why.")],
    to: Annotated[
        str | None,
        typer.Option(metavar="HASH", help="Back to this version; default: to the one before the newest."),
    ] = None,
) -> None:
    """Take a version back at once, also from the conversations that began under it.

    Example: bot prompts rollback --by ada --reason "It promises refunds."
    """
    settings = _settings()

    async def run() -> int:
        async with open_versions(settings) as versions:
            left = await take_back(versions, to=to, by=by, reason=reason)
        shares = ", ".join(f"{step.version} for {step.percent} %" for step in left.in_force)
        typer.echo(f"In force: {shares or f'{left.base}, the version in git, for all conversations'}.")
        return FINE

    run_to_exit(run)


async def _announce(settings: BotSettings, step: Step) -> None:
    # Only here: the other commands start sooner without Slack's libraries.
    from bot.announce import announce

    said = (
        f"Emergency: {step.by} brought version {step.version} of the bot's prompts into force for"
        f" {step.percent} % of the conversations without a certificate. Reason: {step.reason}"
    )
    log.error("prompts.emergency", version=step.version, percent=step.percent, by=step.by, reason=step.reason)
    if why := await announce(settings, said):
        typer.echo(f"It is announced in the log only, not in Slack: {why}.", err=True)


def _settings() -> BotSettings:
    try:
        settings = bot_settings()
    except FirstlineError as error:
        fail(str(error))
    configure_log(
        format=settings.log_format,
        level=settings.log_level or "warning",
        log_text=settings.log_text,
        secrets=settings.secrets,
    )
    return settings
