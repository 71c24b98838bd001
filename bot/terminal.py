"""How a turn looks in a terminal or a pipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from bot.wrapping import Wrapping
from graph.turn import Call, Chunk, Escalated, Finished, HandedOff, Restarted, TextDelta, TurnRecord

CONTROL = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)))
"""Control characters but tab and line break: nobody's words may move the cursor or set the title."""


class Screen:
    """Writes chunks as they come, and the account under each answer."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._wrapping = Wrapping(console.width) if console.is_terminal else None
        self._at_line_start = True

    def show(self, chunk: Chunk) -> None:
        """Write one chunk."""
        match chunk:
            case TextDelta(text):
                self._words(text)
            case Escalated(route, said):
                self.line(f"… {said or route.reason}", "dim")
            case Restarted():
                self.line("… the words above are withdrawn; the answer starts again", "dim")
            case HandedOff():
                self.line("→ this is where a person takes over; here, none is connected", "yellow")
            case Finished(record):
                for line in account(record):
                    self.line(line, "dim")
                self.line("")
            case _:
                assert_never(chunk)

    def line(self, text: str, style: str = "") -> None:
        """Write a line of the program's own, below what stands there."""
        self._end_line()
        self.console.print(plain(text, style), soft_wrap=self._wrapping is None)

    def ask(self) -> None:
        """Write the prompt."""
        self._end_line()
        self.console.print(Text("you> ", "bold"), end="")

    def _end_line(self) -> None:
        if self._wrapping is not None:
            self._write(self._wrapping.finish())
        if not self._at_line_start:
            self._write("\n")

    def _words(self, text: str) -> None:
        safe = text.translate(CONTROL)
        self._write(safe if self._wrapping is None else self._wrapping.feed(safe))

    def _write(self, text: str) -> None:
        if text:
            # Straight to the stream: rich would make each piece a line of its own.
            self.console.file.write(text)
            self.console.file.flush()
            self._at_line_start = text.endswith("\n")


def plain(text: str, style: str = "") -> Text:
    """Return text for rich that is shown as it is: no markup, no control characters."""
    return Text(text.translate(CONTROL), style)


def account(record: TurnRecord) -> tuple[str, str]:
    """Say in two lines who answered and why, and how fast, at what cost, from which articles."""
    parts = [
        f"first word {duration(record.first_words_ms)}",
        f"total {duration(record.total_ms)}",
        dollars(record.cost_usd),
        *(source.article for source in record.sources),
    ]
    who = f"{record.outcome.replace('_', ' ')}: {_who(record)}. {record.route.reason}"
    return who.rstrip(), " · ".join(parts)


def why(record: TurnRecord, prompt_versions: Mapping[str, str]) -> RenderableType:
    """Lay out how a turn went: the route, each call, the sources, the prompts that were in force."""
    route = record.route
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    sure = "" if route.confidence is None else f", {route.confidence:.0%} sure"
    facts.add_row("route", plain(f"{route.tier}, by {_DECIDED[route.by]}{sure}"))
    facts.add_row("reason", plain(route.reason))
    for number, source in enumerate(record.sources):
        address = f", {source.url}" if source.url else ""
        facts.add_row("" if number else "sources", plain(f"{source.title} ({source.article}{address})"))
    if not record.sources:
        facts.add_row("sources", "none cited")
    # Joined by no-break spaces, so that a name stays with its version.
    versions = (f"{name}\u00a0{version}" for name, version in prompt_versions.items())
    facts.add_row("prompts", plain(", ".join(versions)))
    return Group(facts, "", _calls(record.calls), "")


_DECIDED = {"rule": "a rule", "classifier": "the classifier", "model": "the model", "person": "a person"}


def _calls(calls: tuple[Call, ...]) -> RenderableType:
    if not calls:
        return plain("No model was called.")
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("tier", "model, and tokens", "outcome"):
        table.add_column(heading, overflow="fold")
    for heading in ("first", "total", "cost"):
        table.add_column(heading, justify="right", no_wrap=True)
    for call in calls:
        table.add_row(
            plain(call.tier),
            Text.assemble(plain(_model(call)), (_tokens(call), "dim")),
            call.outcome.replace("_", " "),
            duration(call.ttft_ms),
            duration(call.total_ms),
            "unknown" if call.cost_usd is None else dollars(call.cost_usd),
        )
    return table


def _model(call: Call) -> str:
    return call.model if call.model == call.provider else f"{call.provider} {call.model}"


def _tokens(call: Call) -> str:
    if call.usage is None or not call.usage.input_tokens + call.usage.output_tokens:
        return ""
    cached = f" ({call.usage.cache_read_tokens:,} cached)" if call.usage.cache_read_tokens else ""
    return f"\n{call.usage.input_tokens:,} in{cached}, {call.usage.output_tokens:,} out"


def dollars(cost: float | None) -> str:
    """Write a cost in US dollars; what is unknown is not 0."""
    if cost is None:
        return "cost unknown"
    return "$0" if cost == 0 else f"${cost:.5f}" if cost < 0.01 else f"${cost:.3f}"


def duration(ms: float | None) -> str:
    """Write a time so that it can be read at a glance."""
    if ms is None:
        return "none"
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def counted(number: int, thing: str) -> str:
    """Write a number of things."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _who(record: TurnRecord) -> str:
    model = next((call.model for call in reversed(record.calls) if call.tier == record.route.tier), "")
    return record.route.tier if model in ("", record.route.tier) else f"{record.route.tier} ({model})"
