"""The articles with what a right answer needs put first, whatever the search finds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from typing_extensions import override

from graph.knowledge import Found, Hit, Passage
from graph.knowledge.live import FolderKnowledge
from graph.knowledge.shelf import Shelf
from graph.turn import Audience


@dataclass(frozen=True, slots=True)
class GoldShelf(Shelf):
    """Puts gold passages before what the search finds."""

    gold: tuple[str, ...] = ()

    @override
    def search(self, query: str, k: int = 6, per_article: int = 2) -> Found:
        """Return the gold passages, then the best others, `k` in all."""
        found = Shelf.search(self, query, k, per_article)
        first = {passage.id: Hit(passage, 1.0) for name in self.gold for passage in self.named(name)}
        others = [hit for hit in found.hits if hit.passage.id not in first]
        return Found((*first.values(), *others)[:k], covered=True, coverage=1.0) if first else found

    def named(self, name: str) -> tuple[Passage, ...]:
        """Return the passages of this name."""
        return tuple(passage for passage in self.passages.values() if means(name, passage.id))


class GoldFirst(FolderKnowledge):
    """Searches as the folder does, and puts a case's gold passages before what it finds; shares its index.

    `gold` names passages as cases do: `article` or `article#heading`, with or without `.md`.
    """

    def __init__(self, articles: FolderKnowledge, gold: Iterable[str]) -> None:
        self.__dict__.update(vars(articles))
        self.gold = tuple(gold)

    @override
    def open_to(self, audience: Audience) -> GoldShelf:
        """Return the articles that an audience may read, gold ones first."""
        shelf = super().open_to(audience)
        return GoldShelf(**{each.name: getattr(shelf, each.name) for each in fields(Shelf)}, gold=self.gold)

    @property
    def missing(self) -> tuple[str, ...]:
        """The names under which the articles hold nothing."""
        shelf = self.open_to("internal")
        return tuple(name for name in self.gold if not shelf.named(name))


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
