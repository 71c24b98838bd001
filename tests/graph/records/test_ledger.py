"""A ledger's files are read whatever state they are in."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph.errors import StateError
from graph.records.codec import Entry, to_line
from graph.records.ledger import FEEDBACK, TRANSCRIPTS, TURNS, read_ledger, read_transcripts
from tests.graph.records.samples import rating, text, turn


def lines(path: Path, *entries: Entry) -> None:
    path.write_text("".join(to_line(entry) + "\n" for entry in entries), encoding="utf-8")


@pytest.mark.parametrize("folder", [".", "missing"])
def test_an_empty_or_missing_folder_is_an_empty_ledger(tmp_path: Path, folder: str) -> None:
    view = read_ledger(tmp_path / folder)
    assert (view.turns, view.notes) == ((), ())


def test_turns_come_oldest_first_with_their_ratings(tmp_path: Path) -> None:
    lines(tmp_path / TURNS, turn("b", received_at=2.0), turn("a", received_at=1.0))
    lines(tmp_path / FEEDBACK, rating("b"), rating("b", person="U2", value="down"))
    view = read_ledger(tmp_path)
    assert [turn.record.turn_id for turn in view.turns] == ["a", "b"]
    assert [given.value for given in view.turns[1].ratings] == ["up", "down"]
    assert view.turns[0].ratings == ()


def test_a_persons_latest_rating_counts_and_none_takes_it_back(tmp_path: Path) -> None:
    lines(tmp_path / TURNS, turn("a"), turn("b"))
    changed = [rating("a", value="down", at=2.0), rating("a", value="up", at=1.0)]
    lines(tmp_path / FEEDBACK, *changed, rating("b", at=1.0), rating("b", value=None, at=2.0))
    first, second = read_ledger(tmp_path).turns
    assert [given.value for given in first.ratings] == ["down"]
    assert second.ratings == ()


def test_the_last_record_of_a_turn_counts(tmp_path: Path) -> None:
    lines(tmp_path / TURNS, turn("a", attempt=1, outcome="failed"), turn("a", attempt=2))
    (only,) = read_ledger(tmp_path).turns
    assert (only.record.attempt, only.record.outcome) == (2, "answered")


def test_a_torn_last_line_is_skipped_and_said(tmp_path: Path) -> None:
    whole = to_line(turn("a")).encode() + b"\n"
    (tmp_path / TURNS).write_bytes(whole + whole[: len(whole) // 2])
    view = read_ledger(tmp_path)
    assert len(view.turns) == 1
    assert view.notes == ("turns.jsonl line 2, the last, is skipped: it was not written to its end.",)


def test_a_line_cut_within_a_character_is_torn_too(tmp_path: Path) -> None:
    (tmp_path / TRANSCRIPTS).write_bytes(to_line(text(answer="ü")).encode().split(b"\xc3")[0] + b"\xc3")
    entries, notes = read_transcripts(tmp_path)
    assert (entries, len(notes)) == ((), 1)


def test_a_broken_line_in_the_middle_is_skipped_and_named(tmp_path: Path) -> None:
    broken = to_line(turn("b")).replace('"tier"', '"tear"', 1)
    (tmp_path / TURNS).write_text(f"{to_line(turn('a'))}\n{broken}\n\n{to_line(turn('c'))}\n")
    view = read_ledger(tmp_path)
    assert [turn.record.turn_id for turn in view.turns] == ["a", "c"]
    assert view.notes == ("turns.jsonl line 2 is skipped: route.tier is missing.",)


def test_ratings_of_turns_that_are_gone_are_said(tmp_path: Path) -> None:
    lines(tmp_path / FEEDBACK, rating("gone"), rating("gone", person="U2", value=None))
    assert read_ledger(tmp_path).notes == ("1 rating(s) are of turns that are not in the ledger.",)


def test_the_newest_transcript_of_a_turn_counts(tmp_path: Path) -> None:
    lines(tmp_path / TRANSCRIPTS, text(answer="first"), text(answer="second"))
    entries, _notes = read_transcripts(tmp_path)
    assert [entry.answer for entry in entries] == ["second"]


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / TURNS).mkdir()
    with pytest.raises(StateError, match=r"turns\.jsonl cannot be read \(Is a directory\)"):
        read_ledger(tmp_path)
