"""The commands that take a run's results elsewhere: `evals publish` and `evals drift`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from evals.outputs.comment import comment as comment_on
from evals.outputs.drift import find_drift
from evals.outputs.drift_words import LABEL, issue, render
from evals.outputs.history import add_nights, nights_of, read_history
from evals.outputs.pricing import price_of
from evals.outputs.settings import github_settings
from evals.outputs.sticky import Posted, upsert_comment, upsert_issue
from evals.outputs.writing import write_all
from evals.suite.report import Report
from evals.suite.run_info import RunInfo, read_info, trials_of
from evals.suite.suites import open_suite, reported
from graph.command_line import FINE, FOUND_WANTING, make_console, run_to_exit
from graph.errors import InputError
from graph.settings import GraphSettings, graph_settings
from graph.support import open_articles

PANEL = "Improve"
TOO_LITTLE = 4


@dataclass(frozen=True, slots=True)
class Read:
    """A run that was read back, judged against the baseline of today."""

    info: RunInfo
    report: Report


def add(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("publish", rich_help_panel=PANEL)(publish)
    app.command("drift", rich_help_panel=PANEL)(drift)


def publish(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN_DIR...", help="Folders of runs.")],
    comment: Annotated[
        int | None, typer.Option("--comment", metavar="NUMBER", help="Comment on this pull request.")
    ] = None,
    suite: Annotated[str, typer.Option(help="Tells comments of several suites apart.")] = "evals",
    *,
    price: Annotated[bool, typer.Option("--price", help="Say what recording would cost.")] = False,
) -> None:
    """Write a run's outputs again, and keep one comment on a pull request up to date.

    A folder gets junit.xml, summary.md, comment.md, report.html and report.json, made from its cases.jsonl
    and the accepted baseline; no model is asked. The comment covers all runs. It takes GITHUB_TOKEN and
    GITHUB_REPOSITORY; where the token may not comment, as on pull requests from forks, that is said and is
    no fault.

    Example: evals publish .firstline/runs/* --comment 12 --price
    """

    async def work() -> int:
        settings, github = graph_settings(), github_settings()
        token, repo = github.access() if comment is not None else ("", "")
        read = [read_run(settings, run) for run in runs]
        for run, each in zip(runs, read, strict=True):
            for file in write_all(each.report, run):
                typer.echo(file)
        reports = [each.report for each in read]
        cost = await price_of(settings, reports) if price else None
        if comment is not None:
            body = comment_on(*reports, suite=suite, price=cost, link=github.run_link)
            posted = await upsert_comment(github.github_api_url, token, repo, comment, body)
            typer.echo(_told(posted, f"The comment on pull request {comment}"), err=True)
        return FINE

    run_to_exit(work)


def drift(
    history: Annotated[Path, typer.Argument(metavar="HISTORY", help="JSON lines, one a case and night.")],
    add: Annotated[
        Path | None, typer.Option("--add", metavar="RUN_DIR", help="Add this run first; once only.")
    ] = None,
    suite: Annotated[str, typer.Option(help="Tells issues of several suites apart.")] = "evals",
    *,
    open_issue: Annotated[
        bool, typer.Option("--issue", help="Open an issue on GitHub where there is drift, or update it.")
    ] = False,
) -> None:
    """Say whether a model answers otherwise than in the nights before, under the same name.

    Only nights with the same cases, prompts, passages and models are compared. Exits 0 without drift, 1 with
    it, and 4 where there are too few nights or cases to tell.

    Example: evals drift history.jsonl --add .firstline/runs/20261126-031500-live
    """

    async def work() -> int:
        github = github_settings()
        token, repo = github.access() if open_issue else ("", "")
        if add is not None:
            _add(history, add)
        nights, torn = read_history(history)
        if torn:
            typer.echo(torn, err=True)
        found = find_drift(nights)
        make_console().print(render(found))
        if found.drifted and open_issue:
            title, body = issue(found, suite, github.run_link)
            posted = await upsert_issue(github.github_api_url, token, repo, title, body, label=LABEL)
            typer.echo(_told(posted, "The issue"), err=True)
        return FOUND_WANTING if found.drifted else FINE if found.shifts else TOO_LITTLE

    run_to_exit(work)


def read_run(settings: GraphSettings, folder: Path) -> Read:
    """Read a run back and judge it; raises InputError where the folder holds none."""
    info = read_info(folder)
    suite = open_suite(settings, Path(info.folder), info.only)
    trials = trials_of(folder)
    if trials.torn:
        typer.echo(trials.torn, err=True)
    return Read(info, reported(suite, info, trials))


def _add(history: Path, run: Path) -> None:
    settings = graph_settings()
    read = read_run(settings, run)
    if not read.info.finished or read.info.mode != "live":
        why = "it asked no model" if read.info.finished else "it is not finished"
        raise InputError(f"Run {read.info.id} cannot be added, as {why}; add a finished run of --live")
    added = add_nights(history, nights_of(read.info, read.report.results, open_articles(settings)))
    typer.echo(f"{read.info.id} {'is added' if added else 'is there already'}.", err=True)


def _told(posted: Posted, what: str) -> str:
    if posted == "forbidden":
        return (
            f"{what} cannot be written: GitHub does not let this workflow, as on pull requests from forks."
            " The summary of the step says the same."
        )
    return f"{what} is {posted}."
