"""`evals bench suite` measures what it says: both ways play the same, errors show, limits decide."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.bench.suite import in_bulk, preview
from evals.bench.suite_overhead import Overhead, many_cases, measure_overhead
from evals.bench.suite_rounds import Round
from evals.suite.case import Case, CaseTurn, Origin, Rubric
from evals.suite.trials_file import NAME, TrialsFile
from graph.errors import InputError

ASKED = Case(
    "delivery",
    Origin("written"),
    (CaseTurn("What does delivery to Austria cost?"), CaseTurn("And to France?", rating="up")),
    rubric=(Rubric("kind", "Is it kind?"),),
)


def overhead(*rounds: tuple[float, float, float], report_ms: float = 0.5, void: int = 0) -> Overhead:
    made = [Round(bare, run, 250 * n, rss) for n, (bare, run, rss) in enumerate(rounds, 1)]
    return Overhead(tuple(made), report_ms, void)


def limited(found: Overhead) -> dict[str, tuple[float, bool]]:
    return {f.name: (round(f.value, 3), f.fine) for f in in_bulk(found) if f.at_most is not None}


def test_the_overhead_is_the_median_of_differences_and_the_report() -> None:
    found = overhead((10, 12, 100), (20, 22.2, 101), (10, 31, 102))  # one round was disturbed
    assert limited(found)["the harness in all: CPU a trial"] == (2.7, True)
    found = overhead((10, 12, 100), (20, 22.2, 101), (10, 31, 102), report_ms=0.9)
    assert limited(found)["the harness in all: CPU a trial"] == (3.1, False)


@pytest.mark.parametrize(("last_mb", "fine"), [(109.0, True), (111.5, False)])
def test_memory_is_what_comes_after_the_first_third(last_mb: float, fine: bool) -> None:
    rounds = [(1.0, 2.0, mb) for mb in (50.0, 100.0, 101.0, 102.0, 103.0, last_mb)]
    name = "memory that 1,000 more add"
    assert limited(overhead(*rounds))[name] == (last_mb - 100, fine)


def test_a_trial_that_ended_in_an_error_is_over_the_limit() -> None:
    rounds = [(1.0, 2.0, 100.0)] * 3
    assert limited(overhead(*rounds))["trials that ended in an error"] == (0, True)
    assert limited(overhead(*rounds, void=1))["trials that ended in an error"] == (1, False)


def test_cases_are_repeated_under_names_of_their_own_and_need_no_judge() -> None:
    cases = many_cases([ASKED, ASKED], 5, 3)
    assert len({case.id for case in cases}) == 5
    assert all(case.trials.n == 3 and not case.rubric and case.turns == ASKED.turns for case in cases)


async def test_both_ways_are_played_in_front_of_a_stand_in_process(tmp_path: Path) -> None:
    steps: list[int] = []
    cases = many_cases([ASKED], 4, 2)
    found = await measure_overhead(cases, tmp_path, lambda: steps.append(1))
    assert len(steps) == 2 * 4 * 2
    assert [each.played for each in found.rounds] == [2, 4, 6, 8]
    assert all(each.bare_ms > 0 and each.run_ms > 0 and each.rss_mb > 10 for each in found.rounds)
    assert found.void == 0
    trials = TrialsFile(tmp_path / NAME)
    assert trials.source == "stand-in"
    played = [trial for case in cases for trial in trials.of(case.id)]
    assert [trial.mode for trial in played] == ["live"] * 8
    assert all(len(trial.turns) == 2 and trial.turns[0].record.calls for trial in played)
    assert (tmp_path / "report.html").is_file()


def test_a_preview_is_timed_only_where_the_rule_decides_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall, cpu = preview(tmp_path, 1)
    assert cpu.value > 0
    assert wall.value > 0
    monkeypatch.setattr("evals.bench.suite.EDIT", ("at_least: 2 ", "at_least: 2 "))
    with pytest.raises(InputError, match="ended with 0, so it was not timed"):
        preview(tmp_path, 1)
