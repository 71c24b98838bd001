"""The query is built from the conversation, and a short message is judged by what it says itself."""

from __future__ import annotations

import pytest
from langgraph.runtime import Runtime

from graph.knowledge.live import open_knowledge
from graph.nodes.retrieve import build_query, retrieve
from graph.services import Services
from graph.state import Exchange
from graph.support import SAMPLE_SHOP
from tests.fakes import make_context, make_services, make_turn

ASKED = "How do I return something I bought?"


def exchange(asked: str, outcome: str = "answered") -> Exchange:
    return Exchange(id="t0", asked=asked, answer="…", outcome=outcome, summary="")


@pytest.fixture(scope="module", name="services")
def _services() -> Services:
    return make_services(open_knowledge(SAMPLE_SHOP))


async def covered(services: Services, text: str, *history: Exchange) -> bool | None:
    context = make_context(make_turn(text), services)
    update = await retrieve({"history": list(history)}, Runtime(context=context))
    return bool(update["covered"])


def test_the_last_question_that_was_answered_helps_a_short_one_not_one_that_was_handed_over() -> None:
    history = [exchange(ASKED), exchange("who is Batman?", "handed_off")]
    assert build_query("and for members?", history) == f"{ASKED}\nand for members?"


async def test_a_follow_up_lives_from_the_question_before(services: Services) -> None:
    assert await covered(services, "and for Circle members?", exchange(ASKED))


async def test_a_short_question_about_something_else_is_not_covered_by_the_one_before(
    services: Services,
) -> None:
    assert not await covered(services, "who is Batman?", exchange(ASKED))
