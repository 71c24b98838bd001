"""Each planted cause is found through the bot's own door, and lands on the right list."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from evals.improve.cause import Arm, Cause
from evals.improve.diagnose import Diagnosis, diagnose
from evals.improve.end_to_end import KINDS, LADDER, planted_causes, write_articles
from evals.improve.planted import planted_case
from evals.improve.work_lists import lines, print_work, write_work
from evals.suite.case import CaseTurn, EscalationLabel
from graph.tiers import FLOOR, Tiers
from tests.evals.improve.made import RIGHT, SETTINGS, WRONG, ground

EVERYWHERE = {("small off", "x"): WRONG, ("large low", "x"): RIGHT}


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    """The planted articles."""
    write_articles(tmp_path)
    return tmp_path


async def test_each_planted_cause_is_found(articles: Path) -> None:
    found = await planted_causes(SETTINGS, articles, seed=0)
    assert found == {kind: cause for kind, (cause, _, _) in KINDS.items()}


async def one(articles: Path, **change: object) -> Diagnosis:
    """Diagnose one case that the small model fails and the large one passes."""
    case = replace(planted_case("x1"), **change)  # type: ignore[arg-type]
    (found,) = await diagnose([case], LADDER, ground(EVERYWHERE, knowledge=articles))
    return found


async def test_a_case_that_names_no_gold_and_passes_on_the_larger_tier_is_about_routing(
    articles: Path,
) -> None:
    found = await one(articles)
    assert (found.cause, found.gold, found.arms.gold, found.arms.both) == (
        "capability",
        "unnamed",
        None,
        None,
    )
    assert (found.arms.as_is, found.arms.larger) == (Arm(0, 3), Arm(3, 3))


async def test_gold_that_is_missing_is_named(articles: Path) -> None:
    found = await one(articles, gold_passages=("lamps.md", "no/such.md#part"))
    assert (found.cause, found.missing) == ("knowledge missing", ("no/such.md#part",))
    assert "no/such.md#part" in json.loads(lines([found])[0])["to_do"]


async def test_what_fails_by_its_route_alone_is_no_want_of_knowledge(articles: Path) -> None:
    label = EscalationLabel("must", to="large")
    found = await one(articles, turns=(CaseTurn("The code x1, please?"),), escalation=label)
    assert (found.cause, found.gold) == ("capability", "not needed")


async def test_without_a_larger_tier_nothing_is_guessed(articles: Path) -> None:
    case = planted_case("x1", gold=("lamps.md",))
    (found,) = await diagnose([case], Tiers((FLOOR,)), ground({}, knowledge=articles))
    assert (found.cause, found.arms.larger) == ("untold", None)


async def test_a_trial_that_comes_to_nothing_leaves_the_cause_untold(articles: Path) -> None:
    case = planted_case("x1", gold=("lamps.md",))
    broken = {("small off", "x"): WRONG}
    (found,) = await diagnose([case], LADDER, ground(broken, knowledge=articles), times=1)
    assert found.cause == "untold"
    assert found.problems


async def test_nothing_failing_is_nothing_to_do(articles: Path) -> None:
    assert await diagnose([], LADDER, ground(EVERYWHERE, knowledge=articles)) == ()


async def test_two_lists_are_printed_and_written(articles: Path, tmp_path: Path) -> None:
    found = [
        await one(articles),
        await one(articles, id="second", gold_passages=("no/such.md",)),
    ]
    out = io.StringIO()
    print_work(Console(file=out, width=160), found)
    text = out.getvalue()
    assert "stand-ins" in text
    assert text.index("For who writes the articles (1)") < text.index("second")
    assert text.index("For who routes (1)") < text.index("planted-x1")
    files = write_work(found, tmp_path / "work")
    read = {file.name: file.read_text(encoding="utf-8").splitlines() for file in files}
    assert {name: len(listed) for name, listed in read.items()} == {
        "writers.jsonl": 1,
        "routing.jsonl": 1,
        "rest.jsonl": 0,
    }
    line = json.loads(read["routing.jsonl"][0])
    causes: list[Cause] = ["capability"]
    assert (line["case"], line["cause"], line["arms"]["larger"]) == ("planted-x1", causes[0], [3, 3])
    assert line["findings"]
