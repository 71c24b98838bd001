"""The sums over bm25s's index."""

from __future__ import annotations

import random

import numpy as np
import pytest
from bm25s import BM25

from graph.knowledge import Passage
from graph.knowledge.index import K1, B, Postings, WordIndex
from graph.knowledge.words import Words


def test_scores_are_those_of_the_library() -> None:
    """For any words of a query, also repeated ones; only the way they are added up differs."""
    draw = random.Random(3)
    vocabulary = {f"w{n}": n for n in range(40)}
    documents = [[draw.randrange(40) for _ in range(draw.randint(1, 30))] for _ in range(50)]
    library = BM25(k1=K1, b=B)
    library.index((documents, dict(vocabulary)), show_progress=False)
    postings = Postings(documents, vocabulary)
    for _ in range(20):
        query = [draw.randrange(40) for _ in range(draw.randint(1, 12))]
        np.testing.assert_allclose(
            postings.scores(query), library.get_scores_from_ids(query), rtol=1e-4, atol=1e-5
        )


def test_a_word_of_headings_is_a_subject_and_one_of_the_text_only_is_not() -> None:
    """The subject weight is the share of the articles with the word that have it in a title or heading."""
    made = [Passage(f"a{n}#x", f"a{n}", "Card" if n < 2 else "Fee", "card number", "") for n in range(4)]
    index = WordIndex(made, Words("en"))
    assert index.subject[index.vocabulary["card"]] == pytest.approx(2 / 5)
    assert index.subject[index.vocabulary["fee"]] == pytest.approx(2 / 3)
    assert index.subject[index.vocabulary["number"]] == 0


def test_every_passage_can_be_reached_when_all_score_alike() -> None:
    """None is given twice, and one behind the first few is still found."""
    made = [Passage(f"a#{n}", "a", "T", "same words", "") for n in range(300)]
    hits = WordIndex(made, Words("en")).search(Words("en").terms("word"), 5, 300)
    assert len({hit.passage.id for hit in hits}) == 5
    spread = [Passage(f"a{n // 200}#{n}", f"a{n // 200}", "T", "same words", "") for n in range(300)]
    found = WordIndex(spread, Words("en")).search(Words("en").terms("word"), 2, 1)
    assert {hit.passage.article for hit in found} == {"a0", "a1"}


def test_a_question_that_is_put_as_a_title_finds_its_article_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """However common its words are; one of many words, of which few stand in a title, is left as it is."""
    titles = ("Return a gift", "How long you have to return something", "Where your return is", "Returns")
    made = [Passage(f"{n}#x", f"{n}", title, "return it", title) for n, title in enumerate(titles)]
    index = WordIndex(made, Words("en"))

    def found(question: str) -> list[str]:
        return [hit.passage.title for hit in index.search(index.terms(question), 4, 1)]

    assert found("How long do I have to return something?")[0] == titles[1]
    assert found("where is my return")[0] == titles[2]
    opening = "I would like you to tell me all that there is to say of where a return of mine may be."
    as_it_is = found(opening)
    monkeypatch.setattr("graph.knowledge.index.ALIKE_WEIGHT", 0.0)
    assert found(opening) == as_it_is
    assert found("where is my return")[0] != titles[2]
