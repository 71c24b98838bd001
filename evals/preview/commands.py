"""`evals preview`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from evals.options import Cases, Only, read_settings
from evals.preview.editions import compare
from evals.preview.flips import preview
from evals.preview.measurement import Measured
from evals.preview.page import page
from evals.preview.terminal import print_preview, print_sentences
from evals.suite.case import Case, CaseTurn, Origin
from evals.suite.suites import SHIPPED, Suite, open_suite
from graph.command_line import FINE, FOUND_WANTING, make_app, make_console, run_to_exit
from graph.opening import load_all_tiers, open_articles, open_services
from graph.records.files import check_file, write_whole
from graph.settings import GraphSettings
from prompts import FixedPrompts

IMPROVE = "Improve"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be previewed, and how it is to be shown."""

    files: tuple[Path, ...]
    against: str | None
    cases: Path | None
    only: tuple[str, ...]
    say: tuple[str, ...]
    html: Path | None
    check: bool


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("preview", rich_help_panel=IMPROVE)(show)


app = make_app("evals", "Measure the bot.")
"""Of this command alone, which is asked for again and again and starts sooner without the others."""


@app.callback()
def alone() -> None:
    """Keep the command's name where it is the only one."""


def show(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Files of the prompts, such as escalation.md.")
    ],
    against: Annotated[
        str | None, typer.Option(metavar="REV|FILE", help="What was before; default: HEAD, or as shipped.")
    ] = None,
    cases: Cases = None,
    only: Only = None,
    *,
    say: Annotated[
        list[str] | None,
        typer.Option("--say", metavar="TEXT", help="A sentence in place of the cases; may be given again."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page that loads nothing, too.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Exit 1 where a case or sentence is decided differently.")
    ] = False,
) -> None:
    """Show what a changed prompt would change: which cases go to another tier, and by which rule.

    Asks no model and spends nothing. Rules and routing are exact, with all tiers, whatever keys there are;
    what models make of it is measured where live recordings of both are there. Exits 0 whatever flips,
    unless --check is given, and 2 for a broken file, with its line.

    Example: evals preview prompts/escalation.md --say "I want my money back"
    """
    wish = Wish(tuple(files), against, cases, tuple(only or ()), tuple(say or ()), html, check)

    async def run() -> int:
        # What is wrong with the articles is `bot check`'s to say.
        return await _preview(read_settings("error"), wish)

    run_to_exit(run)


async def _preview(settings: GraphSettings, wish: Wish) -> int:
    if wish.html:
        check_file("--html", wish.html)
    compared = compare([_at_home(settings, file) for file in wish.files], wish.against)
    articles = open_articles(settings)
    services = open_services(
        settings, articles, load_all_tiers(settings), prompts=FixedPrompts(compared.after)
    )
    warming = asyncio.create_task(asyncio.to_thread(services.languages.warm_up))
    try:
        # Reasons that cases name may be renamed just now.
        suite = _sentences(wish.say) if wish.say else open_suite(settings, wish.cases, wish.only, names=False)
        found = await preview(compared, suite.cases, services)
    finally:
        await warming
        await services.models.close()
    measured = Measured(touched=0 if wish.say else len(found.touched))
    if not wish.say and suite.recordings.is_dir():
        # Without recordings nothing is played, and all is said in half the time.
        from evals.preview.measured import measure

        measured = await measure(found, suite.recordings, settings, articles)
    console = make_console()
    if wish.say:
        print_sentences(console, found)
    else:
        print_preview(console, found, measured)
    if wish.html:
        write_whole(wish.html, page(found, measured))
    return FOUND_WANTING if wish.check and found.flips else FINE


def _at_home(settings: GraphSettings, file: Path) -> Path:
    """Return the file in the adopter's folder, where there is one: `prompts/escalation.md` is theirs."""
    theirs = settings.bot_home / file if settings.bot_home else file
    return theirs if theirs.exists() else file


def _sentences(texts: tuple[str, ...]) -> Suite:
    cases = [
        Case(f"sentence {number}", Origin("written"), (CaseTurn(text),))
        for number, text in enumerate(texts, 1)
    ]
    return Suite(SHIPPED, tuple(cases), part=True)


add(app)
