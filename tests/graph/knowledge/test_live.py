"""Searching a folder, and following its changes."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from graph.errors import KnowledgeError
from graph.knowledge import Knowledge
from graph.knowledge.live import FolderKnowledge, open_knowledge

SHOP = {
    "returns.md": "---\ntitle: Returns\nurl: https://x.example/r\n---\n\n"
    "You can return a jacket within 30 days.\n\n"
    "## Cost of a return\n\nThe return label costs 4 euro.\n\n"
    "## Returned gifts\n\nA gift return takes 60 days.\n",
    "delivery.md": "# Delivery\n\nParcels go out on Monday.\n\n"
    "## Express delivery\n\nExpress parcels cost 12 euro.\n",
    "pay/cards.md": "# Paying by card\n\nWe accept credit cards and gift cards.\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small shop's articles."""
    for path, text in SHOP.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def articles_found(knowledge: FolderKnowledge, query: str, **options: int) -> list[str]:
    """The articles of the hits, best first."""
    return [hit.passage.article for hit in knowledge.search(query, **options).hits]


def until(holds: Callable[[], bool]) -> bool:
    """Wait up to three seconds for something that a thread does."""
    end = time.monotonic() + 3
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()


def test_it_is_a_knowledge(folder: Path) -> None:
    """It keeps the protocol, and counts what it holds."""
    knowledge: Knowledge = open_knowledge(folder)
    assert knowledge.language == "en"
    live = open_knowledge(folder)
    assert (live.articles, live.passages, live.warnings) == (3, 6, ())


def test_the_best_passage_comes_first_and_scores_fall(folder: Path) -> None:
    """Stemming finds other forms of a word; hits are in order of their scores."""
    found = open_knowledge(folder).search("what does returning cost?")
    assert found.hits[0].passage.id == "returns.md#cost-of-a-return"
    assert [hit.score for hit in found.hits] == sorted((hit.score for hit in found.hits), reverse=True)
    assert all(hit.score > 0 for hit in found.hits)
    assert found.hits[0].passage.url == "https://x.example/r"


def test_a_title_counts_for_every_passage_of_its_article(folder: Path) -> None:
    """`Monday` stands under the title only, and `delivery` in no text at all."""
    assert open_knowledge(folder).search("monday delivery").hits[0].passage.id == "delivery.md#delivery"


def test_hits_of_one_article_are_limited(folder: Path) -> None:
    """Two by default, one for lists of articles, k in all."""
    knowledge = open_knowledge(folder)
    assert articles_found(knowledge, "return gift cost").count("returns.md") == 2
    assert articles_found(knowledge, "return gift cost", per_article=3).count("returns.md") == 3
    one_each = articles_found(knowledge, "return gift cards express parcels", per_article=1)
    assert sorted(one_each) == ["delivery.md", "pay/cards.md", "returns.md"]
    assert len(articles_found(knowledge, "return gift cards express parcels", k=2)) == 2
    assert articles_found(knowledge, "return", k=0) == []


@pytest.mark.parametrize("query", ["", "  \n", "🙂🙂 🎉", "how can i do that?", "!!! ???", "and you"])
def test_a_query_without_words_that_carry_meaning_is_not_judged(folder: Path, query: str) -> None:
    """Nothing found, covered unknown."""
    found = open_knowledge(folder).search(query)
    assert (found.hits, found.covered, found.coverage) == ((), None, 0.0)


def test_words_that_no_article_holds_are_not_covered(folder: Path) -> None:
    """Judged, unlike a query without words."""
    found = open_knowledge(folder).search("volcano eruptions in Iceland")
    assert (found.hits, found.covered) == ((), False)


def test_a_question_about_the_articles_is_covered(folder: Path) -> None:
    """Several of its words stand together."""
    assert (
        open_knowledge(folder).search("What is the cost of the return label for my jacket?").covered is True
    )


@pytest.mark.parametrize(
    "query", ["x" * 40_000, "return " * 8_000, "\u202eمرحبا كيف أعيد", "\x00\x01\x02", "ſ" * 99]
)
def test_odd_messages_are_searched_without_harm(folder: Path, query: str) -> None:
    """40,000 characters, right to left, bytes that look binary: an answer within a fraction of a second."""
    start = time.perf_counter()
    open_knowledge(folder).search(query)
    assert time.perf_counter() - start < 0.5


