"""What a diagnosis asks of whom: a list for those who write articles, and one for those who route."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evals.improve.cause import ADVICE, ROUTING, WRITERS, Arm, Cause
from evals.improve.diagnose import Diagnosis
from evals.judge.tables import plain_table
from graph.records.files import write_whole

LISTS: dict[str, tuple[Cause, ...]] = {"writers": WRITERS, "routing": ROUTING}
TITLES = {
    "writers": "For who writes the articles",
    "routing": "For who routes",
    "rest": "To be looked at",
}


def list_of(cause: Cause) -> str:
    """Return the list that a cause belongs to: `writers`, `routing` or `rest`."""
    return next((name for name, causes in LISTS.items() if cause in causes), "rest")


def print_work(console: Console, found: Sequence[Diagnosis]) -> None:
    """Print both lists and what is on neither, each case with its arms and what to do."""
    if any(diagnosis.source == "stand-in" for diagnosis in found):
        console.print("Over stand-ins: this tries the machinery and says nothing about a model.\n")
    for name, title in TITLES.items():
        part = [diagnosis for diagnosis in found if list_of(diagnosis.cause) == name]
        if part:
            console.print(_table(f"{title} ({len(part)})", part))
    for problem in dict.fromkeys(problem for diagnosis in found for problem in diagnosis.problems):
        console.print(f"Not played to its end: {problem}", markup=False, highlight=False, soft_wrap=True)


def lines(found: Iterable[Diagnosis]) -> list[str]:
    """Return each diagnosis as a line of JSON."""
    return [json.dumps(_plain(diagnosis), ensure_ascii=False) for diagnosis in found]


def write_work(found: Sequence[Diagnosis], folder: Path) -> tuple[Path, ...]:
    """Write `writers.jsonl`, `routing.jsonl` and `rest.jsonl`, also where one is empty; returns the files."""
    files = []
    for name in TITLES:
        part = [diagnosis for diagnosis in found if list_of(diagnosis.cause) == name]
        files.append(folder / f"{name}.jsonl")
        write_whole(files[-1], "".join(f"{line}\n" for line in lines(part)))
    return tuple(files)


def _table(title: str, found: Sequence[Diagnosis]) -> Table:
    table = plain_table(title)
    table.add_column("case", overflow="fold")
    table.add_column("cause")
    for heading in ("as is", "+ gold", "larger", "both"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("what to do")
    for diagnosis in found:
        arms = diagnosis.arms
        shown = [_shown(arm) for arm in (arms.as_is, arms.gold, arms.larger, arms.both)]
        table.add_row(escape(diagnosis.case.id), diagnosis.cause, *shown, escape(_advice(diagnosis)))
    return table


def _advice(diagnosis: Diagnosis) -> str:
    named = f" ({', '.join(diagnosis.missing)})" if diagnosis.missing else ""
    return f"{ADVICE[diagnosis.cause]}{named}"


def _shown(arm: Arm | None) -> str:
    return "" if arm is None else f"{arm.passed}/{arm.of}"


def _plain(diagnosis: Diagnosis) -> dict[str, Any]:
    arms = diagnosis.arms
    named = {"as_is": arms.as_is, "gold": arms.gold, "larger": arms.larger, "both": arms.both}
    return {
        "case": diagnosis.case.id,
        "where": diagnosis.case.where,
        "cause": diagnosis.cause,
        "list": list_of(diagnosis.cause),
        "to_do": _advice(diagnosis),
        "asked": [turn.user for turn in diagnosis.case.turns],
        "findings": list(diagnosis.findings),
        "gold": list(diagnosis.case.gold_passages),
        "gold_is": diagnosis.gold,
        "retrieved": diagnosis.retrieved,
        "source": diagnosis.source,
        "arms": {name: arm and [arm.passed, arm.of] for name, arm in named.items()},
        "problems": list(diagnosis.problems),
    }
