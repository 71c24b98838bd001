"""The articles with what a right answer needs put first, whatever the search finds."""

from __future__ import annotations

from collections.abc import Iterable

from typing_extensions import override

from graph.knowledge import Found, Hit, Passage
from graph.knowledge.live import FolderKnowledge


class GoldFirst(FolderKnowledge):
    """Searches as the folder does, and puts a case's gold passages before what it finds; shares its index.

    `gold` names passages as cases do: `article` or `article#heading`, with or without `.md`.
    """

    def __init__(self, articles: FolderKnowledge, gold: Iterable[str]) -> None:
        self.__dict__.update(vars(articles))
        self.gold = tuple(gold)

    @override
    def search(self, query: str, k: int = 6, per_article: int = 2) -> Found:
        """Return the gold passages, then the best others, `k` in all."""
        found = super().search(query, k, per_article)
        first = {passage.id: Hit(passage, 1.0) for name in self.gold for passage in self.named(name)}
        others = [hit for hit in found.hits if hit.passage.id not in first]
        return Found((*first.values(), *others)[:k], covered=True, coverage=1.0) if first else found

    @property
    def missing(self) -> tuple[str, ...]:
        """The names under which the articles hold nothing."""
        return tuple(name for name in self.gold if not self.named(name))

    def named(self, name: str) -> tuple[Passage, ...]:
        """Return the passages of this name."""
        return tuple(passage for passage in self._now.passages.values() if means(name, passage.id))


def means(name: str, passage: str) -> bool:
    """Tell whether a case's name for a passage, or for a whole article, means the passage of this id."""
    article, _, heading = name.partition("#")
    its_article, _, its_heading = passage.partition("#")
    same = its_article in (article, f"{article}.md")
    return same and (not heading or heading == its_heading)


def found_all(gold: Iterable[str], passages: Iterable[str]) -> bool:
    """Tell whether each of these names means one of the passages of these ids."""
    ids = tuple(passages)
    return all(any(means(name, passage) for passage in ids) for name in gold)
