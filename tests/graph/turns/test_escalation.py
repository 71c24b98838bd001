"""An easy turn costs one model call, a hard one two; the customer hears of it on the tool's name."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import pytest

from evals.sim import FAULTS, Reply, Sim, ToolUse
from evals.sim.script import Body, is_large
from graph.run import run_turn
from graph.support import Support
from graph.turn import Escalated, TextDelta
from tests.graph.turns.talking import (
    ESCALATES,
    HANDOVER,
    LARGE,
    SMALL,
    Vendor,
    make_home,
    make_turn,
    open_bot,
    say,
    sent,
    tiers_file,
)

LARGE_ANSWER = "It counts from the day of delivery, so you have until Friday [1]."
OPENING = "Let me see about those shoes."


def test_the_opening_of_these_tests_may_stay() -> None:
    """At most 200 characters stay above the large model's words."""
    assert len(OPENING) <= 200


async def test_an_easy_turn_is_one_call(bot: Support, sim: Sim, vendor: Vendor) -> None:
    """The small model's words are the answer."""
    sim.script.next(Reply("You have 30 days [1]."))
    heard = await say(bot)
    assert [record.body["model"] for record in sim.requests] == [SMALL[vendor]]
    assert heard.text == "You have 30 days [1]."
    assert heard.outcomes == ["ok"]
    assert heard.escalations == []
    assert heard.record.route.tier == "small"
    assert heard.record.sources


async def test_a_hard_turn_is_two_calls_and_the_large_model_reads_the_handover(
    bot: Support, sim: Sim, vendor: Vendor
) -> None:
    """The small model calls its tool instead of answering."""
    sim.script.next(Reply(tools=(ESCALATES,)), Reply(LARGE_ANSWER))
    heard = await say(bot)
    assert [record.body["model"] for record in sim.requests] == [SMALL[vendor], LARGE[vendor]]
    assert HANDOVER not in sent(sim.requests[0])
    assert HANDOVER in sent(sim.requests[1])
    assert heard.text == LARGE_ANSWER
    assert heard.outcomes == ["escalated", "ok"]
    assert len(heard.escalations) == 1
    assert heard.restarts == []
    assert (heard.record.route.tier, heard.record.route.by) == ("large", "model")
    assert heard.record.outcome == "answered"


async def test_the_customer_hears_of_it_on_the_name_of_the_tool(bot: Support, sim: Sim) -> None:
    """Escalated comes while the arguments are still on their way."""
    sim.script.next(Reply(tools=(ESCALATES,), tokens_per_s=15), Reply(LARGE_ANSWER))
    seen: list[bool] = []
    async with aclosing(run_turn(bot, make_turn())) as chunks:
        async for chunk in chunks:
            if isinstance(chunk, Escalated):
                seen.append(sim.requests[0].finished)
                assert chunk.said == bot.services.prompts.phrases.say("closer_look", "en")
    assert seen == [False]


async def test_a_short_opening_stays_and_the_large_model_goes_on_from_it(bot: Support, sim: Sim) -> None:
    """The words before the tool's call stay, in a paragraph of their own."""
    sim.script.next(Reply(OPENING, tools=(ESCALATES,)), Reply(LARGE_ANSWER))
    heard = await say(bot)
    assert heard.text == f"{OPENING}\n\n{LARGE_ANSWER}"
    assert OPENING in sent(sim.requests[1])
    assert heard.restarts == []


async def test_a_long_opening_is_taken_back(bot: Support, sim: Sim) -> None:
    """More than 200 characters are an answer of their own, which the large model does not see."""
    long = f"{OPENING} " * 8
    sim.script.next(Reply(long, tools=(ESCALATES,)), Reply(LARGE_ANSWER))
    heard = await say(bot)
    assert heard.text == LARGE_ANSWER
    assert len(heard.restarts) == 1
    assert OPENING not in sent(sim.requests[1])


