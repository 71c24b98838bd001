"""`evals bench answers`: how many questions the bot answers without any model, and on which articles."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.progress import track
from rich.table import Table

from evals.bench.retrieve import bare
from evals.retrieve import read_case
from graph.run import run_turn
from graph.support import Support
from graph.turn import Finished, Message, Turn, TurnRecord


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of the questions; `cited` counts those that name articles and were answered from one."""

    asked: int
    answered: int
    named: int
    cited: int
    handed_off: Counter[str]
    """Reason -> questions."""


async def measure_answers(lines: Iterable[str], support: Support, console: Console) -> Answers:
    """Ask each line `{"id", "query", "required" or "articles": [...]}` in a conversation of its own.

    An article may be named with or without its ending. Raises InputError naming the line that is not right.
    """
    cases = [read_case(line, number) for number, line in enumerate(lines, 1) if line.strip()]
    wanted = [{bare(name) for name in case.get("required", case.get("articles", []))} for case in cases]
    asking = track(cases, "asking", console=console, transient=True)
    records = [await _ask(support, str(case["id"]), case["query"]) for case in asking]
    answered = [record.outcome == "answered" for record in records]
    found = [{bare(source.article) for source in record.sources} for record in records]
    return Answers(
        asked=len(records),
        answered=sum(answered),
        named=sum(map(bool, wanted)),
        cited=sum(a and bool(f & w) for a, f, w in zip(answered, found, wanted, strict=True)),
        handed_off=Counter(r.route.reason for r, a in zip(records, answered, strict=True) if not a),
    )


def print_answers(console: Console, answers: Answers) -> None:
    """Print the shares as a table."""
    table = Table(title=f"{answers.asked} questions without a model", title_justify="left")
    table.add_column("")
    table.add_column("questions", justify="right")
    table.add_column("share", justify="right")
    rows = [("answered", answers.answered)]
    if answers.named:
        rows.append(("answered from an article that was named", answers.cited))
    rows += [(f"to a person: {reason}", count) for reason, count in answers.handed_off.most_common()]
    for name, count in rows:
        table.add_row(name, str(count), f"{count / max(1, answers.asked):.0%}")
    console.print(table)


async def _ask(support: Support, name: str, query: str) -> TurnRecord:
    messages = (Message(name, query),)
    turn = Turn(name, f"bench-{name}", "bench", messages, time.time(), audience="internal")
    async for chunk in run_turn(support, turn):
        if isinstance(chunk, Finished):
            return chunk.record
    raise AssertionError("a turn ended without Finished")
