"""The articles that one audience may read, ready to be searched.

Each audience has an index of its own: what it may not read neither ranks, nor counts as coverage, nor
changes how rare a word is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from graph.knowledge import Found, Passage
from graph.knowledge.coverage import coverage
from graph.knowledge.index import WordIndex
from graph.knowledge.words import Words, language_of

SAMPLE = 300
"""Passages that tell the language."""

_HOST = re.compile(r"https://([A-Za-z0-9.-]+)(?![\w.:@-])")


@dataclass(frozen=True, slots=True)
class Shelf:
    """One state of an audience's articles, replaced as a whole."""

    language: str
    """ISO 639-1 code of the language that the articles are written in."""
    words: Words
    index: WordIndex | None
    """None where there are no passages."""
    passages: dict[str, Passage]
    hosts: frozenset[str]
    """The hosts that the articles are at or link to over https."""

    def search(self, query: str, k: int = 6, per_article: int = 2) -> Found:
        """Find the `k` best passages, at most `per_article` of one article.

        A query without words that carry meaning finds nothing and is not judged.
        """
        if self.index is None:
            return Found((), False if self.words.of(query) else None, 0.0)
        terms = self.index.terms(query)
        share = coverage(self.index, terms)
        covered = None if share is None else share >= 0.5
        return Found(self.index.search(terms, k, per_article), covered, round(share or 0.0, 3))

    def passage(self, id: str) -> Passage | None:
        """Return the passage with this id, or None when it is not there."""
        return self.passages.get(id)


def make_shelf(passages: Iterable[Passage], *, language: str = "") -> Shelf:
    """Index passages; without any, the language is the given one."""
    known = {passage.id: passage for passage in passages}
    if known:
        language = language_of(passage.text for passage in islice(known.values(), SAMPLE))
    words = Words(language)
    index = WordIndex(tuple(known.values()), words) if known else None
    return Shelf(language, words, index, known, _hosts(known.values()))


def _hosts(passages: Iterable[Passage]) -> frozenset[str]:
    texts = (f"{passage.url} {passage.text}" for passage in passages)
    return frozenset(host.lower() for text in texts for host in _HOST.findall(text))
