"""The same turn again: what was finished is said again, what was interrupted goes on, never twice."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from evals.sim import Reply, Sim
from graph.errors import StateError
from graph.run import run_turn
from graph.support import Support
from graph.turn import Audience, Finished, TextDelta
from tests.graph.turns.crashing import END, NODES, interrupted, lose_redis, with_saver
from tests.graph.turns.talking import (
    ESCALATES,
    QUESTION,
    WHOLE,
    Heard,
    Vendor,
    make_turn,
    open_bot,
    say,
    state_of,
    until_words,
)

ROOT = Path(__file__).parents[3]
SLOW = Reply(WHOLE, tokens_per_s=20)
"""Takes about six seconds, so that it can be interrupted."""


@pytest.fixture
def vendor() -> Vendor:
    """One is enough: the vendors' adapters have no part in this."""
    return "anthropic"


async def eventually(found: object, *, attribute: str) -> None:
    """Wait until an attribute is true; the timeout of the test ends a wait in vain."""
    while not getattr(found, attribute):  # the stand-in tells nobody when it changes
        await asyncio.sleep(0.01)


async def check_once(support: Support, heard: Heard, conversation: str = "c1") -> None:
    """Check that the conversation holds the turn once, with the answer that the customer saw."""
    state = await state_of(support, conversation)
    assert [(e["id"], e["asked"], e["answer"]) for e in state["history"]] == [("t1", QUESTION, heard.text)]
    assert [record["turn_id"] for record in state["records"]] == ["t1"]


async def test_a_finished_turn_is_said_again_without_a_request(bot: Support, sim: Sim) -> None:
    """Same id: the stored answer and record, and no model is called."""
    sim.script.next(Reply(WHOLE))
    first = await say(bot)
    again = await say(bot)
    assert again.text == first.text == WHOLE
    assert again.record == first.record
    assert len(sim.requests) == 1
    await check_once(bot, first)


async def test_a_finished_turn_tells_what_was_found_for_it_and_an_earlier_one_nothing(
    bot: Support, sim: Sim
) -> None:
    """State keeps the passages of the last turn alone."""
    sim.script.next(Reply(WHOLE), Reply(WHOLE))
    first = await say(bot)
    last = first.chunks[-1]
    assert isinstance(last, Finished)
    assert list(last.passages) == [name for name, _ in (await state_of(bot))["passages"]]
    assert last.passages
    assert (await say(bot)).chunks[-1] == last
    await say(bot, "What does delivery to Austria cost?", id="t2")
    assert (await say(bot)).chunks[-1] == Finished(first.record)


async def test_a_handed_off_turn_is_handed_off_again(bot: Support, sim: Sim) -> None:
    """Words, summary and reason are the same; the summary is not written twice."""
    sim.script.next(Reply("Wants: a person."))
    first = await say(bot, "I want to talk to a human agent")
    asked = len(sim.requests)
    again = await say(bot, "I want to talk to a human agent")
    assert again.text == first.text
    assert again.handed_off == first.handed_off
    assert first.handed_off[0].summary == "Wants: a person."
    assert again.record == first.record
    assert len(sim.requests) == asked == 1


@pytest.mark.parametrize("node", [*NODES, END])
async def test_a_turn_that_was_left_goes_on_from_its_last_finished_step(
    node: str, bot: Support, sim: Sim
) -> None:
    """A process that drains leaves its turns: the next try does only what is left."""
    sim.script.next(Reply(WHOLE))
    await interrupted(bot, node)
    asked = len(sim.requests)
    assert asked == (1 if node in ("check", END) else 0)
    heard = await say(bot)
    assert heard.text == WHOLE
    assert heard.record.outcome == "answered"
    assert heard.outcomes == ["ok"]
    assert len(sim.requests) == 1
    await check_once(bot, heard)


async def test_an_escalated_turn_goes_on_with_the_large_model_alone(bot: Support, sim: Sim) -> None:
    """The opening and the handover were stored when it was left: the small model is not asked again."""
    sim.script.next(Reply("Let me see.", tools=(ESCALATES,)), Reply("Until Friday [1]."))
    await interrupted(bot, "check")
    heard = await say(bot)
    assert heard.text == "Let me see.\n\nUntil Friday [1]."
    assert heard.outcomes == ["escalated", "ok"]
    assert len(sim.requests) == 2
    await check_once(bot, heard)


