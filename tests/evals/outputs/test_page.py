"""The page's text: one file, a policy that fits it, and no words that are read as HTML."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from evals.outputs.by_tag import by_tag
from evals.outputs.page import page
from evals.outputs.page_charts import confusion_svg
from evals.suite.report import Gate
from graph.records.escalation_matrix import EscalationMatrix
from graph.records.statistics import wilson
from tests.evals.outputs.reports import many, report, result, with_words


class Reader(HTMLParser):
    """Collects elements, their text, and what would be loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self._inside, []).append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


def test_it_loads_nothing() -> None:
    for tag, attributes in read(page(report())).elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base"}
        assert not {"src", "srcset", "style", "onclick", "onload"} & set(attributes)
        assert (attributes.get("href") or "#").startswith("#")
    assert not re.search(r"(?:https?:)?//[a-z]", page(report()).replace("http-equiv", ""))


def test_its_policy_allows_its_own_script_and_style_alone() -> None:
    made = page(report())
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', made)
    script = made.rpartition("<script>")[2].partition("</script>")[0]
    style = made.partition("<style>")[2].partition("</style>")[0]
    for kind, text in (("script-src", script), ("style-src", style)):
        digest = b64encode(sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    "words", ["</script><b>", "<!-- <script>", "\u2028\u2029", "@@SCRIPT@@", '" onload="x', "&amp;", "\ud800"]
)
def test_words_stay_words(words: str) -> None:
    made = page(with_words(words))
    made.encode("utf-8", "replace")
    plain = page(with_words("plain"))
    assert [tag for tag, _ in read(made).elements] == [tag for tag, _ in read(plain).elements]
    data = made.partition('id="data">')[2].partition("</script>")[0]
    case = json.loads(data)["cases"][0]
    assert case["trials"][0]["turns"][0]["answer"] == words
    assert case["trials"][0]["before"]["turns"][0]["answer"] == words


def test_the_verdict_is_in_words() -> None:
    made = page(replace(report(), gate=Gate("too_little_data", ("3 of 7 cases are known",))))
    assert '<span class="word">Too little data to tell.</span>' in made
    assert "<li>3 of 7 cases are known</li>" in made


def test_a_thousand_cases_stay_under_ten_megabytes() -> None:
    made = page(many(1000, 3))
    size = len(made.encode())
    assert 1e6 < size < 10e6
    said = re.search(r"This page holds ([\d.]+) MB of transcripts", made)
    assert said
    assert float(said[1]) == pytest.approx(size / 1e6, rel=0.05)


def test_escalation_before_and_after_is_drawn_and_told() -> None:
    made = page(report())
    assert made.count("<svg ") == 3 + len(by_tag(report()))
    assert "Before: 30 rightly escalated, 1 late, 3 missed, 2 needless, 85 rightly kept" in made
    assert "After: 31 rightly escalated, 3 late, 2 missed, 5 needless, 82 rightly kept" in made


def test_an_empty_row_of_the_picture_is_drawn_too() -> None:
    svg = confusion_svg(EscalationMatrix(0, 0, 0, 4, 0), "Now")
    assert svg.count("<rect") == 4
    assert "nan" not in svg


def test_a_tag_is_scored_by_case() -> None:
    results = (
        result("a", "passed", "passed", "failed", tags=("x", "y")),
        result("b", "failed", "failed", "passed", tags=("x",)),
        result("c", "stale", "passed", "passed", tags=("x",)),
    )
    x, y = by_tag(replace(report(), results=results))
    assert (x.tag, x.passed, x.known, x.unknown) == ("x", 1, 2, 1)
    assert (x.low, x.high) == wilson(1, 2)
    assert (y.tag, y.passed, y.known) == ("y", 1, 1)
