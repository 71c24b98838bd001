"""What the app asked of the Web API, one line a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Call:
    """One call and what became of it; times are of `time.monotonic`, one for all processes of a machine."""

    number: int
    """Counts from 0, in the order of arrival."""
    method: str
    args: dict[str, Any]
    """As they came, without the token."""
    at: float
    done_at: float | None = None
    """When its answer was ready to be sent, or when the connection was cut."""
    ok: bool = False
    """Whether it was carried out; a client that was cut off may not know."""
    error: str = ""
    ts: str = ""
    """Of the message that it posted or changed."""
    fault: str = ""
    """The kind of what went wrong by plan."""

    def words(self) -> str:
        """Return all words that the call carries, as one text to search in."""
        shown = ("text", "markdown_text", "chunks", "blocks")
        return "\n".join(str(self.args[name]) for name in shown if name in self.args)


def keep(calls: list[Call], most: int) -> None:
    """Forget the older half where there are more calls than may be kept."""
    if len(calls) > most:
        del calls[: len(calls) // 2]


def since(calls: list[Call], number: int) -> list[Call]:
    """Return the calls from a number on, as far as they are still kept."""
    return calls[max(0, number - calls[0].number) :] if calls else []
