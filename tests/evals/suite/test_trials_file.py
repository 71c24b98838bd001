"""A line a trial: whole after a crash, read back one case at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.suite.trials_file import Results, TrialsFile
from graph.errors import InputError
from tests.evals.suite.making import make_case, make_played, make_trial


def filled(path: Path, *numbers: int) -> TrialsFile:
    trials = TrialsFile(path)
    for number in numbers:
        trials.append(
            make_trial("a", "failed", make_played("Grüße \ud800 \u2028."), number=number, hard=True)
        )
    return trials


def test_what_is_written_is_read_back_in_order(tmp_path: Path) -> None:
    trials = filled(tmp_path / "cases.jsonl", 2, 1)
    trials.append(make_trial("b", "error"))
    again = TrialsFile(tmp_path / "cases.jsonl")
    for file in (trials, again):
        assert file.of("a")[0] == make_trial(
            "a", "failed", make_played("Grüße \ud800 \u2028."), number=1, hard=True
        )
        assert [trial.number for trial in file.of("a")] == [1, 2]
        assert file.of("c") == ()
        assert (file.known("a", 1), file.known("b", 1), file.known("a", 3)) == (True, False, False)
        assert file.written("b", 1)
        file.close()


def test_of_two_lines_for_a_trial_the_later_one_counts(tmp_path: Path) -> None:
    trials = TrialsFile(tmp_path / "cases.jsonl")
    trials.append(make_trial("a", "error"))
    trials.append(make_trial("a", "passed"))
    assert [trial.status for trial in trials.of("a")] == ["passed"]
    trials.close()


def test_a_torn_last_line_is_said_and_does_not_spoil_the_next(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    filled(path, 1, 2).close()
    path.write_bytes(path.read_bytes()[:-20])
    trials = TrialsFile(path)
    assert trials.torn == f"{path}:2: the last line was cut off and is skipped."
    assert not trials.known("a", 2)
    trials.append(make_trial("a", number=2))
    trials.close()
    again = TrialsFile(path)
    assert (again.torn, [trial.number for trial in again.of("a")]) == ("", [1, 2])
    again.close()


def test_a_broken_line_in_the_middle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    filled(path, 1).close()
    path.write_bytes(b'{"case": "a"}\n' + path.read_bytes())
    with pytest.raises(InputError, match=r"cases\.jsonl:1: .*number is missing"):
        TrialsFile(path)


def test_results_are_read_when_they_are_looked_at(tmp_path: Path) -> None:
    trials = filled(tmp_path / "cases.jsonl", 1)
    results = Results([make_case("a"), make_case("b")], trials)
    trials.append(make_trial("b"))
    assert [result.passed for result in results] == [False, True]
    assert [result.case.id for result in results[1:]] == ["b"]
    assert results[-1].case.id == "b"
    trials.close()


def test_one_word_of_a_stand_in_makes_it_its_run(tmp_path: Path) -> None:
    trials = TrialsFile(tmp_path / "cases.jsonl")
    seen = []
    for source in ("none", "live", "stand-in"):
        trials.append(make_trial(source, source=source))
        seen.append(trials.source)
    assert seen == ["none", "live", "stand-in"]
    trials.close()
