"""Turns that no model may answer, or not every model: paused, limited, or without money."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from evals.sim import Reply, Sim
from graph.allowance import NEARLY, SPENT, Allowance
from graph.run import Corrected, Rated, remember
from graph.support import Support
from graph.turn import Signals
from tests.graph.turns.talking import ESCALATES, QUESTION, WHOLE, Vendor, say, sent

OTHER = "How should I pack a lamp that goes back?"


@pytest.fixture
def vendor() -> Vendor:
    """One is enough: the vendors' adapters have no part in this."""
    return "anthropic"


@dataclass
class Purse:
    """Allows what a test says."""

    left: Allowance

    async def allowance(self) -> Allowance:
        return self.left

    async def begin(self, worst_usd: float) -> str:
        return ""

    async def end(self, name: str, cost_usd: float) -> None:
        return None


def with_left(bot: Support, left: Allowance, *, people: bool) -> Support:
    """Return the bot with so much left, and with a person in reach or not."""
    return replace(bot, services=replace(bot.services, purse=Purse(left), people=lambda: people))


@pytest.mark.parametrize(
    ("people", "words"), [(True, "one of my colleagues"), (False, "nobody can answer here at the moment")]
)
async def test_a_withheld_turn_goes_to_a_person_without_a_call(
    bot: Support, sim: Sim, people: bool, words: str
) -> None:
    held = Signals(withheld="paused: wrong prices")
    heard = await say(with_left(bot, "all", people=people), QUESTION, signals=held)
    heard.check()
    assert words in heard.text
    assert (heard.record.route.by, heard.handed_off[0].reason) == ("person", "paused: wrong prices")
    assert QUESTION in heard.handed_off[0].summary
    assert not sim.requests


async def test_a_limited_turn_is_one_sentence(bot: Support, sim: Sim) -> None:
    heard = await say(bot, QUESTION, signals=Signals(limited="limit_hour"))
    assert "within the last hour" in heard.text
    assert (heard.record.route.tier, heard.record.outcome) == ("phrase", "answered")
    assert not sim.requests


@pytest.mark.parametrize(("people", "tier"), [(True, "person"), (False, "small")])
async def test_near_the_end_of_the_budget_no_rule_reaches_the_large_tier(
    bot: Support, sim: Sim, people: bool, tier: str
) -> None:
    bot = with_left(bot, "smallest", people=people)
    sim.script.next(Reply(WHOLE), Reply(WHOLE))
    await say(bot)
    await remember(bot, "c1", Rated("down"))
    heard = await say(bot, OTHER, id="t2")
    assert (heard.record.route.tier, heard.record.route.by) == (tier, "budget")
    assert heard.record.route.reason == NEARLY


@pytest.mark.parametrize(("people", "tier"), [(True, "person"), (False, "extractive")])
async def test_what_the_small_model_passes_on_then_goes_to_a_person_or_is_quoted(
    bot: Support, sim: Sim, people: bool, tier: str
) -> None:
    sim.script.next(Reply(tools=(ESCALATES,)), Reply("A summary."))
    heard = await say(with_left(bot, "smallest", people=people))
    heard.check()
    assert (heard.record.route.tier, heard.record.route.by) == (tier, "budget")
    assert {call.tier for call in heard.record.calls} <= {"small", "extractive"}


async def test_with_nothing_left_not_even_a_summary_is_asked_for(bot: Support, sim: Sim) -> None:
    heard = await say(with_left(bot, "none", people=True))
    assert (heard.record.route.tier, heard.record.route.reason) == ("person", SPENT)
    assert heard.record.cost_usd == 0
    assert not sim.requests


async def test_what_was_shown_in_place_of_an_answer_is_what_is_remembered(bot: Support, sim: Sim) -> None:
    sim.script.next(Reply(WHOLE), Reply(WHOLE), Reply(WHOLE))
    await say(bot)
    await remember(bot, "c1", Corrected("t1", ""))
    await say(bot, OTHER, id="t2")
    assert "sentence 1 of a whole answer" not in sent(sim.requests[-1])
    assert QUESTION in sent(sim.requests[-1])
    await remember(bot, "c1", Corrected("t2", "A colleague says: in paper."))
    await say(bot, "And a vase?", id="t3")
    assert "A colleague says: in paper." in sent(sim.requests[-1])
