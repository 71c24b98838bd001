"""The commands of `bot`; a fault becomes one sentence and an exit code."""

from __future__ import annotations

import sys
from json import dumps
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from bot.app import open_ledger
from bot.chat import chat as talk
from bot.check import check as look
from bot.control.standing import forget_drafts, forget_handoffs, standing, standing_numbers
from bot.control_commands import add as add_control
from bot.export import export_transcripts, export_turns
from bot.home import make_home
from bot.prompts_commands import add as add_prompts
from bot.report import render_report, report_numbers
from bot.settings import BotSettings, bot_settings
from graph.command_line import fail, make_app, make_console, run_to_exit
from graph.errors import FirstlineError
from graph.log import configure_log
from graph.support import forget_conversations

EVERY_DAY, PLUMBING = "Every day", "Plumbing"

app = make_app(
    "bot", "Firstline: a small model answers first, a large one gets the hard turns, a person gets the rest."
)
add_prompts(app)
add_control(app)

Knowledge: TypeAlias = Annotated[
    Path | None,
    typer.Option("--knowledge", metavar="DIR", help="Answer from the Markdown articles in this folder."),
]


@app.command(rich_help_panel=EVERY_DAY)
def chat(
    knowledge: Knowledge = None,
    *,
    json: Annotated[
        bool, typer.Option("--json", help="Print one record a turn instead of the answers.")
    ] = False,
) -> None:
    """Talk to the bot in this terminal, or pipe one message a line into it.

    Example: bot chat --knowledge help/ --json < questions.txt
    """
    # On a terminal, the same stands under each answer.
    settings = _start("warning" if sys.stderr.isatty() else "info")
    run_to_exit(lambda: talk(settings, knowledge=knowledge, as_json=json))


@app.command(rich_help_panel=EVERY_DAY)
def serve(
    transport: Annotated[
        Literal["socket", "http"] | None,
        typer.Option(
            help="How Slack reaches the bot; socket where SLACK_APP_TOKEN is set.", show_default=False
        ),
    ] = None,
    *,
    sample: Annotated[bool, typer.Option("--sample", help="Answer for the sample shop.")] = False,
) -> None:
    """Answer in Slack until stopped; SIGTERM lets answers that are under way come to their end.

    Example: bot serve --transport socket
    """
    # Only here: a conversation in the terminal starts sooner without Slack's libraries.
    from bot.serve import serve as answer_in_slack

    settings = _start("info")
    run_to_exit(lambda: answer_in_slack(settings, transport=transport, sample=sample))


@app.command(rich_help_panel=EVERY_DAY)
def report(
    *, json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False
) -> None:
    """Show response time, escalation, ratings and cost by tier.

    Example: bot report
    """
    settings = _start()

    async def show() -> int:
        async with open_ledger(settings) as ledger:
            view = await ledger.view()
        if json:
            numbers = {**report_numbers(view), **await standing_numbers(settings)}
            typer.echo(dumps(numbers, indent=2, ensure_ascii=False))
        else:
            make_console().print(render_report(view))
            for line in await standing(settings):
                make_console().print(line, markup=False, soft_wrap=True)
        return 0

    run_to_exit(show)


@app.command(rich_help_panel=EVERY_DAY)
def check(knowledge: Knowledge = None) -> None:
    """Look whether everything is there that the bot needs; exits 1 where something is wanting.

    Example: bot check
    """
    # What would be logged as a warning is a finding here.
    settings = _start("error")
    run_to_exit(lambda: look(settings, make_console(), knowledge))


@app.command(rich_help_panel=EVERY_DAY)
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that does not exist yet.")],
) -> None:
    """Make your own folder: prompts, phrases, tiers, articles, cases; then set BOT_HOME to it.

    Example: bot init support && BOT_HOME=support bot chat
    """

    async def make() -> int:
        for path in make_home(folder):
            typer.echo(path)
        typer.echo(
            f"Next: put your help articles into {folder / 'knowledge'}, a Markdown file each.", err=True
        )
        return 0

    run_to_exit(make)


@app.command(rich_help_panel=PLUMBING)
def export(
    *,
    transcripts: Annotated[
        bool, typer.Option("--transcripts", help="The redacted words instead of the numbers.")
    ] = False,
) -> None:
    """Print the ledger as JSON lines, oldest turn first.

    Example: bot export > turns.jsonl
    """
    settings = _start()

    async def write() -> int:
        async with open_ledger(settings) as ledger:
            if transcripts:
                await export_transcripts(ledger, sys.stdout)
                return 0
            for note in await export_turns(ledger, sys.stdout):
                typer.echo(note, err=True)
        return 0

    run_to_exit(write)


@app.command(rich_help_panel=PLUMBING)
def forget(
    customer: Annotated[str | None, typer.Option(help="Everything of this customer.")] = None,
    conversation: Annotated[str | None, typer.Option(help="Everything of this conversation.")] = None,
) -> None:
    """Erase a customer or a conversation: ledger, ratings, transcripts, and what open conversations remember.

    Example: bot forget --customer U0123456
    """
    settings = _start()
    if not (customer or "").strip() and not (conversation or "").strip():
        fail("name what is to be forgotten: --customer ID or --conversation ID")

    async def erase() -> int:
        async with open_ledger(settings) as ledger:
            turns = await ledger.turns()
            theirs = {turn.conversation for turn in turns if turn.customer == customer}
            await forget_conversations(settings, theirs | ({conversation} if conversation else set()))
            erased = await ledger.forget(customer=customer, conversation=conversation)
        erased += await forget_drafts(settings, customer=customer, conversation=conversation)
        erased += await forget_handoffs(settings, customer=customer, conversation=conversation)
        typer.echo(f"{erased} turns, ratings, transcripts and drafts erased")
        return 0

    run_to_exit(erase)


def _start(level: str = "warning") -> BotSettings:
    """Read the environment and start the log, at this level where LOG_LEVEL names none."""
    try:
        settings = bot_settings()
    except FirstlineError as error:
        fail(str(error))
    configure_log(format=settings.log_format, level=settings.log_level or level, log_text=settings.log_text)
    return settings
