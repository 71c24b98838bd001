"""`evals schema`."""

from __future__ import annotations

import typer

from evals.suite.case_schema import case_schema
from graph.command_line import FINE, run_to_exit

PANEL = "Improve"


def add(app: typer.Typer) -> None:
    """Register the commands about case files."""
    app.command("schema", rich_help_panel=PANEL)(schema)


def schema() -> None:
    """Print the JSON Schema of case files, with which editors complete and check them.

    Example: evals schema > cases/schema.json
    """

    async def run() -> int:
        typer.echo(case_schema(), nl=False)
        return FINE

    run_to_exit(run)
