"""A climb in the terminal: the choice a slice, what it rests on, and the diff."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from evals.improve.ladder import Climb, Routes
from evals.improve.proposal import Proposal
from evals.improve.slices import RULE, Slice
from evals.judge.tables import plain_table

STAND_INS = "Over stand-ins: this tries the machinery, says nothing about a model, and so proposes nothing."


def print_climb(console: Console, climb: Climb, proposal: Proposal | None, by: str) -> None:
    """Print all slices of a kind (`tag` or `rule`) and all cases together, then the proposal."""
    console.print(_table(climb, by))
    for note in _notes(climb):
        console.print(note, markup=False, highlight=False, soft_wrap=True)
    if climb.source == "stand-in":
        console.print(STAND_INS)
        return
    if moved := [routes for routes in climb.routes if routes.stay or routes.rise]:
        console.print(_routes(moved))
    if proposal is not None:
        _print_proposal(console, proposal)


def in_words(part: Slice) -> str:
    """Return what a slice's choice is, in a few words."""
    choice = part.choice
    if choice is None:
        return "nothing to compare" if part.cases else "nothing could be played"
    if choice.word == "chosen":
        return choice.rung
    more = f"about {choice.more_cases} more cases" if choice.more_cases else "no number of such cases decides"
    return f"undecided from {choice.rung} up, {more}"


def _table(climb: Climb, by: str) -> Table:
    table = plain_table(f"The smallest rung that works, margin {climb.margin:.0%}")
    table.add_column("slice and rungs", overflow="fold")
    for heading in ("cases", "passed", "95 % interval", "a conversation", "p95"):
        table.add_column(heading, justify="right", no_wrap=True)
    first, *others = climb.slices
    others = [part for part in others if part.name.startswith(RULE) == (by == "rule")]
    if len(climb.rungs) == 1:
        others = []  # without a choice a slice is what `evals run` shows of it
    for part in (first, *sorted(others, key=lambda part: -len(part.cases))):
        _add(table, part)
    return table


def _add(table: Table, part: Slice) -> None:
    table.add_row(Text.assemble((part.name, "bold"), f": {in_words(part)}"), str(len(part.cases)))
    for row in part.rows:
        interval = "" if row.low is None or row.high is None else f"{row.low:.0%} to {row.high:.0%}"
        usd = "" if row.usd is None else f"${row.usd:.5f}"
        p95 = "" if row.p95_ms is None else f"{row.p95_ms / 1000:.2f} s"
        table.add_row(Text(f"  {row.rung}"), "", f"{row.passed:.0%}", interval, usd, p95)


def _notes(climb: Climb) -> list[str]:
    notes: list[str] = []
    if len(climb.rungs) == 1:
        notes.append("There is one rung only: with --replay or --live --budget USD the models are compared.")
    if climb.left_out:
        notes.append(f"{climb.left_out} cases are left out: drafts, or nothing in them judges an answer.")
    if climb.stale or climb.errors:
        notes.append(f"{climb.stale} trials are not recorded, {climb.errors} could not be played, such as:")
        notes += [f"  {problem}" for problem in climb.problems[:3]]
    if len(climb.slices) > 2 and len(climb.rungs) > 1:
        notes.append("Each slice is decided by itself: the more slices, the likelier that one is wrong.")
    return notes


def _routes(moved: list[Routes]) -> Table:
    table = plain_table("What the choices would move")
    table.add_column("slice", overflow="fold")
    table.add_column("no longer to large", justify="right")
    table.add_column("newly to large", justify="right")
    table.add_column("usd a conversation", justify="right")
    for routes in moved:
        usd = "" if routes.usd is None else f"{routes.usd:+.5f}"
        table.add_row(escape(routes.slice), str(routes.stay), str(routes.rise), usd)
    return table


def _print_proposal(console: Console, proposal: Proposal) -> None:
    for said in (*proposal.edits, *proposal.advice):
        console.print(f"- {said}", markup=False, highlight=False, soft_wrap=True)
    if proposal.diff:
        console.print("\nTo take it over: save what follows as a file and run `git apply FILE`.\n")
        # Written as it stands: a wrapped or coloured line would not apply.
        console.file.write(proposal.diff)
