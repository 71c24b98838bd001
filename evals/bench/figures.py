"""What a benchmark has measured, and the table that says whether it is within its limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table


@dataclass(slots=True)
class Figure:
    """One measured figure and what it may be at most."""

    name: str
    value: float
    unit: str
    at_most: float | None = None

    @property
    def fine(self) -> bool:
        """Whether the figure is within its limit; one that could not be measured is not."""
        return self.at_most is None or self.value <= self.at_most


def figures_table(title: str, figures: Sequence[Figure]) -> Table:
    """Return the figures as a table, a row each."""
    table = Table(title=title, title_justify="left")
    table.add_column("figure")
    for heading in ("measured", "at most"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for f in figures:
        limit = "" if f.at_most is None else f"{f.at_most:g} {f.unit}"
        verdict = "" if f.at_most is None else "[green]ok[/green]" if f.fine else "[red]over[/red]"
        table.add_row(f.name, f"{f.value:.2f} {f.unit}", limit, verdict)
    return table


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile by the nearest rank; not a number where there are no values."""
    ordered = sorted(values)
    if not ordered:
        return float("nan")
    return ordered[min(len(ordered) - 1, round(len(ordered) * percent / 100))]
