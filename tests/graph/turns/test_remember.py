"""What is no turn enters a conversation too: ratings and people's words, also while a turn is under way."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from evals.sim import Reply, Sim
from graph.run import CustomerSaid, Entry, PersonSaid, Rated, TakenBack, remember, retold, run_turn
from graph.support import Support
from graph.turn import Message
from tests.graph.turns.crashing import END, NODES, interrupted
from tests.graph.turns.talking import (
    QUESTION,
    WHOLE,
    Vendor,
    make_home,
    make_turn,
    open_bot,
    say,
    sent,
    state_of,
    tiers_file,
    until_words,
)

OTHER = "How should I pack a lamp that goes back?"
PERSONS = "I have had a look at your parcel myself, it is on its way."


@pytest.fixture
def vendor() -> Vendor:
    """One is enough: the vendors' adapters have no part in this."""
    return "anthropic"


async def test_a_thumb_down_sends_the_next_turn_to_the_large_model(bot: Support, sim: Sim) -> None:
    """The next turn alone: the one after it starts small again."""
    sim.script.next(Reply(WHOLE), Reply("Pack it well [1]."), Reply("In a week [1]."))
    await say(bot)
    await remember(bot, "c1", Rated("down"))
    second = await say(bot, OTHER, id="t2")
    third = await say(bot, "When is my money there?", id="t3")
    assert second.record.route.tier == "large"
    assert second.record.route.by == "rule"
    assert third.record.route.tier == "small"


@pytest.mark.parametrize("ratings", [["up"], ["down", None], ["down", "up"]])
async def test_a_thumb_that_is_up_or_taken_back_changes_nothing(
    ratings: list[str | None], bot: Support, sim: Sim
) -> None:
    """The last rating counts."""
    sim.script.next(Reply(WHOLE), Reply("Pack it well [1]."))
    await say(bot)
    for rating in ratings:
        await remember(bot, "c1", Rated(rating))  # type: ignore[arg-type]
    assert (await say(bot, OTHER, id="t2")).record.route.tier == "small"


async def test_a_persons_words_are_in_the_next_request(bot: Support, sim: Sim) -> None:
    """After the answer that they follow; and the roles still alternate."""
    sim.script.next(Reply(WHOLE), Reply("Pack it well [1]."))
    await say(bot)
    await remember(bot, "c1", PersonSaid(PERSONS))
    await say(bot, OTHER, id="t2")
    roles = [m["role"] for m in sim.requests[1].body["messages"] if m["role"] != "system"]
    assert roles == ["user", "assistant", "user"]
    assert PERSONS in sent(sim.requests[1])
    assert sent(sim.requests[1]).index(WHOLE) < sent(sim.requests[1]).index(PERSONS)


async def test_a_persons_words_before_the_first_turn_are_in_its_request(bot: Support, sim: Sim) -> None:
    """A colleague began the conversation."""
    sim.script.next(Reply(WHOLE))
    await remember(bot, "c1", PersonSaid(PERSONS))
    heard = await say(bot)
    assert heard.text == WHOLE
    assert PERSONS in sent(sim.requests[0])


async def test_what_the_customer_said_to_a_person_is_in_the_next_request(bot: Support, sim: Sim) -> None:
    """In the order in which it was said, and the roles still alternate."""
    sim.script.next(Reply(WHOLE), Reply("Pack it well [1]."))
    await say(bot)
    for entry in (CustomerSaid("Are you there?"), PersonSaid(PERSONS), CustomerSaid("Thank you so much.")):
        await remember(bot, "c1", entry)
    await say(bot, OTHER, id="t2")
    roles = [m["role"] for m in sim.requests[1].body["messages"] if m["role"] != "system"]
    assert roles == ["user", "assistant", "user", "assistant", "user"]
    places = [sent(sim.requests[1]).index(words) for words in ("Are you", PERSONS, "Thank you so", OTHER)]
    assert places == sorted(places)


@pytest.mark.parametrize("entry", [Rated("down"), PersonSaid(PERSONS), CustomerSaid(PERSONS)])
async def test_a_conversation_may_begin_with_what_is_no_turn(entry: Entry, bot: Support, sim: Sim) -> None:
    """The first turn is then answered as ever, and knows of it."""
    sim.script.next(Reply(WHOLE))
    await remember(bot, "c1", entry)
    heard = await say(bot)
    assert heard.text == WHOLE
    assert heard.record.route.tier == ("large" if isinstance(entry, Rated) else "small")
    assert isinstance(entry, Rated) or PERSONS in sent(sim.requests[0])


async def test_what_is_remembered_makes_a_repeated_turn_no_less_repeated(bot: Support, sim: Sim) -> None:
    """The finished turn is said again as before."""
    sim.script.next(Reply(WHOLE))
    first = await say(bot)
    await remember(bot, "c1", Rated("up"))
    await remember(bot, "c1", PersonSaid(PERSONS))
    again = await say(bot)
    assert (again.text, again.record) == (first.text, first.record)
    assert len(sim.requests) == 1


@pytest.mark.parametrize("earlier", [False, True], ids=["first turn", "second turn"])
@pytest.mark.parametrize("node", [*NODES, END])
async def test_a_pending_turn_is_not_lost_by_what_is_remembered(
    node: str, earlier: bool, bot: Support, sim: Sim
) -> None:
    """Wherever it was interrupted, it goes on from there, and what was remembered is kept."""
    if earlier:
        sim.script.next(Reply("Pack it well [1]."))
        await say(bot, OTHER, id="t0")
    calls = len(sim.requests)
    sim.script.next(Reply(WHOLE))
    await interrupted(bot, node)
    entries: list[Entry] = [Rated("up"), PersonSaid(PERSONS)]
    for entry in entries:
        await remember(bot, "c1", entry)
    heard = await say(bot)
    assert heard.text == WHOLE
    assert heard.outcomes == ["ok"]
    assert len(sim.requests) == calls + 1
    state = await state_of(bot)
    assert [e["id"] for e in state["history"] if e["id"]] == ["t0"] * earlier + ["t1"]
    assert any(PERSONS in e["answer"] for e in state["history"])


