"""How a turn looks in a terminal or a pipe."""

from __future__ import annotations

from typing import assert_never

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from graph.turn import Call, Chunk, Escalated, Finished, HandedOff, Restarted, TextDelta, TurnRecord
from prompts import Phrases

CONTROL = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)))
"""Control characters but tab and line break: nobody's words may move the cursor or set the title."""


class Screen:
    """Writes chunks as they come, and the account under each answer."""

    def __init__(self, console: Console, phrases: Phrases) -> None:
        self.console = console
        self._phrases = phrases
        self._at_line_start = True

    def show(self, chunk: Chunk) -> None:
        """Write one chunk."""
        match chunk:
            case TextDelta(text):
                self._words(text)
            case Escalated(route):
                self._line(f"[dim]… {escape(route.reason)}[/dim]")
            case Restarted():
                self._line("[dim]… the words above are withdrawn; the answer starts again[/dim]")
            case HandedOff(reason=reason):
                self._line(f"[yellow]→ a person takes over:[/yellow] [dim]{escape(reason)}[/dim]")
            case Finished(record):
                self._line(f"[dim]{escape(account(record))}[/dim]")
                self.console.print()
            case _:
                assert_never(chunk)

    def _words(self, text: str) -> None:
        safe = text.translate(CONTROL)
        # Straight to the stream: rich would wrap each piece as a line of its own.
        self.console.file.write(safe)
        self.console.file.flush()
        self._at_line_start = safe.endswith("\n")

    def _line(self, markup: str) -> None:
        if not self._at_line_start:
            self.console.print()
        self.console.print(markup, highlight=False, soft_wrap=True)
        self._at_line_start = True


def account(record: TurnRecord) -> str:
    """Say in one line who answered, why, how fast, at what cost, from which articles."""
    parts = [
        f"{record.outcome.replace('_', ' ')} by {_who(record)}",
        record.route.reason.rstrip("."),
        f"first word {_seconds(record.first_words_ms)}, all {_seconds(record.total_ms)}",
        dollars(record.cost_usd),
    ]
    if record.sources:
        parts.append("from " + ", ".join(source.article for source in record.sources))
    return " · ".join(part for part in parts if part)


def why(record: TurnRecord) -> Table:
    """Lay out the calls of a turn."""
    table = Table(title=f"{record.route.tier}: {record.route.reason}", title_justify="left", box=None)
    for heading in ("tier", "provider", "model", "outcome"):
        table.add_column(heading)
    for heading in ("in", "cached", "out", "first word", "total", "cost"):
        table.add_column(heading, justify="right")
    for call in record.calls:
        table.add_row(*_cells(call))
    return table


def _cells(call: Call) -> list[str]:
    usage = call.usage
    tokens = (
        [str(n) for n in (usage.input_tokens, usage.cache_read_tokens, usage.output_tokens)]
        if usage
        else ["?"] * 3
    )
    times = [_seconds(call.ttft_ms), _seconds(call.total_ms)]
    return [call.tier, call.provider, call.model, call.outcome, *tokens, *times, dollars(call.cost_usd)]


def dollars(cost: float | None) -> str:
    """Write a cost in US dollars; what is unknown is not 0."""
    if cost is None:
        return "cost unknown"
    return "$0" if cost == 0 else f"${cost:.5f}" if cost < 0.01 else f"${cost:.3f}"


def _who(record: TurnRecord) -> str:
    model = next((call.model for call in reversed(record.calls) if call.tier == record.route.tier), "")
    return record.route.tier if model in ("", record.route.tier) else f"{record.route.tier} ({model})"


def _seconds(ms: float | None) -> str:
    if ms is None:
        return "?"
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"
