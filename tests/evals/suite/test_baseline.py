"""A baseline is written whole, read back the same, and keeps what a flip needs to be shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evals.suite.baseline import (
    LONGEST_ANSWER,
    Baseline,
    keep,
    merged,
    read_baseline,
    trial_of,
    write_baseline,
)
from graph.errors import InputError
from tests.evals.suite.making import make_case, make_played, make_result, make_trial

LONG = make_played("word " * 400, escalated="person", rule="asks for a person", reason="Asked.")
RESULTS = [
    make_result(make_case("b"), make_trial("b", "failed", LONG, hard=True)),
    make_result(make_case("a"), make_trial("a")),
    make_result(make_case("c"), make_trial("c", "error")),
]
BASELINE = Baseline(
    "cases", "keyless", "none", "Ann", "2026-11-26", "because", "r1", 1, keep(RESULTS, "none")
)


def test_it_is_read_back_as_it_was_written_in_order_of_ids(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "cases.keyless.json"
    write_baseline(file, BASELINE)
    read = read_baseline(file)
    assert read is not None
    assert [kept.tally.case for kept in read.cases] == ["a", "b", "c"]
    assert read.by_case == BASELINE.by_case
    write_baseline(file, read)
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_there_is_none_until_one_is_accepted(tmp_path: Path) -> None:
    assert read_baseline(tmp_path / "none.json") is None


@pytest.mark.parametrize("text", ["", "[]", '{"suite": "x"}'])
def test_a_broken_one_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "b.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"b\.json is not a baseline: "):
        read_baseline(tmp_path / "b.json")


def test_the_kept_trial_shows_what_was_said_and_where_it_went() -> None:
    kept = BASELINE.by_case["b"]
    trial = trial_of(kept, "keyless", "none")
    assert trial is not None
    (turn,) = trial.turns
    assert (trial.status, trial.escalated, turn.rule) == ("failed", "person", "asks for a person")
    assert len(turn.answer) <= LONGEST_ANSWER
    assert kept.tally.hard == ("says",)
    assert trial_of(BASELINE.by_case["c"], "keyless", "none") is None


def test_a_part_replaces_its_cases_and_leaves_the_others() -> None:
    after = keep([make_result(make_case("b"), make_trial("b"))], "none")
    cases = {kept.tally.case: kept.tally.passed for kept in merged(BASELINE, after)}
    assert cases == {"a": True, "b": True, "c": None}
    assert merged(None, after) == after


def test_a_keyless_baseline_holds_no_times_that_change_with_the_machine() -> None:
    written = json.dumps([kept.tally.usd for kept in BASELINE.cases])
    assert written == "[null, null, null]"
    assert all(kept.tally.total_ms is None for kept in BASELINE.cases)