def test_a_passage_is_found_by_its_id(folder: Path) -> None:
    """None for one that is no longer there."""
    knowledge = open_knowledge(folder)
    passage = knowledge.passage("delivery.md#express-delivery")
    assert passage is not None
    assert passage.text == "Express parcels cost 12 euro."
    assert knowledge.passage("delivery.md#gone") is None


def test_the_language_is_that_of_the_articles(tmp_path: Path) -> None:
    """And its stop words and stemming are used."""
    text = (
        "Sie können den Artikel in den ersten 30 Tagen zurückgeben, wenn er noch nicht benutzt ist und die "
    )
    (tmp_path / "a.md").write_text(f"# Rückgabe\n\n{text}Verpackung da ist.\n")
    knowledge = open_knowledge(tmp_path)
    assert knowledge.language == "de"
    assert knowledge.search("wie ist das nicht und wenn").covered is None
    assert knowledge.search("die Artikeln zurückgeben").hits


def test_two_short_words_leave_the_language_english(tmp_path: Path) -> None:
    """Too little to tell."""
    (tmp_path / "a.md").write_text("# Preise\n\nVersand 4\n")
    assert open_knowledge(tmp_path).language == "en"


def test_figures_only_can_be_indexed(tmp_path: Path) -> None:
    """An article may hold nothing but stop words and numbers."""
    (tmp_path / "the.md").write_text("it is 24\n")
    assert open_knowledge(tmp_path).search("24").hits
    (tmp_path / "the.md").write_text("it is\n")
    assert open_knowledge(tmp_path).search("anything else entirely").hits == ()


def test_changed_files_are_indexed_again_in_a_thread(folder: Path) -> None:
    """`refresh` returns at once; the new text is found shortly after."""
    knowledge = open_knowledge(folder)
    (folder / "repairs.md").write_text("# Repairs\n\nThe workshop mends zippers.\n")
    knowledge._checked -= 2
    knowledge.refresh()
    assert until(lambda: bool(knowledge.search("zippers").hits))
    assert knowledge.articles == 4
    (folder / "repairs.md").unlink()
    assert until(lambda: knowledge.reload() or knowledge.articles == 3)  # the thread may still be at it
    assert not knowledge.search("zippers").hits


def test_the_folder_is_looked_at_once_a_second(folder: Path) -> None:
    """A second look within a second does nothing."""
    knowledge = open_knowledge(folder)
    (folder / "repairs.md").write_text("# Repairs\n\nThe workshop mends zippers.\n")
    knowledge.refresh()
    time.sleep(0.1)
    assert not knowledge.search("zippers").hits


def test_without_a_change_nothing_is_indexed(folder: Path) -> None:
    """The index stays the same object."""
    knowledge = open_knowledge(folder)
    before = knowledge._now
    assert not knowledge.reload()
    assert knowledge._now is before


def test_a_broken_state_keeps_the_last_good_index_and_is_logged_once(folder: Path) -> None:
    """Searches go on, and so does the bot when the folder comes back."""
    knowledge = open_knowledge(folder)
    shutil.move(folder, folder.with_name("away"))
    with capture_logs() as logs:
        assert not knowledge.reload()
        assert not knowledge.reload()
    assert [entry["event"] for entry in logs] == ["knowledge.kept"]
    assert str(folder) in logs[0]["problem"]
    assert knowledge.search("return a jacket").hits
    folder.mkdir()
    with capture_logs() as logs:
        assert not knowledge.reload()
    assert "holds no .md file" in logs[0]["problem"]
    shutil.rmtree(folder)
    shutil.move(folder.with_name("away"), folder)
    (folder / "new.md").write_text("# Zippers\n\nzippers\n")
    assert knowledge.reload()
    assert knowledge.search("zippers").hits


def test_warnings_are_kept_and_logged_and_go_when_the_file_is_mended(folder: Path) -> None:
    """`bot check` lists them."""
    bad = folder / "bad.md"
    bad.write_bytes(b"\xff\xff")
    with capture_logs() as logs:
        knowledge = open_knowledge(folder)
    assert [entry["problem"] for entry in logs if entry["event"] == "knowledge.warning"] == list(
        knowledge.warnings
    )
    assert "bad.md" in knowledge.warnings[0]
    bad.write_text("# Good\n\nnow\n")
    os.utime(bad, ns=(5, 5))
    assert knowledge.reload()
    assert knowledge.warnings == ()


def test_an_empty_start_is_an_error(tmp_path: Path) -> None:
    """There is no last good index yet."""
    with pytest.raises(KnowledgeError, match=r"holds no \.md file"):
        open_knowledge(tmp_path)
