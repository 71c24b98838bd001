"""Which cases a run is of, and where what belongs to them lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.suite.suites import SHIPPED, open_suite
from graph.errors import InputError
from graph.settings import GraphSettings
from tests.evals.running.folders import PERSON, WINDOW, write_cases

SETTINGS = GraphSettings.model_construct()


def test_the_shipped_cases_keep_their_baselines_beside_them() -> None:
    suite = open_suite(SETTINGS)
    assert suite.root == SHIPPED
    assert len(suite.cases) >= 120
    assert suite.baseline("keyless") == SHIPPED.parent / "baselines/cases.keyless.json"
    assert suite.recordings == SHIPPED.parent / "recordings"
    assert not suite.part


def test_an_adopters_keep_them_in_their_folder(tmp_path: Path) -> None:
    folder = write_cases(tmp_path / "mine", WINDOW, PERSON)
    suite = open_suite(SETTINGS, folder)
    assert suite.baseline("replay") == folder / "baselines/mine.replay.json"
    assert suite.recordings == folder / "recordings"


def test_a_file_and_a_choice_are_parts_of_their_folder(tmp_path: Path) -> None:
    folder = write_cases(tmp_path / "mine", WINDOW, PERSON)
    one = open_suite(SETTINGS, folder / "cases.yaml")
    assert (one.root, one.part, len(one.cases)) == (folder, True, 2)
    chosen = open_suite(SETTINGS, folder, ["returns", "person"])
    assert ([case.id for case in chosen.cases], chosen.part) == (["window", "person"], True)
    part = open_suite(SETTINGS, SHIPPED / "person.yaml")
    assert (part.root, part.part) == (SHIPPED, True)


def test_an_article_that_is_not_there_is_named_before_anything_is_played(tmp_path: Path) -> None:
    folder = write_cases(tmp_path / "mine", WINDOW.replace("return-window.md", "return-widow.md"))
    with pytest.raises(InputError, match=r"cases\.yaml:8: .*return-widow"):
        open_suite(SETTINGS, folder)
