"""Knowledge that searches for the same words once: both editions ask the same."""

from __future__ import annotations

from graph.knowledge import Found, Knowledge, Passage, Readable
from graph.turn import Audience


class OnceRead:
    """Remembers what was found among the articles of one audience."""

    def __init__(self, read: Readable) -> None:
        self._read = read
        self._found: dict[tuple[str, int], Found] = {}

    @property
    def language(self) -> str:
        """ISO 639-1 code of the language that the articles are written in."""
        return self._read.language

    def search(self, query: str, k: int = 6) -> Found:
        """Find the `k` best passages for a query."""
        if (query, k) not in self._found:
            self._found[query, k] = self._read.search(query, k)
        return self._found[query, k]

    def passage(self, id: str) -> Passage | None:
        """Return the passage with this id, or None when it is not there."""
        return self._read.passage(id)


class Once:
    """Remembers what was found; for articles that do not change meanwhile."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._opened: dict[Audience, OnceRead] = {}

    @property
    def language(self) -> str:
        """ISO 639-1 code of the language that the articles are written in."""
        return self._knowledge.language

    def refresh(self) -> None:
        """Do nothing: what was found stays."""

    def open_to(self, audience: Audience) -> Readable:
        """Return the articles that an audience may read, as they stood when it was first asked."""
        return self._opened.setdefault(audience, OnceRead(self._knowledge.open_to(audience)))
