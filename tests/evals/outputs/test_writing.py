"""All outputs are written whole, whatever words are in them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evals.outputs.machine import machine
from evals.outputs.writing import add_to_step, write_all
from tests.evals.outputs.reports import report, with_words

NAMES = ["junit.xml", "summary.md", "comment.md", "report.html", "report.json"]


@pytest.mark.parametrize("words", ["plain", "\ud800", "</script>\x00"])
def test_every_output_is_there_and_nothing_else(tmp_path: Path, words: str) -> None:
    folder = tmp_path / "runs" / "1"
    assert [path.name for path in write_all(with_words(words), folder)] == NAMES
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)
    assert all(path.read_text(encoding="utf-8") for path in folder.iterdir())


def test_writing_again_replaces(tmp_path: Path) -> None:
    write_all(with_words("old words"), tmp_path)
    write_all(report(), tmp_path)
    assert not [path.name for path in tmp_path.iterdir() if "old words" in path.read_text(encoding="utf-8")]


def test_a_step_s_summary_grows(tmp_path: Path) -> None:
    file = tmp_path / "summary"
    add_to_step("one\n", file)
    add_to_step("two \ud800\n", file)
    assert file.read_text(encoding="utf-8") == "one\n\ntwo ?\n\n"


def test_programs_get_the_verdict_and_every_case() -> None:
    told = json.loads(machine(report()))
    assert told["verdict"]["word"] == "regressed"
    assert told["verdict"]["exit_code"] == 1
    assert {each["id"]: each["state"] for each in told["cases"]}["exchange"] == "stale"
    assert told["not_re_recorded"] == [{"changed": ["escalation.md"], "cases": ["exchange", "window"]}]
    assert told["usd_per_conversation"] == pytest.approx(0.0021)


def test_programs_get_no_cost_of_a_stand_in() -> None:
    told = json.loads(machine(replace(report(), source="stand-in")))
    assert told["usd_per_conversation"] is None
    assert [each["what"] for each in told["changes"]] == ["passed"]
