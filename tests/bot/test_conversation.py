"""What a turn came to is kept; while the ledger takes nothing it waits, in order, and nobody notices."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.app import running
from bot.conversation import LONGEST, Conversations
from bot.settings import BotSettings
from graph.turn import Chunk, Finished, TextDelta, Turn, TurnRecord
from tests.fakes import make_turn


def settings(folder: Path) -> BotSettings:
    return BotSettings.model_construct(None, bot_data=folder / "data")


class Screen:
    """A surface that remembers what it was shown, and sees words a moment later."""

    def __init__(self) -> None:
        self.shown: list[Chunk] = []

    async def show(self, chunk: Chunk) -> None:
        self.shown.append(chunk)

    async def finish(self, record: TurnRecord) -> TurnRecord:
        return replace(record, first_words_ms=4321.0)


async def answer(conversations: Conversations, turn: Turn) -> TurnRecord:
    told = await conversations.answer(turn, Screen())
    await conversations.keep(told)
    return told.record


async def test_an_answer_is_shown_and_kept_with_the_times_as_they_were_seen(tmp_path: Path) -> None:
    async with running(settings(tmp_path)) as app:
        conversations, screen = Conversations(app), Screen()
        told = await conversations.answer(make_turn(), screen)
        assert await app.ledger.turns() == ()
        await conversations.keep(told)
        assert await app.ledger.turns() == (told.record,)
        (kept,) = await app.ledger.transcripts()
    assert told.record.first_words_ms == 4321.0
    assert not any(isinstance(chunk, Finished) for chunk in screen.shown)
    words = "".join(chunk.text for chunk in screen.shown if isinstance(chunk, TextDelta))
    assert (kept.asked, kept.answer) == ((make_turn().text,), words)


async def test_a_record_that_was_written_elsewhere_is_not_written_again(tmp_path: Path) -> None:
    async with running(settings(tmp_path)) as app:
        conversations = Conversations(app)
        await conversations.keep(await conversations.answer(make_turn(), Screen()), written=True)
        assert (await app.ledger.turns(), await app.ledger.transcripts()) == ((), ())


@pytest.mark.parametrize("kind", ["turns.jsonl", "transcripts.jsonl", "feedback.jsonl"])
async def test_what_the_ledger_does_not_take_waits_and_is_written_in_order(tmp_path: Path, kind: str) -> None:
    """A folder lies where one of its files should be, and then goes away."""
    obstacle = tmp_path / "data" / kind
    obstacle.mkdir(parents=True)
    async with running(settings(tmp_path)) as app:
        conversations = Conversations(app)
        with capture_logs() as logged:
            first = await answer(conversations, make_turn(id="a", received_at=1.0))
            await conversations.rate(
                first.turn_id, first.conversation, "up", person="u1", who="asker", via="button"
            )
        assert "ledger.failed" in {event["event"] for event in logged}
        assert str(obstacle) in conversations.problem
        waiting = [json.loads(line) for line in conversations.unsaved_lines()]
        assert {entry["turn_id"] for entry in waiting} == {"a"}
        obstacle.rmdir()
        second = await answer(conversations, make_turn(id="b", received_at=2.0))
        assert (conversations.problem, len(conversations.unsaved)) == ("", 0)
        assert await app.ledger.turns() == (first, second)
        assert [text.turn_id for text in await app.ledger.transcripts()] == ["a", "b"]
        assert [rated.value for rated in await app.ledger.feedback_entries()] == ["up"]


async def test_words_that_are_not_in_the_ledger_are_redacted_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    async with running(settings(tmp_path)) as app:
        conversations = Conversations(app)
        await answer(conversations, make_turn("I am jo@example.com"))
        assert "[email]" in "".join(conversations.unsaved_lines())
        assert "jo@example.com" not in "".join(conversations.unsaved_lines())


async def test_a_text_that_nobody_would_read_to_its_end_is_cut(tmp_path: Path) -> None:
    """Redacting a megabyte of numbers would take longer than the answer."""
    async with running(settings(tmp_path)) as app:
        await answer(Conversations(app), make_turn("12 34 " * 200_000))
        (kept,) = await app.ledger.transcripts()
    assert len(kept.asked[0]) <= LONGEST
