"""What the bot exports, as draft cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.importers.export import import_export
from evals.suite.case import EscalationLabel
from evals.suite.case_file import dump_cases, load_cases
from graph.errors import InputError
from graph.records.codec import to_line
from graph.turn import Transcript


def transcript(conversation: str, at: float, *asked: str) -> Transcript:
    return Transcript("t", conversation, "c", at, "en", asked, "An answer.", "small", "answered")


def write(folder: Path, *lines: Transcript | str) -> Path:
    file = folder / "transcripts.jsonl"
    text = "\n".join(line if isinstance(line, str) else to_line(line) for line in lines)
    file.write_text(f"{text}\n", encoding="utf-8")
    return file


def test_a_conversation_becomes_a_draft_with_its_turns_in_order(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        transcript("C1:1.2", 1_790_000_100.0, "And for socks?"),
        transcript("C2:3.4", 1_790_000_050.0, "My parcel", "is lost"),
        transcript("C1:1.2", 1_790_000_000.0, "How do I\u2028return shoes?"),
    )
    first, second = import_export(file).cases
    assert [turn.user for turn in first.turns] == ["How do I\u2028return shoes?", "And for socks?"]
    assert [turn.user for turn in second.turns] == ["My parcel\nis lost"]
    assert (first.origin.kind, first.origin.ref, first.origin.added) == ("feedback", "C1:1.2", "2026-09-21")


def test_what_the_bot_said_is_no_label(tmp_path: Path) -> None:
    (case,) = import_export(write(tmp_path, transcript("C1:1.2", 0.0, "Hello"))).cases
    assert (case.draft, case.origin.labelled_by, case.escalation) == (True, None, EscalationLabel("may"))
    assert case.turns[0].expect == ()


def test_an_id_stays_the_same_and_differs_between_conversations(tmp_path: Path) -> None:
    lines = (transcript("C1:1.2", 0.0, "Hello"), transcript("c1:1.2", 0.0, "Hello"))
    ids = [case.id for case in import_export(write(tmp_path, *lines)).cases]
    assert len(set(ids)) == 2
    assert ids == [case.id for case in import_export(write(tmp_path, *lines)).cases]


def test_a_turn_without_words_is_left_out_and_said(tmp_path: Path) -> None:
    file = write(tmp_path, transcript("C1:1", 0.0, "Hello"), "", transcript("C1:1", 1.0, " "))
    imported = import_export(file)
    assert [left.where for left in imported.left_out] == ["line 3"]
    assert len(imported.cases[0].turns) == 1


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (
            ('{"turn_id": "t", "calls": []}',),
            r"transcripts\.jsonl:1: conversation is missing; .*--transcripts",
        ),
        ((transcript("C", 0.0, "Hi"), "nope"), r"transcripts\.jsonl:2: The transcript is not JSON"),
        (("",), "holds no transcript"),
        ((transcript("C", 0.0, ""),), "holds no transcript"),
    ],
)
def test_a_line_that_is_no_transcript_is_named(
    tmp_path: Path, lines: tuple[Transcript | str, ...], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        import_export(write(tmp_path, *lines))


def test_a_time_beyond_the_calendar_is_no_day(tmp_path: Path) -> None:
    (case,) = import_export(write(tmp_path, transcript("C", 1e20, "Hello"))).cases
    assert case.origin.added is None


def test_the_drafts_are_cases_that_can_be_read_back(tmp_path: Path) -> None:
    file = write(tmp_path, transcript("C1:1.2", 0.0, "Grüße: 'ja' #1", "- no"), transcript("C2", 0.0, "null"))
    cases = import_export(file).cases
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "a.yaml").write_text(dump_cases(cases), encoding="utf-8")
    assert [(c.id, c.turns, c.origin) for c in load_cases(tmp_path / "cases")] == [
        (c.id, c.turns, c.origin) for c in cases
    ]
