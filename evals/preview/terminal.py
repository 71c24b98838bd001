"""A preview in a terminal: before and after side by side, or one below the other where it is narrow."""

from __future__ import annotations

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from evals.preview import wording
from evals.preview.deciding import Decided
from evals.preview.flips import KINDS, CasePair, Kind, Preview, TurnPair
from evals.preview.measurement import Measured

NARROW = 100
"""Columns below which there is no room for two."""
STYLES: dict[Kind, str] = {"now_escalates": "yellow", "no_longer_escalates": "cyan", "otherwise": "magenta"}
CONTROL = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)))


def print_preview(console: Console, preview: Preview, measured: Measured) -> None:
    """Print what changes, then what else it comes to, what is measured, and what cannot be seen."""
    console.print(_text(wording.heading(preview), "bold"), soft_wrap=True)
    if not preview.compared.changed:
        console.print("Nothing has changed: both say the same, whatever their comments.")
        return
    console.print(_text(wording.summary(preview)), soft_wrap=True)
    for kind, words in KINDS.items():
        pairs = preview.of_kind(kind)
        if pairs:
            console.print(_text(f"\n{words} ({len(pairs)})", f"bold {STYLES[kind]}"))
        for pair in pairs:
            console.print(_case(pair, console.width))
    for line in wording.consequences(preview):
        console.print(_text(f"\n{line}"), soft_wrap=True)
    _print_measured(console, measured)
    blind = list(wording.blind_spots(preview, measured))
    if blind:
        console.print(_text("\nWhat this preview cannot see:", "bold"))
        for line in blind:
            console.print(_text(f"- {line}"), soft_wrap=True)


def print_sentences(console: Console, preview: Preview) -> None:
    """Print how single sentences are decided, each as the first of a conversation."""
    console.print(_text(wording.heading(preview), "bold"), soft_wrap=True)
    for pair in preview.pairs:
        (turn,) = pair.turns
        same = "" if turn.flips else "  as before"
        console.print(Text.assemble("\n", _text(f"“{turn.asked}”", "bold"), (same, "dim")), soft_wrap=True)
        console.print(_sides(turn, console.width))


def _print_measured(console: Console, measured: Measured) -> None:
    console.print(_text(f"\n{wording.figures(measured)}"), soft_wrap=True)
    if measured.changes:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column in ("", "before", "after", "change"):
            table.add_column(column, justify="left" if column in ("", "change") else "right")
        for found in measured.changes:
            table.add_row(*wording.change(found))
        console.print(table)
    for line in measured.flips:
        console.print(_text(line), soft_wrap=True)


def _case(pair: CasePair, width: int) -> RenderableType:
    style = "red" if pair.label == "against" else "dim"
    title = Text.assemble("\n", _text(pair.case.id, "bold"), "  ", _text(wording.wanted(pair), style))
    parts: list[RenderableType] = [title]
    for turn in pair.turns:
        if turn.flips:
            parts += [_text(f"turn {turn.number}: “{turn.asked}”"), _sides(turn, width)]
    return Group(*parts)


def _sides(turn: TurnPair, width: int) -> RenderableType:
    if width < NARROW:
        return Padding(Group(_side("before", turn.before), _side("after", turn.after)), (0, 0, 0, 2))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=True, width=width, show_edge=False)
    table.add_column("before", ratio=1)
    table.add_column("after", ratio=1)
    table.add_row(_side("", turn.before), _side("", turn.after))
    return table


def _side(name: str, decided: Decided) -> Text:
    where, *why = wording.side(decided)
    head = _text(f"{name}: {where}" if name else where, "bold" if decided.escalated else "")
    indent = "  " if name else ""
    return Text("\n").join([head, *(_text(f"{indent}{line}") for line in why)])


def _text(text: str, style: str = "") -> Text:
    """Make text that is shown as it is: no markup, and nothing that moves the cursor."""
    return Text(text.translate(CONTROL), style)
