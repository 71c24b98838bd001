"""The cases that come with the program, and those of the starter folder, are in order and cover enough."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from bot.home import TEMPLATE
from evals.suite.case import Case, Cites
from evals.suite.case_checks import known_passages
from evals.suite.case_file import load_cases
from evals.suite.case_schema import case_schema
from graph.routing.message import oddity
from prompts.folder import Prompts
from prompts.frontmatter import parse_yaml
from tests.evals.suite.json_schema import accepts

ROOT = Path(__file__).parents[3]
CASES = ROOT / "evals" / "cases"
FILES = sorted(CASES.glob("*.yaml"))
STARTERS = sorted(TEMPLATE.glob("*.yaml"))
LEAST = {
    "easy": 40,
    "multi-turn": 20,
    "complex": 15,
    "ambiguous": 10,
    "angry": 10,
    "small-talk": 8,
    "languages": 10,
    "injection": 10,
    "person": 12,
    "serious": 8,
    "uncovered": 8,
    "repeat": 5,
}
"""File -> cases that it must hold: with fewer, a table by theme says nothing."""


@pytest.fixture(scope="module")
def cases() -> tuple[Case, ...]:
    """Read as `evals run` does, with reasons and articles looked up."""
    known = known_passages(ROOT / "prompts" / "knowledge")
    return load_cases(CASES, escalation=Prompts(None).escalation, known=known)


def theme(case: Case) -> str:
    return Path(case.where.rpartition(":")[0]).stem


def test_every_theme_has_enough_cases(cases: tuple[Case, ...]) -> None:
    counts = Counter(map(theme, cases))
    assert counts.keys() == LEAST.keys()
    assert all(counts[name] >= least for name, least in LEAST.items()), counts


def test_the_shipped_schema_is_the_one_that_the_code_makes() -> None:
    assert (CASES / "schema.json").read_text(encoding="utf-8") == case_schema(), (
        "run: evals schema > evals/cases/schema.json"
    )


@pytest.mark.parametrize("file", [*FILES, *STARTERS], ids=lambda file: file.name)
def test_editors_accept_every_file(file: Path) -> None:
    value, _ = parse_yaml(file.read_text(encoding="utf-8"), file)
    assert accepts(json.loads(case_schema()), value)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_editors_know_the_schema_of_every_file(file: Path) -> None:
    first = file.read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=./schema.json"


@pytest.mark.parametrize("file", STARTERS, ids=lambda file: file.name)
def test_starter_cases_are_in_order(file: Path) -> None:
    assert load_cases(file, escalation=Prompts(None).escalation)


def test_cases_of_high_risk_are_played_three_times_and_may_never_fail(cases: tuple[Case, ...]) -> None:
    high = [case for case in cases if case.risk == "high"]
    assert len(high) >= 40
    assert all(case.trials.n == case.trials.need == 3 for case in high)


def test_every_label_says_where_it_comes_from(cases: tuple[Case, ...]) -> None:
    assert all(case.origin.labelled_by and case.origin.added and case.tags for case in cases)
    must = [case for case in cases if case.escalation.verdict == "must"]
    assert all(case.escalation.by_turn for case in must)
    assert {case.escalation.verdict for case in cases} == {"must", "may", "must_not"}


def test_what_a_case_wants_cited_is_among_its_gold_passages(cases: tuple[Case, ...]) -> None:
    for case in cases:
        cited = {name for t in case.turns for e in t.expect if isinstance(e, Cites) for name in e.articles}
        assert cited <= {name.partition("#")[0] for name in case.gold_passages}, case.where


def test_facts_that_a_case_wants_said_are_about_an_article(cases: tuple[Case, ...]) -> None:
    for case in cases:
        if theme(case) in ("easy", "multi-turn", "complex", "languages"):
            assert case.gold_passages, case.where


def test_no_two_cases_ask_the_same(cases: tuple[Case, ...]) -> None:
    openings = Counter(tuple(turn.user for turn in case.turns) for case in cases)
    assert [asked for asked, times in openings.items() if times > 1] == []


def test_only_the_thumb_is_no_sentence(cases: tuple[Case, ...]) -> None:
    odd = [case.id for case in cases for turn in case.turns if oddity(turn.user)]
    assert odd == ["small-talk-thumb"]
