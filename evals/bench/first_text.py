"""`evals bench first-text`: how soon the bot's first words are in Slack, and what that takes.

The bot runs as its own process between stand-ins for Slack and for the vendors. The time is from Slack's
sending of the event to the first call that brings the answer's first words, less the model's own time to
first token; a status and a placeholder are no words of an answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.progress import Progress

from evals.bench.figures import figures_table
from evals.bench.first_text_parts import PARTS
from evals.bench.first_text_stage import QUICK, Bench, Sizes
from graph.errors import InputError


async def bench_first_text(console: Console, *, quick: bool, parts: Sequence[str]) -> int:
    """Print the figures; returns 1 where one is over its limit. No `parts` are all of them."""
    if unknown := sorted(set(parts) - set(PARTS)):
        raise InputError(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bench = Bench(QUICK if quick else Sizes(), progress)
        for name, run in PARTS.items():
            if not parts or name in parts:
                await run(bench)
    console.print(figures_table("First words in Slack, less the model's time to first token", bench.figures))
    return 0 if all(figure.fine for figure in bench.figures) else 1
