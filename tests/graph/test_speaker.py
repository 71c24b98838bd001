"""What the customer sees of one turn."""

from __future__ import annotations

from graph.speaker import LONGEST_OPENING, Speaker
from graph.turn import Chunk, Escalated, HandedOff, Restarted, Route, TextDelta

UP = Route("large", "The model passed it on.", "model")


def make() -> tuple[Speaker, list[Chunk]]:
    chunks: list[Chunk] = []
    return Speaker(chunks.append), chunks


def test_words_are_emitted_and_remembered() -> None:
    speaker, chunks = make()
    speaker.say("Shoes")
    speaker.say(" fit.")
    assert chunks == [TextDelta("Shoes"), TextDelta(" fit.")]
    assert speaker.shown == "Shoes fit."


def test_no_words_are_no_chunk() -> None:
    speaker, chunks = make()
    speaker.say("")
    assert chunks == []
    assert speaker.first_words_at is None


def test_blank_space_is_not_the_first_word() -> None:
    speaker, _ = make()
    speaker.say(" \n")
    assert speaker.first_words_at is None
    speaker.say("Yes")
    first = speaker.first_words_at
    speaker.say(" and no")
    assert first is not None
    assert speaker.first_words_at == first


def test_a_short_opening_stays_and_the_next_words_are_a_new_paragraph() -> None:
    speaker, chunks = make()
    speaker.say("Let me see.")
    speaker.escalate(UP)
    speaker.say(" So:")
    speaker.say(" two rules.")
    assert chunks == [TextDelta("Let me see."), Escalated(UP), TextDelta("\n\nSo:"), TextDelta(" two rules.")]
    assert speaker.shown == "Let me see.\n\nSo: two rules."


def test_nothing_shown_leaves_no_empty_paragraph() -> None:
    speaker, chunks = make()
    speaker.escalate(UP)
    speaker.say("Two rules.")
    assert chunks == [Escalated(UP), TextDelta("Two rules.")]


def test_an_opening_of_the_longest_length_stays_and_a_longer_one_is_void() -> None:
    for more, kept in (("", True), ("x", False)):
        speaker, chunks = make()
        speaker.say("x" * LONGEST_OPENING + more)
        speaker.escalate(UP)
        assert (Restarted(UP.reason) not in chunks) == kept
        speaker.say("Two.")
        assert speaker.shown == ("x" * LONGEST_OPENING + "\n\nTwo." if kept else "Two.")


def test_a_restart_voids_what_is_shown_once() -> None:
    speaker, chunks = make()
    speaker.restart("nothing yet")
    speaker.say("Half")
    speaker.new_paragraph()
    speaker.restart("cut_off")
    speaker.restart("cut_off")
    speaker.say("Whole.")
    assert chunks == [TextDelta("Half"), Restarted("cut_off"), TextDelta("Whole.")]
    assert speaker.shown == "Whole."


def test_replayed_chunks_give_what_is_shown() -> None:
    """Whoever shows chunks as they come sees the same text that the speaker remembers."""
    speaker, chunks = make()
    speaker.say("Let me see.")
    speaker.escalate(UP)
    speaker.say("Wrong")
    speaker.restart("cut_off")
    speaker.say("Right.")
    speaker.new_paragraph()
    speaker.say("A person takes over.")
    seen = ""
    for chunk in chunks:
        if isinstance(chunk, Restarted):
            seen = ""
        elif isinstance(chunk, TextDelta):
            seen += chunk.text
    assert seen == speaker.shown == "Right.\n\nA person takes over."


def test_a_handover_carries_summary_and_reason() -> None:
    speaker, chunks = make()
    speaker.hand_off("Wants a person.", "The customer asked for a person.")
    assert chunks == [HandedOff("Wants a person.", "The customer asked for a person.")]
