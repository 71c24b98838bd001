"""`evals import`: transcripts from elsewhere as draft cases."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from evals.importers.export import import_export
from evals.importers.imported import Imported, LeftOut
from evals.importers.tau import import_tau
from evals.importers.tau2 import import_tau2
from evals.suite.case import Case
from evals.suite.case_dump import dump_case
from evals.suite.case_model import ID
from graph.command_line import make_console, run_to_exit
from graph.errors import InputError
from graph.records.files import check_folder, write_whole


class Kind(StrEnum):
    """Where a file comes from."""

    TAU = "tau"
    TAU2 = "tau2"
    EXPORT = "export"


_IMPORT: dict[Kind, Callable[..., Imported]] = {
    Kind.TAU: import_tau,
    Kind.TAU2: import_tau2,
    Kind.EXPORT: import_export,
}


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("import", rich_help_panel="Improve")(import_cases)


def import_cases(
    kind: Annotated[Kind, typer.Argument(help="tau-bench, tau2-bench, or `bot export --transcripts`.")],
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Where the cases go, a file each.")],
    prefix: Annotated[
        str | None, typer.Option("--prefix", help="What the cases' ids begin with; tau, tau2 or export.")
    ] = None,
) -> None:
    """Make draft cases of transcripts from elsewhere; a case that is there already stays as it is.

    Drafts never gate: a person reads them, labels them and takes `draft: true` away.

    Example: evals import export transcripts.jsonl --to drafts/
    """

    async def run() -> int:
        if prefix and not re.fullmatch(ID, prefix):
            raise InputError(f"--prefix `{prefix}` must be small letters and digits joined by hyphens")
        check_folder("--to", to)
        imported = _IMPORT[kind](file, prefix=prefix or kind.value)
        kept = _write(imported.cases, to)
        _print(make_console(), imported, kept, to)
        return 0

    run_to_exit(run)


def _write(cases: Iterable[Case], folder: Path) -> list[LeftOut]:
    """Write the cases that are not there yet; returns those that are."""
    kept = []
    for case in cases:
        file = folder / f"{case.id}.yaml"
        if file.exists():
            kept.append(LeftOut(case.id, "the case is there already and was kept"))
            continue
        write_whole(file, dump_case(case))
    return kept


def _print(console: Console, imported: Imported, kept: list[LeftOut], folder: Path) -> None:
    written = len(imported.cases) - len(kept)
    console.print(f"{written} draft cases written to {folder}", highlight=False, soft_wrap=True)
    if imported.trials:
        passed = sum(trial.passed for trial in imported.trials)
        said = f"{len(imported.trials)} trials read, {passed} of them passed; they are not written"
        console.print(said, highlight=False, soft_wrap=True)
    reasons: dict[str, list[str]] = defaultdict(list)
    for one in (*imported.left_out, *kept):
        reasons[one.why].append(one.where)
    if reasons:
        console.print(_table(reasons))


def _table(reasons: dict[str, list[str]]) -> Table:
    table = Table(title="Left out", title_justify="left")
    table.add_column("times", justify="right")
    table.add_column("what and why")
    table.add_column("first")
    for why, places in sorted(reasons.items(), key=lambda pair: -len(pair[1])):
        table.add_row(str(len(places)), why, places[0])
    return table
