"""What the customer sees of one turn, and when they saw its first words."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from graph.turn import Chunk, Escalated, HandedOff, Restarted, Route, TextDelta

LONGEST_OPENING = 200
"""Characters: more than this cannot stay as the opening of another model's answer."""


@dataclass(slots=True)
class Speaker:
    """Emits chunks and remembers what is visible."""

    emit: Callable[[Chunk], None]
    shown: str = ""
    first_words_at: float | None = None
    """`time.monotonic()` of the first words of the answer."""
    _new_paragraph: bool = False

    def say(self, text: str) -> None:
        """Show more words of the answer."""
        if not text:
            return
        if self.first_words_at is None and not text.isspace():
            self.first_words_at = time.monotonic()
        if self._new_paragraph:
            text, self._new_paragraph = f"\n\n{text.lstrip()}", False
        self.shown += text
        self.emit(TextDelta(text))

    def new_paragraph(self) -> None:
        """Let the next words begin a paragraph of their own."""
        self._new_paragraph = bool(self.shown.strip())

    def escalate(self, route: Route, said: str = "") -> None:
        """Announce that a higher tier takes over; what is shown stays if it is a short opening."""
        self.emit(Escalated(route, said))
        if len(self.shown) > LONGEST_OPENING:
            self.restart(route.reason)
        self.new_paragraph()

    def restart(self, reason: str) -> None:
        """Void what is shown, if anything is."""
        if self.shown:
            self.shown, self._new_paragraph = "", False
            self.emit(Restarted(reason))

    def hand_off(self, summary: str, reason: str) -> None:
        """Announce that a person takes over."""
        self.emit(HandedOff(summary, reason))
