"""Gold passages come first whatever is asked, and the rest is what the search finds."""

from __future__ import annotations

import pytest

from evals.improve.gold import GoldFirst, found_all, means
from graph.knowledge.live import open_knowledge
from graph.support import SAMPLE_SHOP

ARTICLES = open_knowledge(SAMPLE_SHOP)
QUESTION = "How do I change my password?"
LABEL = "returns/exchanges.md#how-it-works"


def test_gold_is_first_and_the_search_fills_the_rest() -> None:
    found = GoldFirst(ARTICLES, (LABEL,)).search(QUESTION)
    ids = [hit.passage.id for hit in found.hits]
    assert ids[0] == LABEL
    assert ids[1:] == [hit.passage.id for hit in ARTICLES.search(QUESTION).hits][:5]
    assert found.covered


def test_gold_that_is_found_anyway_is_there_once() -> None:
    best = ARTICLES.search(QUESTION).hits[1].passage.id
    ids = [hit.passage.id for hit in GoldFirst(ARTICLES, (best,)).search(QUESTION).hits]
    assert ids[0] == best
    assert ids.count(best) == 1


def test_an_article_stands_for_all_its_passages() -> None:
    for name in ("returns/exchanges.md", "returns/exchanges"):
        found = GoldFirst(ARTICLES, (name,)).search(QUESTION, 3)
        assert {hit.passage.article for hit in found.hits} == {"returns/exchanges.md"}
        assert len(found.hits) == 3


def test_without_gold_it_is_the_folder() -> None:
    assert GoldFirst(ARTICLES, ()).search(QUESTION) == ARTICLES.search(QUESTION)
    missing = GoldFirst(ARTICLES, ("no/such.md", LABEL))
    assert missing.missing == ("no/such.md",)
    assert missing.passage(LABEL) == ARTICLES.passage(LABEL)
    assert missing.language == ARTICLES.language


@pytest.mark.parametrize(
    ("name", "passage", "same"),
    [
        ("a/b.md#c", "a/b.md#c", True),
        ("a/b#c", "a/b.md#c", True),
        ("a/b.md", "a/b.md#c", True),
        ("a/b", "a/b.md", True),
        ("a/b.md#d", "a/b.md#c", False),
        ("a/b.md#c", "a/b.md", False),
        ("b.md", "a/b.md#c", False),
        ("a/b", "a/bb.md#c", False),
    ],
)
def test_a_name_means_a_passage_or_all_of_an_article(name: str, passage: str, same: bool) -> None:
    assert means(name, passage) is same


def test_all_gold_must_be_found() -> None:
    assert found_all(("a.md", "b.md#c"), ("a.md#x", "b.md#c", "d.md"))
    assert not found_all(("a.md", "b.md#c"), ("a.md#x",))
