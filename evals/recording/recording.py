"""One call of a model as it was heard: what it was asked by its hash, what it said, how long it took."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, assert_never

from graph.models import Done, Event, Stop, Text, Thinking, ToolCall, ToolStarted
from graph.turn import Usage

RecordedSource: TypeAlias = Literal["live", "stand-in"]
KINDS = (("text",), ("thinking",), ("tool", "arguments"), ("tool_started",))
"""The keys of each kind of recorded event."""


@dataclass(frozen=True, slots=True)
class TurnTimes:
    """How long the whole turn took that a call was the last of."""

    first_words_ms: float | None
    total_ms: float


@dataclass(frozen=True, slots=True)
class Recording:
    """A call that came to an end of its own, or of a rule's."""

    trial: int
    """From 1."""
    step: int
    """The call's place in its trial, from 1."""
    source: RecordedSource
    recorded_at: str
    """In UTC, to the second."""
    fingerprint: str
    components: dict[str, str]
    events: tuple[dict[str, str], ...]
    """`{"text"}`, `{"thinking"}`, `{"tool", "arguments"}`, or `{"tool_started"}` without an end."""
    stop: Stop | None
    """None where a rule ended the answer before the model did: what it would have said is not known."""
    usage: Usage | None
    ttft_ms: float | None
    total_ms: float
    turn: TurnTimes | None = None
    """Of the last call of a turn that was recorded as a whole."""

    def heard(self) -> Iterator[Event]:
        """Yield what the model sent, words that followed each other as one event; without the stop."""
        for event in self.events:
            match event:
                case {"text": text}:
                    yield Text(text)
                case {"tool": name, "arguments": arguments}:
                    yield ToolStarted(name)
                    yield ToolCall(name, arguments)
                case {"tool_started": name}:
                    yield ToolStarted(name)
                case _:
                    yield Thinking()


def source_of_all(sources: Iterable[RecordedSource]) -> RecordedSource | None:
    """Return the source of words that came together: a single stand-in's makes all one; None of none."""
    found = set(sources)
    return None if not found else "live" if found == {"live"} else "stand-in"


@dataclass(slots=True)
class Tape:
    """Takes down the events of one call, from the moment it is made."""

    events: list[dict[str, str]] = field(default_factory=list)
    stop: Stop | None = None
    usage: Usage | None = None
    ttft_ms: float | None = None
    """Until the first words, or the name of a tool."""
    total_ms: float = 0.0
    """Until the last event."""
    _started: float = field(default_factory=time.monotonic)

    def hear(self, event: Event) -> None:
        """Add an event, words to those before."""
        last = self.events[-1] if self.events else {}
        self.total_ms = round((time.monotonic() - self._started) * 1000, 1)
        if self.ttft_ms is None and isinstance(event, Text | ToolStarted):
            self.ttft_ms = self.total_ms
        if isinstance(event, Text):
            if "text" in last:
                last["text"] += event.text
            else:
                self.events.append({"text": event.text})
        elif isinstance(event, Thinking):
            if "thinking" not in last:
                self.events.append({"thinking": ""})
        elif isinstance(event, ToolStarted):
            self.events.append({"tool_started": event.name})
        elif isinstance(event, ToolCall):
            if last == {"tool_started": event.name}:
                self.events.pop()
            self.events.append({"tool": event.name, "arguments": event.arguments})
        elif isinstance(event, Done):
            self.stop, self.usage = event.stop, event.usage
        else:
            assert_never(event)
