"""Slack fails, limits, expires or cuts what the bot shows: each question has one whole answer anyway."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from evals.sim.slack.faults import SlackFault
from evals.sim.slack.settings import SlackSettings
from tests.bot.slack.failing import id_of, named, records_of, saying, streaming, words_of
from tests.bot.slack.serving import CUSTOMER, DM, QUESTION, Stage, stage

WORDS = " ".join(f"On day {number} you may still send it back." for number in range(1, 13))
RULE = saying(WORDS, tokens_per_s=80.0)
LONG = "\n\n".join(f"Paragraph {number}. " + "All of it may be sent back. " * 12 for number in range(7))
NO_STREAMS = SlackFault("error", "chat.startStream", times=None, error="not_allowed")
TIMEOUT_S = 1.0

BY_STREAM = ("chat.startStream", "chat.appendStream", "chat.stopStream")
BY_EDIT = ("chat.postMessage", "chat.update")
FAULTS: dict[str, dict[str, Any]] = {
    "an error of the server": {"kind": "http", "status": 500},
    "an error of the server, and it is done": {"kind": "http", "status": 500, "done": True},
    "a 429": {"kind": "ratelimited", "retry_after": 1},
    "a reset": {"kind": "reset"},
    "a reset, and it is done": {"kind": "reset", "done": True},
    "an answer that comes too late": {"kind": "slow", "seconds": TIMEOUT_S + 0.3, "done": True},
    "a call that takes effect too late": {"kind": "slow", "seconds": TIMEOUT_S + 0.3},
}
CASES = [(method, fault) for method in BY_STREAM + BY_EDIT for fault in FAULTS]


async def met(folder: Path, method: str, fault: str) -> None:
    """Let a call fail once, and look at the answer."""
    folder.mkdir()
    async with stage(folder, rule=RULE, slack_timeout_s=TIMEOUT_S, bot_lease_s=4.0) as on:
        if method in BY_EDIT:
            on.slack.faults.add(NO_STREAMS)
        on.slack.faults.add(SlackFault(method=method, **FAULTS[fault]))
        asked = on.slack.say(CUSTOMER, DM, QUESTION)
        await on.until(on.finished, 90)
        await on.stop()
        # What takes effect late may do so after the answer is complete.
        await asyncio.sleep(0.5)
        assert any(call.fault for call in on.slack.calls_of(method)), "the fault was never met"
        (answer,) = on.answers()
        assert named(on) == [id_of(on, asked)]
        assert words_of(answer) == WORDS
        assert not streaming(answer)
        assert len(await records_of(on)) == 1


async def test_an_answer_is_shown_once_and_whole_whatever_one_call_meets(tmp_path: Path) -> None:
    at_once = asyncio.Semaphore(8)
    failed: dict[tuple[str, str], BaseException] = {}

    async def one(number: int, case: tuple[str, str]) -> None:
        async with at_once:
            try:
                await met(tmp_path / str(number), *case)
            except (AssertionError, TimeoutError, ValueError) as error:
                failed[case] = error

    await asyncio.gather(*(one(number, case) for number, case in enumerate(CASES)))
    assert failed == {}


async def test_a_stream_that_expires_is_completed_by_an_update(tmp_path: Path) -> None:
    settings = SlackSettings(stream_lifetime_s=0.3)
    async with stage(tmp_path, slack=settings, rule=saying(WORDS, tokens_per_s=80.0)) as on:
        on.slack.say(CUSTOMER, DM, QUESTION)
        await on.until(on.finished)
        await on.stop()
        (answer,) = on.answers()
        assert words_of(answer) == WORDS
        assert on.slack.calls_of("chat.update")


@pytest.mark.parametrize("refused", [(), ("chat.startStream",), ("chat.startStream", "chat.postMessage")])
async def test_an_answer_that_is_too_long_for_a_message_goes_on_in_others(
    tmp_path: Path, refused: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    # No tier of the sample writes more than a message takes.
    monkeypatch.setattr("bot.slack.answer.FULL_BYTES", 900)
    async with stage(tmp_path, rule=saying(LONG, tokens_per_s=8000.0)) as on:
        for method in refused:
            # Only the first call: what is shown at the end must not be refused.
            times = None if method == "chat.startStream" else 1
            on.slack.faults.add(SlackFault("error", method, times=times, error="not_allowed"))
        on.slack.say(CUSTOMER, DM, QUESTION)
        await on.until(lambda: on.serving and len(on.finished()) > 2, 20)
        await on.stop()
        answers = on.answers()
        assert (
            re.sub(r"\s+", " ", " ".join(map(words_of, answers))).strip() == re.sub(r"\s+", " ", LONG).strip()
        )
        assert not any(map(streaming, answers))
        assert [bool(buttons(message)) for message in answers] == [False] * (len(answers) - 1) + [True]
        assert len(await records_of(on)) == 1


def buttons(message: dict[str, Any]) -> list[Any]:
    """Return the parts of a message that can be pressed."""
    return [element for block in message.get("blocks") or () for element in block.get("elements") or ()]


async def test_within_the_limits_each_way_of_showing_an_answer_is_used_and_none_is_refused(
    tmp_path: Path,
) -> None:
    settings = SlackSettings(limits=True)
    async with stage(tmp_path, slack=settings, rule=RULE, slack_burst=0.05) as on:
        asked = sorted(id_of(on, on.slack.say(CUSTOMER, DM, QUESTION)) for _ in range(4))
        await on.until(lambda: len(on.finished()) == 4, 20)
        await on.stop()
        assert named(on) == asked
        assert [words_of(message) for message in on.answers()] == [WORDS] * 4
        assert not any(call.error == "ratelimited" for call in on.slack.calls)
        assert ways(on) == {"stream": 1, "edit": 1, "whole": 2}


def ways(on: Stage) -> Counter[str]:
    """Count how the answers were shown."""
    streams = {call.ts for call in on.slack.calls_of("chat.startStream") if call.ok}
    updated = {call.args["ts"] for call in on.slack.calls_of("chat.update") if call.ok}
    return Counter(
        "stream" if message["ts"] in streams else "edit" if message["ts"] in updated else "whole"
        for message in on.answers()
    )
