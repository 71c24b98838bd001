"""`evals certify`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from evals.judge.certificate import Certificate, wanting, write_certificate
from evals.judge.certify import certify, disagreements, print_certificate
from evals.judge.judge import Judge, relatives
from evals.judge.labels import Label, read_labels
from evals.judge.opening import certificate_folders, open_live_judge
from evals.judge.opinion import Opinion
from evals.options import Live, Own, Usd, read_settings
from evals.recording.budget import Budget
from evals.recording.opening import source_of
from graph.command_line import FINE, FOUND_WANTING, make_console, run_to_exit
from graph.errors import InputError
from graph.records.files import check_folder
from graph.settings import GraphSettings
from graph.support import load_all_tiers
from graph.tiers import usable


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("certify", rich_help_panel="Improve")(certify_judge)


def certify_judge(
    labels: Annotated[
        Path,
        typer.Argument(
            metavar="LABELS.jsonl",
            help='Lines of {"transcript": [{"role", "text"}], "rubric", "label", "labelled_by"}.',
        ),
    ],
    judge: Annotated[
        str | None, typer.Option(metavar="PROVIDER:MODEL", help="Who judges; chosen without it.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Where the certificate goes.")
    ] = None,
    *,
    live: Live = False,
    budget: Usd = None,
    own: Own = False,
) -> None:
    """Measure a judge against people's labels, and write what its rubrics may gate by.

    Its certificate holds for this judge.md, this model, and 180 days. It needs 50 labels, yes and no among
    them, and a kappa of 0.6. Exits 1 where that is not reached.

    Example: evals certify labels.jsonl --live --budget 1
    """

    async def work() -> int:
        if not live or not budget:
            raise InputError("a judge is a model that is asked: give --live and --budget USD")
        settings, given = read_settings(), read_labels(labels)
        folder = to or certificate_folders(settings.bot_home)[0]
        check_folder("--to", folder)
        opened = _open(settings, judge, budget)
        source = source_of(opened.candidate.provider, settings, "live" if own else None)
        certificate, opinions = await _certify(opened, given)
        if not any(opinion.heard for opinion in opinions):
            raise InputError(f"No label could be judged: {opinions[0].why}")
        _tell(certificate, source, disagreements(given, opinions))
        if source == "stand-in":
            typer.echo("A stand-in judged, so no certificate is written.", err=True)
        else:
            file = write_certificate(certificate, folder)
            typer.echo(f"Written: {file}")
        return FOUND_WANTING if wanting(certificate) else FINE

    run_to_exit(work)


def _open(settings: GraphSettings, name: str | None, budget: float) -> Judge:
    """Open the judge, and warn where it is a relative of the model that answers first."""
    tiers = usable(load_all_tiers(settings), settings.providers - {"scripted"})
    opened = open_live_judge(settings, name, tiers, Budget(budget))
    if warning := relatives(opened.candidate, {tiers.first.candidates[0].model}):
        make_console(stderr=True).print(warning, markup=False, highlight=False, soft_wrap=True)
    return opened


async def _certify(judge: Judge, given: tuple[Label, ...]) -> tuple[Certificate, tuple[Opinion, ...]]:
    console = make_console(stderr=True)
    columns = (TextColumn("judging"), BarColumn(), MofNCompleteColumn())
    try:
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("judging", total=len(given))
            today = datetime.now(UTC).date()
            return await certify(judge, given, today, lambda: progress.advance(task))
    finally:
        await judge.model.close()


def _tell(certificate: Certificate, source: str, differences: list[str]) -> None:
    console = make_console()
    print_certificate(console, certificate, source)
    for line in differences:
        console.print(f"- {line}", markup=False, highlight=False, soft_wrap=True)