async def test_a_turn_whose_end_cannot_be_stored_begins_anew(bot: Support, sim: Sim) -> None:
    """Whoever runs it hears of it; nothing of it is in the state, and the next try stands there once."""
    sim.script.next(Reply("Pack it well [1]."), Reply(WHOLE), Reply(WHOLE))
    await say(bot, "How should I pack a lamp that goes back?", id="t0")
    before = await state_of(bot)
    with pytest.raises(StateError):
        await say(with_saver(bot, before=lose_redis))
    assert await state_of(bot) == before
    heard = await say(bot)
    assert heard.text == WHOLE
    assert [exchange["id"] for exchange in (await state_of(bot))["history"]] == ["t0", "t1"]


async def test_leaving_a_turn_while_redis_is_away_is_quiet(bot: Support, sim: Sim) -> None:
    """There is nobody left to tell; the turn begins anew when it comes again."""
    sim.script.next(SLOW, Reply(WHOLE))
    async with aclosing(run_turn(with_saver(bot, before=lose_redis), make_turn())) as chunks:
        await until_words(chunks)
    heard = await say(bot)
    assert heard.text == WHOLE
    await check_once(bot, heard)


async def test_closing_the_generator_leaves_the_turn_to_be_continued(bot: Support, sim: Sim) -> None:
    """The request ends at once; the next run of the same turn gives one whole answer."""
    sim.script.next(SLOW, Reply(WHOLE))
    async with aclosing(run_turn(bot, make_turn())) as chunks:
        await until_words(chunks)
    await eventually(sim.requests[0], attribute="cancelled")
    assert "records" not in await state_of(bot)
    heard = await say(bot)
    assert heard.text == WHOLE
    assert len(sim.requests) == 2
    await check_once(bot, heard)


async def test_another_turn_takes_the_place_of_an_interrupted_one(bot: Support, sim: Sim) -> None:
    """Nothing of the interrupted turn's answer is in the new one's."""
    sim.script.next(SLOW, Reply("In a week [1]."))
    async with aclosing(run_turn(bot, make_turn())) as chunks:
        await until_words(chunks)
    heard = await say(bot, "When is my money there?", id="t2")
    assert heard.text == "In a week [1]."
    assert heard.record.turn_id == "t2"
    assert heard.outcomes == ["ok"]


async def test_stopping_ends_the_answer_and_the_request(bot: Support, sim: Sim) -> None:
    """What stands there is remembered; the call is accounted for; the same id says it again."""
    sim.script.next(SLOW)
    stop = asyncio.Event()
    heard = Heard()
    async with aclosing(run_turn(bot, make_turn(), stop)) as chunks:
        async for chunk in chunks:
            heard.chunks.append(chunk)
            if isinstance(chunk, TextDelta):
                stop.set()
    heard.check()
    assert heard.record.outcome == "stopped"
    assert heard.outcomes == ["stopped"]
    assert heard.record.cost_usd is None
    assert WHOLE.startswith(heard.text)
    assert len(heard.text) < len(WHOLE)
    await eventually(sim.requests[0], attribute="cancelled")
    await check_once(bot, heard)
    again = await say(bot)
    assert (again.text, again.record) == (heard.text, heard.record)
    assert len(sim.requests) == 1


async def test_a_turn_goes_on_after_one_that_was_stopped(bot: Support, sim: Sim) -> None:
    """The same question is no repetition then, and the model sees what was said."""
    sim.script.next(SLOW, Reply(WHOLE))
    stop = asyncio.Event()
    async with aclosing(run_turn(bot, make_turn(), stop)) as chunks:
        async for chunk in chunks:
            if isinstance(chunk, TextDelta):
                stop.set()
    heard = await say(bot, id="t2")
    assert heard.text == WHOLE
    assert heard.record.route.tier == "small"
    assert len(sim.requests[1].body["messages"]) >= 3


