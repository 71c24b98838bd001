"""Every output of a run in its folder, beside `cases.jsonl`, which they are made from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from evals.outputs.comment import comment
from evals.outputs.junit import junit
from evals.outputs.machine import machine
from evals.outputs.page import page
from evals.outputs.summary import summary
from evals.suite.report import Report
from graph.errors import InputError
from graph.records.files import unwritable, write_whole


def write_all(report: Report, folder: Path) -> list[Path]:
    """Write all outputs, each whole or not at all, and return them."""
    # Each looks at all results several times, and they may be read from a file.
    report = replace(report, results=tuple(report.results))
    texts = {
        "junit.xml": junit(report),
        "summary.md": summary(report),
        "comment.md": comment(report),
        "report.html": page(report),
        "report.json": machine(report),
    }
    for name, text in texts.items():
        write_whole(folder / name, _writable(text))
    return [folder / name for name in texts]


def add_to_step(text: str, step_summary: Path) -> None:
    """Add Markdown to a workflow step's summary."""
    try:
        with step_summary.open("a", encoding="utf-8", newline="\n") as file:
            file.write(f"{_writable(text)}\n")
    except OSError as error:
        raise InputError(f"GITHUB_STEP_SUMMARY {unwritable(step_summary, error)}") from None


def _writable(text: str) -> str:
    # Half a surrogate pair, which a case or a model can hold, cannot be written as UTF-8.
    return text.encode("utf-8", "replace").decode("utf-8")
