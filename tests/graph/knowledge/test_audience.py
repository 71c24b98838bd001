"""Who may read an article: what is not for everyone shows in nothing that everyone is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph.errors import KnowledgeError
from graph.knowledge.live import FolderKnowledge, open_knowledge

OPEN = "---\ntitle: Refunds\naudience: everyone\n---\n\nA refund takes five days, see https://help.shop.example/r.\n"
CLOSED = (
    "---\ntitle: Goodwill\naudience: internal\n---\n\n"
    "Goodwill refunds up to 80 euro need no approval, see https://wiki.corp.example/g.\n"
)
UNSAID = "# Escalation\n\nCall the warehouse about goodwill before a refund.\n"


def made(folder: Path, **texts: str) -> FolderKnowledge:
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return open_knowledge(folder)


def test_everyone_finds_what_is_for_everyone_and_colleagues_all(tmp_path: Path) -> None:
    knowledge = made(tmp_path, open=OPEN, closed=CLOSED, unsaid=UNSAID)
    query = "refund goodwill"
    found = {
        audience: {hit.passage.article for hit in knowledge.open_to(audience).search(query, 9).hits}
        for audience in ("everyone", "internal")
    }
    assert found == {"everyone": {"open.md"}, "internal": {"open.md", "closed.md", "unsaid.md"}}
    assert (knowledge.articles, knowledge.for_everyone, knowledge.closed) == (3, 1, True)


def test_what_is_internal_is_no_coverage_and_moves_no_score(tmp_path: Path) -> None:
    alone = made(tmp_path, open=OPEN).open_to("everyone")
    beside = made(tmp_path, closed=CLOSED, unsaid=UNSAID).open_to("everyone")
    for query in ("refund", "goodwill approval", "how long does a refund take?", "warehouse", ""):
        assert beside.search(query) == alone.search(query)
    assert beside.search("goodwill approval").covered is False
    assert beside.passage("closed.md#goodwill") is None
    assert beside.hosts == {"help.shop.example"}


def test_a_folder_with_nothing_for_everyone_covers_nothing_for_them(tmp_path: Path) -> None:
    knowledge = made(tmp_path, closed=CLOSED, unsaid=UNSAID)
    found = knowledge.open_to("everyone").search("goodwill refund")
    assert (found.hits, found.covered, found.coverage) == ((), False, 0.0)
    assert knowledge.open_to("everyone").search("?!").covered is None
    assert knowledge.open_to("everyone").language == knowledge.language
    assert knowledge.for_everyone == 0


def test_one_index_serves_both_where_all_is_for_everyone(tmp_path: Path) -> None:
    knowledge = made(tmp_path, open=OPEN)
    assert knowledge.open_to("everyone") is knowledge.open_to("internal")
    assert not knowledge.closed


@pytest.mark.parametrize("value", ["public", "Everyone", "[everyone]", "true", '""', "null"])
def test_another_audience_is_an_error_with_file_and_line(tmp_path: Path, value: str) -> None:
    with pytest.raises(KnowledgeError, match=r"wrong\.md:3: audience: must be internal or everyone, not"):
        made(tmp_path, open=OPEN, wrong=f"---\ntitle: X\naudience: {value}\n---\n\nWords.\n")


def test_one_saved_while_it_runs_leaves_what_was_in_force(tmp_path: Path) -> None:
    knowledge = made(tmp_path, open=OPEN, closed=CLOSED)
    (tmp_path / "closed.md").write_text(CLOSED.replace("internal", "evryone"), encoding="utf-8")
    assert not knowledge.reload()
    assert knowledge.open_to("everyone").search("goodwill").hits == ()
    (tmp_path / "closed.md").write_text(CLOSED.replace("internal", "everyone"), encoding="utf-8")
    assert knowledge.reload()
    assert [hit.passage.article for hit in knowledge.open_to("everyone").search("goodwill").hits] == [
        "closed.md"
    ]


def test_front_matter_that_cannot_be_read_opens_nothing(tmp_path: Path) -> None:
    knowledge = made(
        tmp_path, open=OPEN, torn="---\naudience: everyone\n\tx: [\n---\n\nThe code is goodwill.\n"
    )
    assert knowledge.warnings
    assert knowledge.open_to("internal").search("goodwill").hits
    assert knowledge.open_to("everyone").search("goodwill").hits == ()
