"""`evals retrieve` line by line, and its benchmark."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
from rich.console import Console

from evals.bench.retrieve import Quality, Speed, measure_quality, measure_speed, print_retrieve
from evals.retrieve import retrieve_lines
from graph.errors import InputError
from graph.knowledge.live import FolderKnowledge, open_knowledge
from graph.turn import Audience


@pytest.fixture
def knowledge(tmp_path: Path) -> FolderKnowledge:
    """Three articles."""
    for name, text in {
        "returns": "# Returns\n\nReturn a jacket.\n\n## Cost\n\nA return costs 4 euro.\n",
        "delivery": "# Delivery\n\nA parcel takes two days.\n",
        "pay": "# Paying\n\nPay by card.\n",
    }.items():
        (tmp_path / f"{name}.md").write_text(text)
    return open_knowledge(tmp_path)


def test_each_line_gives_its_passages_one_an_article(knowledge: FolderKnowledge) -> None:
    """In order; blank lines are passed over; the result is JSON."""
    lines = ['{"id": "a", "query": "return a parcel"}\n', "\n", '{"id": "b", "query": "???", "more": 1}']
    results = list(retrieve_lines(lines, knowledge))
    assert [result["id"] for result in results] == ["a", "b"]
    assert sorted(found["article"] for found in results[0]["passages"]) == ["delivery.md", "returns.md"]
    assert set(results[0]["passages"][0]) == {"article", "passage", "score"}
    assert results[1]["passages"] == []
    assert json.loads(json.dumps(results)) == results


def test_an_audience_is_found_what_it_may_read(tmp_path: Path) -> None:
    for name, front in (("open", "---\naudience: everyone\n---\n\n"), ("closed", "")):
        (tmp_path / f"{name}.md").write_text(f"{front}# Returns {name}\n\nReturn a jacket.\n")
    line = '{"id": "a", "query": "return a jacket"}'
    found = {
        audience: [
            p["article"]
            for p in next(retrieve_lines([line], open_knowledge(tmp_path), 9, audience))["passages"]
        ]
        for audience in get_args(Audience)
    }
    assert found["everyone"] == ["open.md"]
    assert sorted(found["internal"]) == ["closed.md", "open.md"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "line 2 is not JSON"),
        ("[1]", "line 2 is not a JSON object"),
        ('{"query": "x"}', 'line 2 has no "id"'),
        ('{"id": "x"}', 'line 2 has no "query"'),
        ('{"id": "x", "query": 3}', 'the "query" in line 2 is not a text'),
    ],
)
def test_a_bad_line_is_named_by_its_number(knowledge: FolderKnowledge, line: str, says: str) -> None:
    """After what came before it has been answered."""
    results = retrieve_lines(['{"id": "a", "query": "return"}', line], knowledge)
    assert next(results)["id"] == "a"
    with pytest.raises(InputError, match=says):
        next(results)


def test_quality_counts_articles_with_or_without_their_ending(knowledge: FolderKnowledge) -> None:
    """Recall is over the named articles, the reciprocal rank of the first right one."""
    lines = [
        '{"id": "1", "query": "return cost", "articles": ["returns.md", "nowhere.md"]}',
        '{"id": "2", "query": "parcel", "required": ["delivery"]}',
        '{"id": "3", "query": "card", "required": ["returns"]}',
    ]
    quality = measure_quality(lines, knowledge)
    assert (quality.queries, quality.recall_5, quality.hit_5, quality.mrr) == (3, 0.5, 2 / 3, 2 / 3)


@pytest.mark.parametrize(
    ("lines", "says"),
    [([], "no query"), (['{"id": "1", "query": "x"}'], "line 1 must name the right articles")],
)
def test_quality_says_what_is_missing(knowledge: FolderKnowledge, lines: list[str], says: str) -> None:
    """No line, or a line without articles."""
    with pytest.raises(InputError, match=says):
        measure_quality(lines, knowledge)


def test_the_tables_show_every_figure() -> None:
    """With names that the field uses."""
    console = Console(record=True, width=100)
    print_retrieve(console, Quality(7, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6), Speed(10_000, 1.5, 0.25, 1.75))
    text = console.export_text()
    for part in ("7 queries", "recall@10", "0.200", "MRR", "10,000", "1.50", "1.75"):
        assert part in text


def test_speed_is_measured_on_as_many_passages_as_asked() -> None:
    """A small run has the same shape."""
    speed = measure_speed(passages=50, searches=5)
    assert speed.passages == 50
    assert 0 < speed.p50_ms <= speed.p99_ms
