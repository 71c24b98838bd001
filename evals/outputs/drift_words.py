"""A drift in words: for the terminal, and as the issue that a nightly run opens."""

from __future__ import annotations

from math import exp

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from evals.outputs.comment import marker
from evals.outputs.drift import ALPHA, Drift, Measure, Shift
from evals.outputs.markdown import table, text
from evals.outputs.words import counted, percent, usd

LABEL = "evals-drift"
ADVICE = (
    f"Chance alone says so in at most {ALPHA:.0%} of nights. Look at the cases above; where the new answers"
    " are as good, accept them (`evals accept --reason`); else choose another model in `tiers.toml`."
)
HEAD = ("what", "compared", "cases", "before", "now", "p")
WHAT: dict[Measure, str] = {
    "passed": "passed",
    "escalated": "escalated",
    "usd": "cost of a conversation (middle)",
}


def says(drift: Drift) -> str:
    """Return the verdict in a sentence."""
    models = ", ".join(f"{model} ({tier})" for tier, model in sorted(drift.models.items())) or "no model"
    if not drift.shifts:
        return (
            f"Too little data: {counted(drift.nights, 'night')} so far, too few with the same cases, prompts,"
            f" articles and models ({models}) to compare."
        )
    if not drift.drifted:
        return f"No drift: {models} answers as before."
    found = ", ".join(dict.fromkeys(WHAT[shift.measure] for shift in drift.shifts if shift.drifted))
    return f"Drift: {models} no longer answers as before, with nothing else changed ({found})."


def render(drift: Drift) -> RenderableType:
    """Return the comparisons as a table, the verdict before it."""
    style = "red" if drift.drifted else "green" if drift.shifts else "yellow"
    grid = Table(box=box.SIMPLE_HEAD)
    for name in HEAD:
        grid.add_column(name, justify="left" if name in ("what", "compared") else "right")
    for shift in drift.shifts:
        grid.add_row(*_row(shift), style="bold" if shift.drifted else "")
    parts: list[RenderableType] = [Text(says(drift), style=style)]
    return Group(*parts, *([grid] if drift.shifts else []), *(Text(line) for line in _moved(drift)))


def issue(drift: Drift, suite: str, link: str | None) -> tuple[str, str]:
    """Return title and body of the issue; its first line is how it is found again."""
    rows = [list(map(text, _row(shift))) for shift in drift.shifts]
    parts = [
        marker(f"drift-{suite}"),
        text(says(drift)),
        table(HEAD, rows),
        "\n".join(f"- {text(line)}" for line in _moved(drift)),
        ADVICE,
        f"[The night's run]({link}) has all transcripts." if link else "",
    ]
    body = "\n\n".join(part for part in parts if part) + "\n"
    return f"Evals: {', '.join(sorted(set(drift.models.values())))} answers otherwise than before", body


def _row(shift: Shift) -> tuple[str, ...]:
    p = f"{shift.p:.4f}" + (" drift" if shift.drifted else "")
    before, now = _shown(shift.measure, shift.before), _shown(shift.measure, shift.recent)
    return WHAT[shift.measure], shift.window.says, str(shift.cases), before, now, p


def _moved(drift: Drift) -> list[str]:
    drifted = [shift for shift in drift.shifts if shift.drifted]
    return [
        f"{each.case}: {WHAT[shift.measure]} {_shown(shift.measure, each.before)} before,"
        f" {_shown(shift.measure, each.recent)} now"
        for shift in drifted
        for each in shift.moved
    ]


def _shown(measure: Measure, value: float) -> str:
    return usd(exp(value)) if measure == "usd" else percent(value)