@pytest.mark.parametrize(
    ("tools", "handed_over"),
    [
        ((ESCALATES,), True),
        ((ToolUse(arguments=ESCALATES.arguments, split=False),), True),
        ((ToolUse(arguments=ESCALATES.arguments, cut=True),), False),
        ((ToolUse(arguments='{"reason": complex'),), False),
        ((ToolUse(arguments='["complex_reasoning"]'),), False),
        ((ToolUse(arguments=""),), False),
        ((ToolUse(arguments='{"reason": "made_up", "handover": 7}'),), False),
        ((ESCALATES, ToolUse(arguments='{"reason": "dispute", "handover": "second"}')), True),
        ((ToolUse("search_orders", '{"order": "A1"}'),), False),
    ],
    ids=[
        "split",
        "one piece",
        "cut",
        "no JSON",
        "no object",
        "nothing",
        "no reason",
        "two calls",
        "other tool",
    ],
)
async def test_whatever_the_arguments_are_the_large_model_answers(
    tools: tuple[ToolUse, ...], handed_over: bool, bot: Support, sim: Sim
) -> None:
    """Arguments that are cut or broken are an escalation without handover; of two calls the first counts."""
    sim.script.next(Reply(tools=tools), Reply(LARGE_ANSWER))
    heard = await say(bot)
    assert heard.text == LARGE_ANSWER
    assert heard.outcomes == ["escalated", "ok"]
    assert len(heard.escalations) == 1
    assert (HANDOVER in sent(sim.requests[1])) is handed_over


async def test_a_tool_call_that_breaks_off_is_an_escalation(bot: Support, sim: Sim) -> None:
    """The name of the tool was there when the connection was not any more."""
    sim.script.next(Reply(tools=(ESCALATES,), fault=FAULTS["cut_mid_stream"]), Reply(LARGE_ANSWER))
    heard = await say(bot)
    assert heard.text == LARGE_ANSWER
    assert heard.outcomes == ["escalated", "ok"]


async def test_a_server_without_tools_escalates_by_the_marker(sim: Sim, tmp_path: Path) -> None:
    """It says once that it takes none; then the first line tells, and nobody sees it."""

    def rule(_vendor: str, body: Body) -> Reply:
        if is_large(str(body["model"])):
            return Reply(LARGE_ANSWER)
        return Reply(f"ESCALATE: complex_reasoning | {HANDOVER}", fault=FAULTS["http_400_tools_unsupported"])

    sim.script.rule = rule
    home = make_home(tmp_path / "local", tiers_file(["openai"], small={"openai": "llama-local"}))
    async with open_bot(home, sim, ["openai"]) as bot:
        first = await say(bot)
        second = await say(bot, id="t2", conversation="c2")
    assert first.outcomes == ["tools_unsupported", "escalated", "ok"]
    assert second.outcomes == ["escalated", "ok"]
    for heard in (first, second):
        assert heard.text == LARGE_ANSWER
        assert len(heard.escalations) == 1
        assert not any("ESCALATE" in c.text for c in heard.chunks if isinstance(c, TextDelta))
    assert HANDOVER in sent(sim.requests[2])
    assert "tools" in sim.requests[0].body
    assert "tools" not in sim.requests[1].body


async def test_a_reason_that_belongs_to_a_person_asks_no_large_model(bot: Support, sim: Sim) -> None:
    """The summary for the person is the second call."""
    tool = ToolUse(arguments='{"reason": "dispute", "handover": "They contest a charge."}')
    sim.script.next(Reply(tools=(tool,)), Reply("Wants: the charge undone."))
    heard = await say(bot)
    assert heard.record.outcome == "handed_off"
    assert heard.handed_off[0].summary == "Wants: the charge undone."
    assert not any(is_large(str(record.body["model"])) for record in sim.requests)
    assert heard.text == bot.services.prompts.phrases.say("handoff", "en")


async def test_an_answer_without_words_goes_up(bot: Support, sim: Sim) -> None:
    """It ends as if all were well, and is none."""
    sim.script.next(Reply("Never said.", fault=FAULTS["empty"]), Reply(LARGE_ANSWER))
    heard = await say(bot)
    assert heard.text == LARGE_ANSWER
    assert heard.record.route.tier == "large"
    assert len(sim.requests) == 2


async def test_an_answer_that_is_cut_by_its_limit_goes_up(bot: Support, sim: Sim) -> None:
    """What stood there is taken back, and the large model begins anew."""
    sim.script.next(
        Reply("You have thirty days, unless", fault=FAULTS["length_mid_stream"]), Reply(LARGE_ANSWER)
    )
    heard = await say(bot)
    assert heard.text == LARGE_ANSWER
    assert heard.outcomes == ["length", "ok"]
    assert len(heard.restarts) == 1
    assert "You have thi" not in sent(sim.requests[1])


async def test_a_promise_that_no_article_makes_is_never_seen(bot: Support, sim: Sim) -> None:
    """The answer stops before it, and the large model answers."""
    promise = "You have 30 days [1]. I have cancelled your order for you. Bye."
    sim.script.next(Reply(promise), Reply(LARGE_ANSWER))
    heard = await say(bot)
    assert heard.text == LARGE_ANSWER
    assert heard.outcomes == ["broke", "ok"]
    assert not any("cancelled" in c.text for c in heard.chunks if isinstance(c, TextDelta))
