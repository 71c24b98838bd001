"""What the bot knows: passages of Markdown articles, found by their words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from graph.turn import Audience


@dataclass(frozen=True, slots=True)
class Passage:
    """The text under one heading of an article."""

    id: str
    """`article#slug-of-the-heading`, unique within the folder."""
    article: str
    """The file's path in the knowledge folder, with forward slashes."""
    title: str
    """The article's title and the headings above the passage, joined by ` > `."""
    text: str
    """Markdown as it stands in the file, without the heading."""
    hash: str
    """First 12 hex digits of the text's SHA-256: tells whether a remembered passage has changed."""
    url: str | None = None
    """Where customers can read the article, from its front matter."""

    @property
    def article_title(self) -> str:
        """The article's own title, the first part of `title`."""
        return self.title.split(" > ", 1)[0]


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage and how well it matches."""

    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a search, best first."""

    hits: tuple[Hit, ...]
    covered: bool | None
    """Whether the articles say anything about the question; None where the word index cannot judge."""
    coverage: float
    """0 to 1: how much of what the question is about the best passages hold."""


class Readable(Protocol):
    """Articles that an audience may read, searchable."""

    @property
    def language(self) -> str:
        """ISO 639-1 code of the language that the articles are written in."""
        ...

    def search(self, query: str, k: int = 6) -> Found:
        """Find the `k` best passages for a query."""
        ...

    def passage(self, id: str) -> Passage | None:
        """Return the passage with this id, or None when it is not there."""
        ...


class Knowledge(Protocol):
    """All articles."""

    @property
    def language(self) -> str:
        """ISO 639-1 code of the language that the articles are written in."""
        ...

    def refresh(self) -> None:
        """Look whether articles have changed; returns at once."""
        ...

    def open_to(self, audience: Audience) -> Readable:
        """Return those that an audience may read: nothing of the others shows in what is found."""
        ...
