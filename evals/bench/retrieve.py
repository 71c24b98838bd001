"""`evals bench retrieve`: how well and how fast the word index finds articles."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from rich.console import Console
from rich.table import Table

from evals.retrieve import read_case
from graph.errors import InputError
from graph.knowledge import Found, Passage
from graph.knowledge.coverage import coverage
from graph.knowledge.index import WordIndex
from graph.knowledge.live import FolderKnowledge
from graph.knowledge.words import Words

DEPTH = 20
SYNTHETIC = 10_000
SEARCHES = 500


@dataclass(frozen=True, slots=True)
class Quality:
    """How well the right articles are found: means over the queries, 0 to 1, over whole articles."""

    queries: int
    recall_5: float
    recall_10: float
    recall_20: float
    hit_5: float
    mrr: float
    covered: float
    """Share of the queries that the articles are judged to cover."""


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast 10,000 made-up passages are indexed and searched."""

    passages: int
    index_s: float
    p50_ms: float
    p99_ms: float


def measure_quality(lines: Iterable[str], knowledge: FolderKnowledge) -> Quality:
    """Search for each line `{"id", "query", "articles": [...]}` and compare with the articles it names.

    The list may also be called `required`, and an article may be named without its ending. Raises
    InputError naming the line that is not as it must be.
    """
    rows: list[tuple[float, ...]] = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            query, wanted = _read(line, number)
            rows.append(_score(knowledge.search(query, DEPTH, per_article=1), wanted))
    if not rows:
        raise InputError("there is no query to measure with; give at least one line")
    return Quality(len(rows), *(sum(column) / len(rows) for column in zip(*rows, strict=True)))


def measure_speed(passages: int = SYNTHETIC, searches: int = SEARCHES, seed: int = 1) -> Speed:
    """Index made-up passages of 40 to 160 words and search them with questions of 5 to 50 words."""
    draw = random.Random(seed)
    made = tuple(_synthetic(passages, draw))
    start = time.perf_counter()
    index = WordIndex(made, Words("en"))
    index_s = time.perf_counter() - start
    queries = [" ".join(_text(draw, draw.randint(5, 50))) for _ in range(searches)]
    times = sorted(_search_time(index, query) for query in queries)
    return Speed(passages, index_s, times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000)


def print_retrieve(console: Console, quality: Quality, speed: Speed) -> None:
    """Print both as tables."""
    found = Table(title=f"Articles found for {quality.queries} queries")
    for name in ("recall@5", "recall@10", "recall@20", "hit@5", "MRR", "covered"):
        found.add_column(name, justify="right")
    shares = (
        quality.recall_5,
        quality.recall_10,
        quality.recall_20,
        quality.hit_5,
        quality.mrr,
        quality.covered,
    )
    found.add_row(*(f"{share:.3f}" for share in shares))
    console.print(found)
    fast = Table(title=f"{speed.passages:,} made-up passages")
    for name in ("index s", "search p50 ms", "search p99 ms"):
        fast.add_column(name, justify="right")
    fast.add_row(f"{speed.index_s:.2f}", f"{speed.p50_ms:.2f}", f"{speed.p99_ms:.2f}")
    console.print(fast)


def _read(line: str, number: int) -> tuple[str, set[str]]:
    case = read_case(line, number)
    wanted = case.get("required", case.get("articles"))
    if not isinstance(wanted, list) or not wanted or not all(isinstance(name, str) for name in wanted):
        raise InputError(f'line {number} must name the right articles: "articles": ["returns/how-to.md"]')
    return case["query"], {bare(name) for name in wanted}


def bare(article: str) -> str:
    """Return an article's path without its ending."""
    path = PurePosixPath(article)
    return str(path.with_suffix("")) if path.suffix in (".md", ".markdown") else article


def _score(found: Found, wanted: set[str]) -> tuple[float, ...]:
    articles = [bare(hit.passage.article) for hit in found.hits]
    ranks = [rank for rank, article in enumerate(articles, 1) if article in wanted]
    recalls = [sum(rank <= depth for rank in ranks) / len(wanted) for depth in (5, 10, DEPTH)]
    hit = float(bool(ranks) and ranks[0] <= 5)
    return *recalls, hit, 1 / ranks[0] if ranks else 0.0, float(bool(found.covered))


def _synthetic(passages: int, draw: random.Random) -> Iterator[Passage]:
    for number in range(passages):
        article, text = f"a{number // 4}.md", " ".join(_text(draw, draw.randint(40, 160)))
        yield Passage(f"{article}#{number}", article, " ".join(_text(draw, 4)), text, "")


def _text(draw: random.Random, words: int) -> Iterator[str]:
    """Draw words the way languages do: few of them often, most of them seldom."""
    for _ in range(words):
        yield f"w{int(draw.paretovariate(0.7)) % 20_000}x"


def _search_time(index: WordIndex, query: str) -> float:
    start = time.perf_counter()
    terms = index.terms(query)
    index.search(terms, 6, 2)
    coverage(index, terms)
    return time.perf_counter() - start
