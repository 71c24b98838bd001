"""`evals bench improve`: what was planted against what is found, and how often there are false alarms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from evals.improve.end_to_end import play_planted
from evals.improve.simulated import RUNS, Rate, simulate
from evals.judge.tables import plain_table
from graph.records.statistics import wilson
from graph.settings import GraphSettings


async def bench_improve(console: Console, settings: GraphSettings, *, runs: int = RUNS, seed: int = 0) -> int:
    """Print every rate with its interval; returns 1 where one is surely not what it should be."""
    rates = simulate(runs, seed)
    with TemporaryDirectory() as folder:
        rates += await play_planted(settings, Path(folder))
    console.print(rates_table(rates, runs, seed))
    console.print(
        "Over planted chances and stand-ins: it says whether the methods find what is there, and nothing"
        " about any model.",
        soft_wrap=True,
    )
    return int(any(wanting(rate) for rate in rates))


def wanting(rate: Rate) -> bool:
    """Tell whether the whole interval of a rate is on the wrong side of what it should be."""
    low, high = wilson(rate.found, rate.runs) or (0.0, 1.0)
    too_few = rate.at_least is not None and high < rate.at_least
    return too_few or (rate.at_most is not None and low > rate.at_most)


def rates_table(rates: Sequence[Rate], runs: int, seed: int) -> Table:
    """Return the rates as a table, a row each."""
    table = plain_table(f"{runs} seeded runs (seed {seed})")
    table.add_column("")
    for heading in ("found", "95 % interval", "should be"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for rate in rates:
        low, high = wilson(rate.found, rate.runs) or (0.0, 1.0)
        should = f"at least {rate.at_least:.0%}" if rate.at_most is None else f"at most {rate.at_most:.0%}"
        word = "[red]wanting[/red]" if wanting(rate) else "[green]ok[/green]"
        table.add_row(rate.what, f"{rate.found}/{rate.runs}", f"{low:.1%} to {high:.1%}", should, word)
    return table
