"""Single nodes: what they make of a state that a whole turn seldom comes to."""

from __future__ import annotations

import asyncio
import time

import pytest
from langgraph.runtime import Runtime

from graph.errors import CutOff
from graph.models.extractive import ExtractiveModel, ExtractivePhrases
from graph.models.scripted import Reply, ScriptedModel
from graph.nodes.answer import answer, make_guard
from graph.nodes.check import check
from graph.nodes.handoff import handoff
from graph.nodes.retrieve import build_query, retrieve
from graph.nodes.route import route
from graph.services import TurnContext
from graph.state import Exchange, State
from graph.tiers import EXTRACTIVE
from graph.turn import Chunk, HandedOff, Signals, TextDelta
from tests.fakes import InMemoryKnowledge, make_context, make_passage, make_services, make_turn

ASKED = "How long do I have to return shoes?"


def runtime(context: TurnContext) -> Runtime[TurnContext]:
    return Runtime(context=context)


def exchange(asked: str, outcome: str = "answered") -> Exchange:
    return Exchange(id="t0", asked=asked, answer="30 days.", outcome=outcome, summary="")


def state(tier: str = "small", **more: object) -> State:
    made: State = {
        "language": "en",
        "covered": True,
        "hold": False,
        "unknown": False,
        "route": {"tier": tier, "reason": "Because."},
    }
    made.update(more)  # type: ignore[typeddict-item]
    return made


def context_with(*replies: Reply | str, emitted: list[Chunk] | None = None) -> TurnContext:
    chunks = [] if emitted is None else emitted
    return make_context(services=make_services(scripted=ScriptedModel.of(*replies)), emit=chunks.append)


async def test_an_answer_of_no_words_is_empty_whatever_its_opening_says() -> None:
    context = context_with("  ")
    context.speaker.say("Let me see.")
    context.speaker.new_paragraph()
    draft = (await answer(state("large", shown="Let me see."), runtime(context)))["draft"]
    assert (draft["text"].strip(), draft["stop"]) == ("", "end")


async def test_an_answer_below_an_opening_is_one_text_with_it() -> None:
    context = context_with("Two rules.")
    context.speaker.say("Let me see.")
    context.speaker.new_paragraph()
    draft = (await answer(state("large", shown="Let me see."), runtime(context)))["draft"]
    assert draft["text"] == context.speaker.shown == "Let me see.\n\nTwo rules."


async def test_the_floor_answers_even_after_the_models_have_used_up_the_time() -> None:
    quoting = ExtractiveModel(lambda: ExtractivePhrases("From our articles:", "{title}:", "Only quotes."))
    context = make_context(
        services=make_services(extractive=quoting),
        passages=[make_passage("Shoes can be returned within 30 days.")],
    )
    context.started = time.monotonic() - 3600
    draft = (await answer(state(EXTRACTIVE), runtime(context)))["draft"]
    assert draft["stop"] == "end"
    assert "30 days" in draft["text"]


@pytest.mark.parametrize(("language", "same"), [("en", True), ("de", False)])
def test_the_guard_knows_whether_the_articles_are_in_the_answers_language(language: str, same: bool) -> None:
    assert make_guard(make_context(), language).same_language is same


async def test_a_call_that_was_stopped_can_be_accounted_for() -> None:
    """It was paid for, although the node never returns it."""
    context = context_with(Reply("Free for 30 days.", pause_s=5))
    task = asyncio.create_task(answer(state(), runtime(context)))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [call.outcome for call in context.under_way] == ["stopped"]


async def test_a_call_that_came_to_its_end_is_accounted_for_once() -> None:
    context = context_with("Free.")
    calls = (await answer(state(), runtime(context)))["calls"]
    assert [call["outcome"] for call in calls] == ["ok"]
    assert context.under_way == []


async def test_a_held_answer_is_shown_once_it_is_accepted() -> None:
    chunks: list[Chunk] = []
    context = context_with("You get it within 30 days.", emitted=chunks)
    held = state(hold=True)
    held.update(await answer(held, runtime(context)))  # type: ignore[typeddict-item]
    assert chunks == []
    await check(held, runtime(context))
    assert chunks == [TextDelta("You get it within 30 days.")]


@pytest.mark.parametrize(
    ("outcome", "tier"), [("answered", "large"), ("failed", "small"), ("stopped", "small")]
)
async def test_asking_again_after_a_failure_or_a_stop_says_nothing_about_the_answer(
    outcome: str, tier: str
) -> None:
    context = make_context(make_turn(ASKED))
    update = await route(state(history=[exchange(ASKED, outcome)]), runtime(context))
    assert update["route"]["tier"] == tier


async def test_a_signal_decides_over_what_the_graph_would_find() -> None:
    context = make_context(make_turn("Where is it?", signals=Signals(repeat=True, rating="up")))
    update = await route(state(rating="down"), runtime(context))
    assert update["route"]["tier"] == "large"
    assert update["rating"] is None


async def test_a_message_in_another_language_is_not_judged_by_the_word_index() -> None:
    context = make_context(make_turn("Wo ist mein Paket?"))
    update = await route(state(language="de", covered=False), runtime(context))
    assert update["unknown"] is False


async def test_passages_are_remembered_by_id_and_hash_and_never_by_text() -> None:
    articles = InMemoryKnowledge(["Shoes can be returned within 30 days."])
    context = make_context(make_turn(ASKED), make_services(articles))
    update = await retrieve({}, runtime(context))
    assert update["passages"] == [[p.id, p.hash] for p in articles.passages]
    assert "30 days" not in str(update)
    assert (update["covered"], update["language"], context.passages) == (True, "en", tuple(articles.passages))


def test_a_short_message_is_searched_together_with_the_question_before_it() -> None:
    assert build_query("And for members?", [exchange(ASKED)]) == f"{ASKED}\nAnd for members?"
    assert build_query(ASKED, [exchange("Where is it?")]) == ASKED
    assert build_query("And for members?", []) == "And for members?"


async def test_a_summary_may_repeat_what_an_earlier_answer_cited() -> None:
    chunks: list[Chunk] = []
    context = context_with("Asked about returns, was told 30 days [4].", emitted=chunks)
    await handoff(state("person", shown=""), runtime(context))
    assert chunks[-1] == HandedOff("Asked about returns, was told 30 days [4].", "Because.")


async def test_a_summary_that_fails_leaves_the_plain_one() -> None:
    chunks: list[Chunk] = []
    context = context_with(Reply("Asked", error=CutOff("x")), emitted=chunks)
    await handoff(state("person", shown=""), runtime(context))
    handed = chunks[-1]
    assert isinstance(handed, HandedOff)
    assert handed.summary.startswith("Because. The conversation so far:")