async def test_stopping_before_the_first_words_is_a_stop_too(bot: Support, sim: Sim) -> None:
    """There is a record, and no answer."""
    sim.script.next(Reply(WHOLE, ttft_s=3))
    stop = asyncio.Event()
    stop.set()
    chunks = [chunk async for chunk in run_turn(bot, make_turn(), stop)]
    assert len(chunks) == 1
    heard = Heard(chunks)
    assert heard.record.outcome == "stopped"
    assert (await state_of(bot))["records"][-1]["outcome"] == "stopped"


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_stop_that_comes_when_all_is_done_changes_nothing(when: str, bot: Support, sim: Sim) -> None:
    """The answer was stored, or just being stored: it stays answered, and stands in the history once."""
    sim.script.next(Reply(WHOLE))
    stop = asyncio.Event()

    async def stop_now() -> None:
        stop.set()
        await asyncio.sleep(0.1)

    support = with_saver(bot, **{when: stop_now})
    heard = Heard([chunk async for chunk in run_turn(support, make_turn(), stop)])
    heard.check()
    assert heard.record.outcome == "answered"
    await check_once(bot, heard)


async def test_what_goes_wrong_inside_is_said_kindly(bot: Support, sim: Sim) -> None:
    """An error that nobody thought of: the customer reads a sentence, and the turn is accounted for."""

    class Broken:
        language = "en"

        def refresh(self) -> None: ...

        def open_to(self, audience: Audience) -> Broken:
            return self

        def search(self, query: str, k: int = 6) -> None:
            raise ZeroDivisionError(query)

    broken = replace(bot, services=replace(bot.services, knowledge=Broken()))  # type: ignore[arg-type]
    with structlog.testing.capture_logs() as logged:
        heard = await say(broken)
    assert heard.record.outcome == "failed"
    assert heard.text == bot.services.prompts.phrases.say("error", "en")
    assert [line["event"] for line in logged] == ["turn.failed"]
    sim.script.next(Reply(WHOLE))
    after = await say(bot, id="t2")
    assert after.text == WHOLE
    assert after.record.route.tier == "small"


@pytest.fixture
async def shared(home: Path, sim: Sim, redis_server: str) -> AsyncIterator[Support]:
    """A bot on a real Redis, which another process uses too."""
    async with open_bot(home, sim, ["anthropic"], redis=redis_server) as support:
        yield support


async def killed(home: Path, sim: Sim, redis: str, conversation: str, node: str | None = None) -> list[str]:
    """Answer in another process; kill it at its first words, or frozen before a node; return its lines."""
    given = {"home": str(home), "anthropic": sim.anthropic_url, "redis": redis, "text": QUESTION}
    given |= {"conversation": conversation} | ({"node": node} if node else {})
    program = [sys.executable, "-m", "tests.graph.turns.crashing", json.dumps(given)]
    process = await asyncio.create_subprocess_exec(*program, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    lines = []
    try:
        while line := (await process.stdout.readline()).decode().strip():
            lines.append(line)
            if line == "frozen" or (line.startswith('"') and node is None):
                break
    finally:
        if process.returncode is None:
            os.kill(process.pid, signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL
    return lines


async def test_a_process_that_is_killed_mid_answer_loses_nothing(
    shared: Support, home: Path, sim: Sim, redis_server: str
) -> None:
    """The next process begins anew: one whole answer, the turn once in the history."""
    sim.script.next(SLOW, Reply(WHOLE))
    assert await killed(home, sim, redis_server, "kill-1")
    heard = await say(shared, conversation="kill-1")
    assert heard.text == WHOLE
    assert heard.outcomes == ["ok"]
    assert len(sim.requests) == 2
    await check_once(shared, heard, "kill-1")


@pytest.mark.parametrize(("node", "requests"), [("route", 1), ("check", 2), (END, 1)])
async def test_a_process_that_is_killed_between_two_steps_loses_nothing(
    node: str, requests: int, shared: Support, home: Path, sim: Sim, redis_server: str
) -> None:
    """No model is asked again once the end is stored; before it, the turn begins anew."""
    sim.script.next(Reply(WHOLE), Reply(WHOLE))
    conversation = f"kill-{node}"
    lines = await killed(home, sim, redis_server, conversation, node)
    assert lines[-1] == "frozen"
    heard = await say(shared, conversation=conversation)
    assert heard.text == WHOLE
    assert heard.outcomes == ["ok"]
    assert len(sim.requests) == requests
    await check_once(shared, heard, conversation)
