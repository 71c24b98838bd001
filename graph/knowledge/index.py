"""The word index: BM25 over passages and over their articles, by the library bm25s.

A passage's score is its own BM25 score plus twice that of its whole article, because a section of thirty
words seldom repeats what the article is about. Titles count twice. `evals bench retrieve` prints what that
gives: on 49 long openings to a bank and its 698 articles recall@10 0.25 and hit@5 0.63, where bm25s as it
comes has 0.14 and 0.39. k1, b and both weights may be changed within reason without a difference that counts.

A question that is put as a title is ("where is my order?", "Where your order is") means that article,
however common its words are: where half of the words of a question stand in a title, also those that carry no
meaning, all passages of the article score up to half as much again, and its opening, which says it in short,
once more. Long openings of conversations never come to that.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
from bm25s import BM25
from numpy.typing import NDArray

from graph.knowledge import Hit, Passage
from graph.knowledge.words import Terms, Words

K1, B = 1.5, 0.75
ARTICLE_WEIGHT = 2.0
TITLE_WEIGHT = 2
ALIKE_WEIGHT = 0.5
ALIKE_FROM = 0.5
NOTHING = 0

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int32]

# bm25s sets its own logger to DEBUG on import, which would pass every root handler.
logging.getLogger("bm25s").setLevel(logging.WARNING)


class Postings:
    """Where each word stands, with the BM25 score of every place: what bm25s builds, typed."""

    def __init__(self, documents: list[list[int]], vocabulary: dict[str, int]) -> None:
        bm25 = BM25(k1=K1, b=B, backend="numpy", csc_backend="numpy")
        # bm25s divides by the mean length, so a text of stop words only holds the empty word.
        filled = [document or [NOTHING] for document in documents]
        bm25.index((filled, vocabulary), create_empty_token=False, show_progress=False)
        self.size = len(documents)
        self._starts: NDArray[np.int64] = bm25.scores["indptr"]
        self._places: Ints = bm25.scores["indices"]
        self._scores: Floats = bm25.scores["data"].astype(np.float64)

    def of(self, term: int) -> Ints:
        """Return the positions that hold a word."""
        return self._places[self._starts[term] : self._starts[term + 1]]

    def counts(self) -> NDArray[np.int64]:
        """Return for each word in how many places it stands."""
        return np.diff(self._starts)

    def scores(self, terms: list[int]) -> Floats:
        """Return the BM25 score of every place; a repeated word counts again."""
        # The library's own sum, word after word, takes three times as long.
        counts = Counter(terms)
        spans = [slice(self._starts[term], self._starts[term + 1]) for term in counts]
        weights = [times * self._scores[span] for times, span in zip(counts.values(), spans, strict=True)]
        places = np.concatenate([self._places[span] for span in spans])
        found = np.bincount(places, weights=np.concatenate(weights), minlength=self.size)
        return found.astype(np.float64, copy=False)


class _Titles:
    """Which articles have a word in their title, whatever the word means."""

    def __init__(self, titles: Iterable[Iterable[str]]) -> None:
        holders: dict[str, list[int]] = {}
        self._size = 0
        for place, words in enumerate(titles):
            self._size += 1
            for word in words:
                holders.setdefault(word, []).append(place)
        self._holders = {word: np.array(places, dtype=np.int32) for word, places in holders.items()}

    def alike(self, lines: Iterable[Collection[str]]) -> Floats:
        """Return for each article the largest share of a line's words in its title; 0 if it is small."""
        most: Floats = np.zeros(self._size, dtype=np.float64)
        for said in lines:
            found: Floats = np.zeros(self._size, dtype=np.float64)
            for word in said:
                if word in self._holders:
                    found[self._holders[word]] += 1
            np.maximum(most, found / max(1, len(said)), out=most)
        return np.where(most >= ALIKE_FROM, most, 0)


