"""What two editions decide differently, turn by turn, and what models read differently."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from functools import cache

import pytest

from evals.preview.deciding import Decided, decide_case
from evals.preview.editions import Compared
from evals.preview.flips import CasePair, Preview, preview
from evals.suite.case import Case, CaseTurn, EscalationLabel, Origin, Verdict
from evals.suite.case_file import load_cases
from evals.suite.suites import SHIPPED as CASES
from graph.models import Done, Event, Request, Text
from graph.models.scripted import ScriptedModel
from graph.run import Rated, remember
from graph.services import Services
from graph.settings import GraphSettings
from graph.support import SAMPLE_SHOP, load_all_tiers, open_articles, open_services, open_support
from graph.turn import PERSON, Usage
from prompts import Edition, edition_of, read_texts
from tests.evals.preview.changes import ANCHOR, MONEY
from tests.graph.turns.talking import say

SETTINGS = GraphSettings.model_construct()


@cache
def services() -> Services:
    return open_services(SETTINGS, open_articles(SETTINGS), load_all_tiers(SETTINGS))


def changed(name: str, old: str, new: str) -> Edition:
    """Return the shipped prompts with one text replaced in one file."""
    texts = read_texts()
    assert old in texts[name]
    return edition_of(texts | {name: texts[name].replace(old, new, 1)})


@cache
def base() -> Edition:
    return edition_of(read_texts())


def case(*turns: str | CaseTurn, verdict: Verdict = "may") -> Case:
    made = tuple(turn if isinstance(turn, CaseTurn) else CaseTurn(turn) for turn in turns)
    return Case("c", Origin("written"), made, EscalationLabel(verdict))


async def compared(after: Edition, *cases: Case) -> Preview:
    return await preview(Compared(base(), after, ("x.md",), "before"), cases, services())


async def one(after: Edition, *turns: str | CaseTurn, verdict: Verdict = "may") -> CasePair:
    (pair,) = (await compared(after, case(*turns, verdict=verdict))).pairs
    return pair


async def decided(*turns: str | CaseTurn) -> list[Decided]:
    return list(await decide_case(case(*turns), services()))


MONEY_RULE = changed("escalation", ANCHOR, MONEY + ANCHOR)
RETURN = "How long do I have to send back a jacket that does not fit?"


async def test_a_new_rule_flips_what_says_its_phrase_and_nothing_else() -> None:
    found = await compared(MONEY_RULE, case("I want my money back"), case(RETURN))
    flipped, same = found.pairs
    assert (flipped.kind, same.kind) == ("now_escalates", None)
    (turn,) = flipped.turns
    assert (turn.before.tier, turn.before.rule, turn.before.escalated) == ("small", "", None)
    assert (turn.after.tier, turn.after.rule, turn.after.matched) == ("person", "money", "says “money back”")
    assert turn.after.hold == ("refunds", "the rule “money”")
    assert found.touched == (flipped,)


async def test_the_other_way_round_it_no_longer_escalates() -> None:
    off = changed(
        "escalation", "on: { rating: down }\n    to: large\n", "on: { rating: down }\n    to: say_unknown\n"
    )
    pair = await one(off, RETURN, CaseTurn("No, really?", rating="down"))
    assert [turn.flips for turn in pair.turns] == [False, True]
    assert pair.kind == "no_longer_escalates"
    assert pair.turns[1].before.matched == "the answer before got a thumbs-down"


@pytest.mark.parametrize(("verdict", "label"), [("must", "with"), ("must_not", "against"), ("may", "")])
async def test_a_flip_is_held_against_what_the_case_wants(verdict: Verdict, label: str) -> None:
    assert (await one(MONEY_RULE, "I want my money back", verdict=verdict)).label == label


async def test_a_held_subject_alone_is_decided_otherwise() -> None:
    pair = await one(changed("escalation", "      en: [refund,", "      en: [jacket, refund,"), RETURN)
    assert pair.kind == "otherwise"
    assert pair.turns[0].after.hold == ("refunds",)
    assert not pair.reads_other


async def test_each_condition_says_what_met_it() -> None:
    long = changed("escalation", "    reason: The message is long.\n    off: true\n", "    reason: Long.\n")
    assert (await one(long, f"{RETURN} " * 30)).turns[0].after.matched == "1,800 characters, more than 1,200"
    first, again = await decided(RETURN, RETURN)
    assert (first.rule, again.rule) == ("", "same question again")
    assert again.matched == "100% of the words were asked before, 80% are enough"
    (complex_one,) = await decided("What if it breaks, but only unless I paid? Or? And? Then?")
    assert complex_one.rule == "complex wording"
    assert "“what if”" in complex_one.matched
    assert "4 question marks" in complex_one.matched
    (uncovered,) = await decided("Who won the football world cup in 1974?")
    assert (uncovered.matched, uncovered.unknown, uncovered.escalated) == ("no article covers it", True, None)


async def test_an_edited_word_needs_every_case_that_a_model_answers_recorded_anew() -> None:
    after = changed("answer", "If they answer nothing", "Where they answer nothing")
    found = await compared(
        after, case(RETURN), case("I want to talk to a human agent"), case("12345 ???"), case("???")
    )
    assert [pair.reads_other for pair in found.pairs] == [True, False, True, False]
    assert [pair.asks_model for pair in found.pairs] == [True, True, True, False]
    assert found.flips == ()


async def test_what_a_person_is_told_is_read_by_the_model_that_sums_up() -> None:
    pair = await one(changed("voice", "No advertising", "No adverts"), "I want to talk to a human agent")
    assert pair.reads_other
    words = changed("notes", "en: ", "en: Note: ")
    assert not (await one(words, "I want to talk to a human agent")).reads_other


async def test_a_changed_phrase_is_seen_where_a_customer_reads_it() -> None:
    after = changed("phrases", "- en: Of course. I'm bringing", "- en: Gladly. I'm bringing")
    found = await compared(after, case("I want to talk to a human agent"), case(RETURN))
    assert [pair.says_other for pair in found.pairs] == [True, False]
    assert found.touched == found.pairs[:1]


async def test_a_conversation_goes_on_with_each_edition_by_itself() -> None:
    """A short message is searched with the question before it, unless a person took that one over."""
    pair = await one(MONEY_RULE, "Can I get my money back for a tent?", "And for members?")
    second = pair.turns[1]
    assert second.before.reads
    assert second.before.reads != second.after.reads


class Asking(ScriptedModel):
    """Answers everything with a question."""

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        yield Text("Which of your orders is this about?")
        yield Done("end", Usage())


async def test_the_preview_decides_as_the_bot_does() -> None:
    """Over every shipped case: the first route of each turn is that of a bot with all tiers."""
    cases = load_cases(CASES)
    models = {name: Asking(provider=name) for name in ("anthropic", "openai")}
    wrong = []
    async with open_support(
        SETTINGS, knowledge=SAMPLE_SHOP, models=models, ladder=load_all_tiers(SETTINGS), people=lambda: True
    ) as support:
        rules = {rule.reason: rule.name for rule in support.services.prompts.escalation.rules}
        for played in cases:
            seen = await decide_case(played, replace(support.services))
            for number, (turn, route) in enumerate(zip(played.turns, seen, strict=True)):
                if turn.rating:
                    await remember(support, played.id, Rated(turn.rating))
                heard = await say(support, turn.user, id=f"{played.id}-{number}", conversation=played.id)
                real = heard.record.route
                if (real.tier, rules.get(real.reason, "")) != (route.tier, route.rule):
                    wrong.append((played.id, number, real, route.tier, route.rule))
    assert wrong == []
    assert any(pair.tier == PERSON for pair in await decided("I want to talk to a human agent"))
