"""What went wrong becomes redacted drafts, one a question, and nothing that is there is overwritten."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from evals.improve.drafts import print_drafts, write_drafts
from evals.improve.mine import Export, grouped, mine, read_exports, without_transcript
from evals.suite.case_file import load_cases
from graph.errors import InputError
from tests.evals.improve.made import exported, transcript, write_lines

DAY = 86_400.0


def export(folder: Path, *lines: dict[str, object]) -> Export:
    """Read these lines as one file."""
    return read_exports([write_lines(folder / "export.jsonl", *lines)])


def test_a_thumbs_down_of_the_asker_a_takeover_and_a_repeat_are_mined(tmp_path: Path) -> None:
    found = mine(
        export(
            tmp_path,
            exported("t1", "c1", ("asker", "down")),
            transcript("t1", "c1", 1, "Where is my parcel now?"),
            exported("t2", "c2", outcome="handed_off"),
            transcript("t2", "c2", 2, "I want my money back today", outcome="handed_off"),
            transcript("t3", "c3", 3, "How do I change the address of my order?"),
            transcript("t4", "c3", 4, "How do I change the address of my order??"),
            exported("t5", "c5", ("asker", "up"), ("staff", "down"), ("bystander", "down")),
            transcript("t5", "c5", 5, "What does delivery to Norway cost?"),
            exported("t6", "c6", ("asker", None)),
            transcript("t6", "c6", 6, "Do you sell gift cards in shops?"),
        )
    )
    why = {one.conversation: one.why for one in found}
    assert why == {"c1": ("thumbs-down",), "c2": ("taken-over",), "c3": ("asked-again",)}
    assert [len(one.turns) for one in found] == [1, 1, 2]
    assert found[0].route == "The smallest model answers first. (by rule)"


def test_a_draft_ends_with_the_turn_that_went_wrong(tmp_path: Path) -> None:
    (one,) = mine(
        export(
            tmp_path,
            transcript("t3", "c1", 3, "And now?"),
            transcript("t1", "c1", 1, "Where is my parcel?"),
            exported("t2", "c1", ("asker", "down")),
            transcript("t2", "c1", 2, "It says delivered"),
        )
    )
    assert [turn.asked for turn in one.turns] == [("Where is my parcel?",), ("It says delivered",)]


def test_drafts_are_redacted_unlabelled_and_can_be_read(tmp_path: Path) -> None:
    asked = "Mail me: ada@example.com, card 4111 1111 1111 1111, half \ud83d"
    said = 'Done.\n- id: sneaky\n"x": [\x85 ada@example.com'
    read = export(
        tmp_path,
        transcript("t1", "slack:C1/1.5", DAY, asked, outcome="handed_off", answer=said),
    )
    written = write_drafts(grouped(mine(read)), tmp_path / "drafts")
    (file,) = (tmp_path / "drafts").iterdir()
    text = file.read_text(encoding="utf-8")
    assert "ada@example.com" not in text
    assert "4111" not in text
    assert "U1" not in text
    (case,) = load_cases(tmp_path / "drafts")
    assert (case.id, case.draft, case.origin.labelled_by) == (written[0].first.id, True, None)
    assert (case.origin.kind, case.origin.ref, case.origin.added) == (
        "feedback",
        "slack:C1/1.5",
        "1970-01-02",
    )
    assert case.turns[0].user == "Mail me: [email], card [card], half ?"
    assert (case.escalation.verdict, case.turns[0].expect, case.tags) == ("may", (), ("mined", "taken-over"))


def test_near_duplicates_are_one_draft_that_says_how_often(tmp_path: Path) -> None:
    read = export(
        tmp_path,
        transcript("t1", "c1", 1, "How long does a refund to my card take?", outcome="handed_off"),
        transcript("t2", "c2", 2, "Do you deliver to Iceland?", outcome="handed_off"),
        transcript("t3", "c3", 3, "how long does the refund to my card take", outcome="handed_off"),
        transcript("t4", "c4", 4, "refund?", outcome="handed_off"),
        transcript("t5", "c5", 5, "Refund? ", outcome="handed_off"),
    )
    groups = grouped(mine(read))
    assert [[member.conversation for member in group.members] for group in groups] == [
        ["c1", "c3"],
        ["c4", "c5"],
        ["c2"],
    ]
    write_drafts(groups, tmp_path / "drafts")
    text = (tmp_path / "drafts" / f"{groups[0].first.id}.yaml").read_text(encoding="utf-8")
    assert "# Nearly the same was asked in 1 more:\n#   c3\n" in text


def test_a_draft_that_is_there_stays_as_it_is_also_when_another_leads_its_group(tmp_path: Path) -> None:
    asked = "How long does a refund to my card take?"
    drafts = tmp_path / "drafts"
    late = transcript("t2", "c2", 2, asked, outcome="handed_off")
    (first,) = write_drafts(grouped(mine(export(tmp_path, late))), drafts)
    file = drafts / f"{first.first.id}.yaml"
    moved = drafts / "labelled" / file.name
    moved.parent.mkdir()
    file.rename(moved)
    moved.write_text("labelled by hand", encoding="utf-8")
    early = transcript("t1", "c1", 1, asked, outcome="handed_off")
    groups = grouped(mine(export(tmp_path, early, late)))
    assert write_drafts(groups, drafts) == ()
    assert moved.read_text(encoding="utf-8") == "labelled by hand"
    assert not file.exists()
    out = io.StringIO()
    print_drafts(Console(file=out, width=150), groups, (), drafts)
    assert "is there already" in out.getvalue()


def test_turns_and_transcripts_may_come_in_two_files(tmp_path: Path) -> None:
    turns = write_lines(tmp_path / "turns.jsonl", exported("t1", "c1", ("asker", "down")))
    words = write_lines(tmp_path / "words.jsonl", transcript("t1", "c1", 1, "Where is it?"))
    assert mine(read_exports([turns, words])) == mine(read_exports([words, turns]))
    assert mine(read_exports([turns, words]))[0].why == ("thumbs-down",)


def test_turns_that_went_wrong_without_words_are_counted(tmp_path: Path) -> None:
    read = export(
        tmp_path,
        exported("t1", "c1", ("asker", "down")),
        exported("t2", "c2", outcome="handed_off"),
        exported("t3", "c3"),
        transcript("t4", "c4", 1, "Where is it?"),
    )
    assert without_transcript(read) == 2
    assert mine(read) == ()


@pytest.mark.parametrize("bad", ["{", "[]", "3", '{"asked": 3}', '{"turn_id": "t"}', '{"ratings": []}'])
def test_a_line_that_is_neither_is_named(tmp_path: Path, bad: str) -> None:
    file = write_lines(tmp_path / "export.jsonl", transcript("t1", "c1", 1, "Where is it?"))
    file.write_text(f"{file.read_text(encoding='utf-8')}{bad}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"export\.jsonl:2: .*bot export"):
        read_exports([file])


def test_ratings_that_are_none_are_named(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "export.jsonl", exported("t1", "c1") | {"ratings": [{"who": "me"}]})
    with pytest.raises(InputError, match=r"export\.jsonl:1"):
        read_exports([file])


def test_a_file_without_transcripts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--transcripts"):
        export(tmp_path, exported("t1", "c1"))


def test_drafts_do_not_go_into_a_file(tmp_path: Path) -> None:
    (tmp_path / "drafts").write_text("", encoding="utf-8")
    thumbed = (exported("t1", "c1", ("asker", "down")), transcript("t1", "c1", 1, "Where is my parcel?"))
    (group,) = grouped(mine(export(tmp_path, *thumbed)))
    with pytest.raises(InputError, match=r"drafts/.*: cannot be written"):
        write_drafts((group,), tmp_path / "drafts")


def test_an_answer_that_a_person_changed_or_discarded_is_mined_and_one_sent_as_it_was_is_not(
    tmp_path: Path,
) -> None:
    def reviewed(name: str, how: str, at: int) -> dict[str, object]:
        review = {"draft": "Ninety days.", "by": "U0ANN", "how": how, "at": 1.0}
        question = {"edited": "How long?", "discarded": "Where is it?", "same": "What now?"}[how]
        return {**transcript(name, f"c-{name}", at, question), "review": review}

    lines = [reviewed("t1", "edited", 1), reviewed("t2", "discarded", 2), reviewed("t3", "same", 3)]
    found = mine(export(tmp_path, *lines))
    assert [one.why for one in found] == [("edited",), ("discarded",)]
    groups = grouped(found)
    write_drafts(groups, tmp_path / "drafts")
    written = "".join(file.read_text(encoding="utf-8") for file in (tmp_path / "drafts").glob("*.yaml"))
    assert "# The draft was edited; it had said: Ninety days." in written