class WordIndex:
    """Finds passages by their words; built once, then read only."""

    def __init__(self, passages: Sequence[Passage], words: Words) -> None:
        self.passages = passages
        self._words = words
        self.vocabulary: dict[str, int] = {"": NOTHING}
        articles = _positions(passage.article for passage in passages)
        self._owner = np.array([articles[passage.article] for passage in passages], dtype=np.int32)
        inside = [self._ids(passage.text) for passage in passages]
        above = [self._ids(passage.title) for passage in passages]
        whole: list[list[int]] = [[] for _ in articles]
        headed: list[set[int]] = [set() for _ in articles]
        for owner, title, text, passage in zip(self._owner, above, inside, passages, strict=True):
            start = 0 if whole[owner] else TITLE_WEIGHT * len(self._ids(passage.article_title))
            whole[owner] += title * (TITLE_WEIGHT if start else 1) + text
            headed[owner].update(title)
        headed_texts = [title * TITLE_WEIGHT + text for title, text in zip(above, inside, strict=True)]
        self._titles = _Titles(words.every(title) for title in _titles(passages))
        self._leads = np.array([passage.title == passage.article_title for passage in passages], dtype=bool)
        self.by_passage = Postings(headed_texts, self.vocabulary)
        self.by_article = Postings(whole, self.vocabulary)
        self.subject = self._subject(headed)
        """For each word: of the articles that hold it, the share that has it in a heading, 0 to 1."""
        self.names = words.names(passage.text for passage in passages)
        """The words that the articles use as names only."""

    def terms(self, query: str) -> Terms:
        """Return what a query asks by, to be given to `search` and `coverage`."""
        return self._words.terms(query)

    def search(self, terms: Terms, k: int, per_article: int) -> tuple[Hit, ...]:
        """Return the `k` best passages, at most `per_article` of one article, best first."""
        known = [self.vocabulary[term] for term in terms.words if term in self.vocabulary]
        if not known or k < 1:
            return ()
        own: Floats = self.by_passage.scores(known)
        article: Floats = self.by_article.scores(known)
        alike: Floats = 1 + ALIKE_WEIGHT * self._titles.alike(terms.said)[self._owner]
        alike = np.where(self._leads, alike**2, alike)
        scores = np.where(own > 0, (own + ARTICLE_WEIGHT * article[self._owner]) * alike, 0)
        return tuple(self._best(scores, k, per_article))

    def _best(self, scores: Floats, k: int, per_article: int) -> Iterator[Hit]:
        taken: Counter[int] = Counter()
        for place in _descending(scores, 20 * k):
            if taken.total() == k or scores[place] <= 0:
                return
            owner = int(self._owner[place])
            if taken[owner] < per_article:
                taken[owner] += 1
                yield Hit(self.passages[place], round(float(scores[place]), 3))

    def _ids(self, text: str) -> list[int]:
        vocabulary = self.vocabulary
        return [vocabulary.setdefault(word, len(vocabulary)) for word in self._words.of(text)]

    def _subject(self, headed: list[set[int]]) -> Floats:
        heads = np.zeros(len(self.vocabulary), dtype=np.float64)
        for terms in headed:
            heads[list(terms)] += 1
        holds = self.by_article.counts()
        return heads / (holds + 1)


def _titles(passages: Iterable[Passage]) -> Iterable[str]:
    return {passage.article: passage.article_title for passage in passages}.values()


def _positions(names: Iterable[str]) -> dict[str, int]:
    return {name: position for position, name in enumerate(dict.fromkeys(names))}


def _descending(scores: Floats, first: int) -> Iterator[int]:
    """Go through the positions from the highest score down, equal ones in their order; sorts few at first."""
    seen: set[int] = set()
    if first < len(scores):
        top = np.sort(np.argpartition(-scores, first)[:first])
        ordered = top[np.argsort(-scores[top], kind="stable")].tolist()
        yield from ordered
        seen.update(ordered)
    yield from (place for place in np.argsort(-scores, kind="stable").tolist() if place not in seen)