async def test_a_pending_handover_is_not_lost_by_what_is_remembered(bot: Support, sim: Sim) -> None:
    """The turn was on its way to a person."""
    sim.script.next(Reply("Wants: a person."))
    await interrupted(bot, "handoff", "I want to talk to a human agent")
    await remember(bot, "c1", Rated("down"))
    heard = await say(bot, "I want to talk to a human agent")
    assert heard.record.outcome == "handed_off"
    assert len(sim.requests) == 1


async def test_a_rating_during_an_answer_that_was_interrupted_counts_for_the_next_turn(
    bot: Support, sim: Sim
) -> None:
    """The interrupted turn keeps its route."""
    sim.script.next(Reply(WHOLE, tokens_per_s=20), Reply(WHOLE), Reply("Pack it well [1]."))
    async with aclosing(run_turn(bot, make_turn())) as chunks:
        await until_words(chunks)
    await remember(bot, "c1", Rated("down"))
    assert (await say(bot)).record.route.tier == "small"
    assert (await say(bot, OTHER, id="t2")).record.route.tier == "large"


async def test_what_is_remembered_stays_within_the_budget(sim: Sim, tmp_path: Path, vendor: Vendor) -> None:
    """A hundred messages of a person leave no more than a conversation may hold."""
    async with open_bot(make_home(tmp_path / "b", tiers_file(history=300)), sim, [vendor]) as bot:
        for number in range(100):
            await remember(bot, "c1", PersonSaid(f"{PERSONS} ({number})"))
        state = await state_of(bot)
    assert sum(len(e["answer"]) for e in state["history"]) / 3.5 <= 300
    assert "(99)" in state["history"][-1]["answer"]


async def test_the_question_that_a_person_answered_is_still_a_repetition(bot: Support, sim: Sim) -> None:
    """People's words between do not hide that the customer asks the same again."""
    sim.script.next(Reply(WHOLE), Reply("Until Friday [1]."))
    await say(bot, QUESTION)
    await remember(bot, "c1", PersonSaid(PERSONS))
    assert (await say(bot, QUESTION, id="t2")).record.route.tier == "large"


async def test_what_comes_while_a_turn_is_running_is_kept_for_after_it(bot: Support, sim: Sim) -> None:
    """The turn's own writes do not go over it."""
    sim.script.next(Reply(WHOLE, ttft_s=0.3), Reply("Pack it well [1]."))
    running = asyncio.create_task(say(bot))
    await asyncio.sleep(0.1)
    await asyncio.gather(remember(bot, "c1", PersonSaid(PERSONS)), remember(bot, "c1", Rated("down")))
    await running
    second = await say(bot, OTHER, id="t2")
    assert second.record.route.tier == "large"
    assert PERSONS in str(sim.requests[-1].body["messages"])


async def test_two_turns_of_one_conversation_wait_for_each_other(bot: Support, sim: Sim) -> None:
    """Both are answered and remembered, though they came at once."""
    sim.script.next(Reply(WHOLE, ttft_s=0.2), Reply("Pack it well [1]."))
    await asyncio.gather(say(bot), say(bot, OTHER, id="t2"))
    history = (await state_of(bot))["history"]
    assert [exchange["id"] for exchange in history] == ["t1", "t2"]


async def test_what_was_taken_back_is_told_to_nobody_and_the_rest_is(bot: Support, sim: Sim) -> None:
    """Neither to the next model nor to a person; the answer stands where it stood."""
    sim.script.next(Reply("Within 30 days [1]."), Reply("Pack it well [1]."), Reply("In a week [1]."))
    await say(bot, f"{QUESTION} I am Jo Doe.")
    await say(bot, OTHER, id="t2")
    await remember(bot, "c1", PersonSaid(PERSONS, "m3"))
    await remember(bot, "c1", CustomerSaid("Thank you, Sam.", "m4"))
    for message in ("t1-m", "m4", "nobodys"):
        await remember(bot, "c1", TakenBack(message))
    told = await retold(bot, "c1", "Because.")
    await say(bot, "When is my money there?", id="t3")
    for read in (told, sent(sim.requests[-1])):
        assert "Jo Doe" not in read
        assert "Sam" not in read
        assert "Within 30 days" in read
        assert OTHER in read
        assert PERSONS in read


async def test_a_turn_of_two_messages_loses_both_when_one_is_taken_back(bot: Support) -> None:
    """Nobody can tell whose words are whose by then."""
    messages = (Message("m1", "My name is Jo Doe."), Message("m2", QUESTION))
    turn = replace(make_turn(), messages=messages)
    assert [chunk async for chunk in run_turn(bot, turn)]
    await remember(bot, "c1", TakenBack("m2"))
    (exchange,) = (await state_of(bot))["history"]
    assert (exchange["asked"], exchange["answer"] != "") == ("", True)


async def test_what_is_older_than_text_may_be_is_forgotten_by_the_next_turn(
    bot: Support, monkeypatch: pytest.MonkeyPatch
) -> None:
    await say(bot)
    monkeypatch.setattr("graph.finishing.time.time", lambda: time.time_ns() / 1e9 + 31 * 86_400)
    await say(bot, OTHER, id="t2")
    assert [exchange["asked"] for exchange in (await state_of(bot))["history"]] == [OTHER]
