"""A judge is believed where it gives one plain verdict, and gates only with a certificate."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.judge.judge import family, judge_trial, relatives
from evals.judge.prompt import Said, open_judge_prompt
from evals.suite.case import Rubric
from evals.suite.trial import Status
from graph.errors import Overloaded, Unauthorized
from graph.models.scripted import Reply
from graph.turn import Usage
from tests.evals.judge.made import CANDIDATE, TALK, answer, case, judge_of, trial

POLITE = Rubric("polite", "Is the bot polite?", gate=True)


@pytest.mark.parametrize(("verdict", "passed"), [("yes", True), ("no", False)])
async def test_a_plain_verdict_counts_with_its_reason(verdict: str, passed: bool) -> None:
    judge, _ = judge_of(answer(verdict))
    opinion = await judge.ask(TALK, "Is the bot polite?")
    assert (opinion.passed, opinion.why) == (passed, "The bot names the page.")


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(answer(), stop="length"), "token limit"),
        (Reply("I cannot help with that.", stop="refusal"), "refusal"),
        (Reply("Yes, the bot is polite."), "not the one JSON object"),
        (Reply(error=Unauthorized("the key is wrong")), "unauthorized"),
    ],
)
async def test_whatever_is_no_plain_verdict_is_an_error(reply: Reply, says: str) -> None:
    judge, _ = judge_of(reply)
    opinion = await judge.ask(TALK, "Is the bot polite?")
    assert opinion.passed is None
    assert says in opinion.why


async def test_a_fault_that_passes_is_tried_once_more_and_no_oftener() -> None:
    judge, model = judge_of(Reply(error=Overloaded("busy")), answer())
    assert (await judge.ask(TALK, "Is it polite?")).passed
    busy = Reply(error=Overloaded("busy"))
    model.then(busy, busy, answer())
    assert (await judge.ask(TALK, "Is it polite?")).passed is None


async def test_a_certified_judges_no_fails_the_trial() -> None:
    judge, _ = judge_of(answer("no", "It is rude."))
    judged = await judge_trial(case(POLITE), trial(), judge)
    assert (judged.status, judged.judged[0].passed, judged.judged[0].gates) == ("failed", False, True)
    assert (judged.findings[0].check, judged.findings[0].says) == ("rubric", "polite: It is rude.")


async def test_a_certified_judges_error_is_an_error_and_no_pass() -> None:
    judge, _ = judge_of("certainly!")
    judged = await judge_trial(case(POLITE), trial(), judge)
    assert (judged.status, judged.judged[0].passed) == ("error", None)
    assert "polite" in judged.problem


@pytest.mark.parametrize("said", [answer("no"), "nonsense"])
async def test_without_a_certificate_the_rubric_is_report_only(said: str) -> None:
    judge, _ = judge_of(said, uncertified="it holds no certificate")
    judged = await judge_trial(case(POLITE), trial(), judge)
    assert (judged.status, judged.judged[0].gates) == ("passed", False)
    assert judged.judged[0].passed is not True


async def test_a_rubric_that_does_not_gate_decides_nothing() -> None:
    judge, _ = judge_of(answer("no"))
    judged = await judge_trial(case(replace(POLITE, gate=False)), trial(), judge)
    assert (judged.status, judged.judged[0].passed) == ("passed", False)


async def test_a_no_counts_more_than_an_error() -> None:
    judge, _ = judge_of("nonsense", answer("no"))
    judged = await judge_trial(case(POLITE, replace(POLITE, id="brief")), trial(), judge)
    assert judged.status == "failed"


@pytest.mark.parametrize("status", ["stale", "error"])
async def test_what_was_not_played_is_not_judged(status: Status) -> None:
    judge, model = judge_of(answer())
    unplayed = replace(trial(), status=status, turns=())
    assert await judge_trial(case(POLITE), unplayed, judge) == unplayed
    assert model.requests == []


async def test_a_trial_that_failed_stays_failed_whatever_the_judge_says() -> None:
    judge, _ = judge_of(answer("yes"))
    assert (await judge_trial(case(POLITE), replace(trial(), status="failed"), judge)).status == "failed"


@pytest.mark.parametrize(
    ("there", "back", "winner"),
    [
        ("first", "second", "one"),
        ("second", "first", "other"),
        ("first", "first", "tie"),
        ("second", "second", "tie"),
        ("tie", "tie", "tie"),
        ("first", "tie", "tie"),
        ("first", "both", None),
    ],
)
async def test_two_answers_are_compared_in_both_orders(there: str, back: str, winner: str | None) -> None:
    judge, model = judge_of(answer(there), answer(back))
    other = (Said("customer", "Where is my parcel?"), Said("bot", "No idea."))
    assert await judge.compare(open_judge_prompt("compare"), TALK, other, "Which helps more?") == winner
    asked = [request.messages[0].text for request in model.requests]
    assert [text.index("Track it") < text.index("No idea") for text in asked] == [True, False]


async def test_what_asking_costs_is_known() -> None:
    judge, _ = judge_of(Reply(answer(), usage=Usage(1000, 50)))
    priced = replace(judge, candidate=replace(CANDIDATE, provider="anthropic", model="claude-haiku-4-5"))
    opinion = await priced.ask(TALK, "Is it polite?")
    assert opinion.usd is not None
    assert opinion.usd > 0


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("claude-haiku-5-5", "claude"),
        ("claude-sonnet-5-5", "claude"),
        ("gpt-6-luna", "gpt"),
        ("o4-mini", "gpt"),
        ("chatgpt-9", "gpt"),
        ("Qwen/Qwen3-8B", "qwen"),
        ("7b", "7b"),
    ],
)
def test_the_family_is_what_the_name_begins_with(name: str, found: str) -> None:
    assert family(name) == found


def test_a_judge_of_the_same_family_is_warned_of() -> None:
    assert "claude-haiku-5-5" in relatives(CANDIDATE, {"claude-haiku-5-5"})
    assert relatives(CANDIDATE, {"gpt-6-luna"}) == ""
