"""What is recorded of each arm can be replayed without a key; what is missing is stale and no guess."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.improve.ladder import NOW, climb
from evals.improve.opening import open_ground, recordings_of
from evals.improve.planted import planted_case
from evals.running.stage import Way
from evals.sim.script import Body, Reply, Script, Vendor, is_large
from graph.errors import InputError
from graph.settings import GraphSettings
from tests.evals.improve.made import stand_in

CASES = [planted_case(f"a{n}") for n in range(3)]


def rule(_vendor: Vendor, body: Body) -> Reply:
    """Let the large model alone be right."""
    return Reply("The answer is marigold." if is_large(str(body.get("model"))) else "No idea.")


def settings(**env: str) -> GraphSettings:
    """Return settings with these variables."""
    return GraphSettings.model_validate({name.lower(): value for name, value in env.items()})


async def test_a_recorded_ladder_is_replayed_without_a_key(tmp_path: Path) -> None:
    way = Way("live", 5.0, record=True)
    with stand_in(Script(rule)) as env:
        async with open_ground(settings(**env), way, tmp_path) as opened:
            live = await climb(CASES, opened.ladder, opened.ground, margin=0.2)
            assert opened.budget is not None
            assert opened.budget.spent_usd > 0
    assert live.source == "stand-in"
    arms = {path.name for path in (tmp_path / "arms").iterdir()}
    assert arms == {"small", "small-low-effort", "large"}
    async with open_ground(settings(), Way("replay"), tmp_path) as opened:
        played = await climb(CASES, opened.ladder, opened.ground, margin=0.2)
    assert (played.stale, played.errors, played.source) == (0, 0, "stand-in")
    assert [[row.passed for row in part.rows] for part in played.slices] == [
        [row.passed for row in part.rows] for part in live.slices
    ]
    async with open_ground(settings(), Way("replay"), tmp_path) as opened:
        more = await climb([*CASES, planted_case("a9")], opened.ladder, opened.ground, margin=0.2)
    assert (more.exit_code, more.stale) == (3, 4)


async def test_a_budget_that_is_spent_leaves_errors_and_no_verdict(tmp_path: Path) -> None:
    with stand_in(Script(rule)) as env:
        async with open_ground(settings(**env), Way("live", 0.0001), tmp_path) as opened:
            result = await climb(CASES, opened.ladder, opened.ground, margin=0.2)
    assert result.errors > 0
    assert result.exit_code == 2  # not one case could be played
    assert any("budget" in problem for problem in result.problems)


async def test_a_live_ground_needs_a_key_and_keyless_asks_nobody(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ANTHROPIC_API_KEY"):
        async with open_ground(settings(), Way("live", 1.0), tmp_path):
            pass
    with stand_in(Script(rule)) as env:
        async with open_ground(settings(**env), Way(), tmp_path) as opened:
            result = await climb(CASES, opened.ladder, opened.ground)
    assert [rung.name for rung in result.rungs] == ["extractive"]


def test_each_arm_has_recordings_of_its_own(tmp_path: Path) -> None:
    assert recordings_of(tmp_path, NOW) == tmp_path
    assert recordings_of(tmp_path, "small, low effort") == tmp_path / "arms" / "small-low-effort"
