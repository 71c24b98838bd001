"""Each expectation, met and not met, in words that say what is wrong."""

from __future__ import annotations

import pytest

from evals.suite.case import (
    AsksBack,
    CaseTurn,
    Cites,
    Escalates,
    Expectation,
    InLanguage,
    Says,
    SaysNoneOf,
    SaysOneOf,
    SaysUnknown,
)
from evals.suite.checks import check_case, check_turn
from evals.suite.trial import PlayedTurn
from tests.evals.suite.making import make_case, make_played, shipped_means

HANDED = make_played("A colleague will continue here.", escalated="person", reason="Fraud.", passages=())


def wrong(expected: Expectation, played: PlayedTurn, passages: dict[str, str] | None = None) -> list[str]:
    turn = CaseTurn("How long?", (expected,))
    return [finding.says for finding in check_turn(turn, played, 1, shipped_means(passages))]


@pytest.mark.parametrize(
    "expected",
    [
        Cites(("returns/window",)),
        Cites(("returns/window.md",)),
        Cites(("returns/window.md#how-long",)),
        Cites(("returns/window#how-long",)),
        Says(("30 days",)),
        Says(("WITHIN ... days",)),
        SaysOneOf(("14 days", "30 days")),
        SaysNoneOf(("refund has been issued",)),
        AsksBack(wanted=False),
        Escalates(wanted=False),
        SaysUnknown(wanted=False),
    ],
)
def test_what_is_as_expected_has_no_finding(expected: Expectation) -> None:
    assert wrong(expected, make_played()) == []


@pytest.mark.parametrize(
    ("expected", "says"),
    [
        (Cites(("returns/exchanges",)), "does not cite returns/exchanges; it cites returns/window.md"),
        (Cites(("returns/window.md#condition",)), "does not cite returns/window.md#condition"),
        (Says(("14 days", "30 days")), "does not say “14 days”."),
        (SaysOneOf(("14 days", "free of charge")), "says none of “14 days”, “free of charge”"),
        (SaysNoneOf(("30 days",)), "says “30 days”, which it must not"),
        (AsksBack(), "does not ask the customer anything"),
        (Escalates(), "stays with the first tier"),
        (SaysUnknown(), "does not say that the articles do not tell"),
    ],
)
def test_what_is_not_is_said_in_words(expected: Expectation, says: str) -> None:
    (said,) = wrong(expected, make_played())
    assert says in said


def test_a_phrase_is_found_across_marks_of_citation_and_emphasis() -> None:
    played = make_played("You have **30 days** [1] _from_ the day it arrives [2, 3].")
    assert wrong(Says(("30 days from the day",)), played) == []


def test_a_passage_that_was_found_and_not_cited_is_no_source() -> None:
    played = make_played("Within 30 days [2].", passages=("a.md#x", "b.md#y"), sources=("b.md",))
    assert wrong(Cites(("b.md#y",)), played) == []
    assert wrong(Cites(("a.md#x",)), played) != []


@pytest.mark.parametrize("code", ["de", "en"])
def test_the_language_is_that_of_the_answer(code: str) -> None:
    answer = "Sie können die Schuhe innerhalb von 30 Tagen an uns zurückschicken."
    said = wrong(InLanguage(code), make_played(answer))
    assert said == ([] if code == "de" else ["It is in `de`, not in `en`."])


def test_a_language_that_cannot_be_told_is_a_finding() -> None:
    assert wrong(InLanguage("en"), make_played("OK.")) == ["It is too short to tell whether it is `en`."]


def test_a_question_in_a_quoted_article_asks_nobody() -> None:
    passages = {"returns/window.md#how-long": "Can I try it on? Yes, as in a shop."}
    quoted = make_played("Can I try it on? Yes, as in a shop. [1]")
    assert wrong(AsksBack(), quoted, passages) == ["It does not ask the customer anything."]
    asked = make_played("Is it for a card [1] or for an invoice [2]?")
    assert wrong(AsksBack(), asked, passages) == []


@pytest.mark.parametrize(
    "answer",
    [
        "I don’t know this: our help articles say nothing about it.",
        "The passages do not mention helicopters. You can ask for a person.",
        "Das weiß ich leider nicht.",
        "Nos articles d'aide n'en parlent pas.",
    ],
)
def test_saying_that_the_articles_do_not_tell_is_understood(answer: str) -> None:
    assert wrong(SaysUnknown(), make_played(answer, sources=())) == []


def test_a_cited_fact_about_what_is_not_covered_is_an_answer() -> None:
    played = make_played("Wear is not covered by the guarantee [1].")
    assert wrong(SaysUnknown(wanted=False), played) == []


def test_the_phrase_that_is_in_force_for_not_covered_counts() -> None:
    phrase = shipped_means().unknown
    assert phrase.found("I don't know this")


def test_a_turn_that_goes_to_a_person_escalates() -> None:
    assert wrong(Escalates(), HANDED) == []
    assert wrong(Escalates(wanted=False), HANDED) == ["It goes to a person: Fraud."]


@pytest.mark.parametrize(("risk", "hard"), [("normal", False), ("high", True)])
def test_every_finding_of_a_case_of_high_risk_is_hard(risk: str, hard: bool) -> None:
    case = make_case(expect=[Says(("14 days",))], risk=risk)  # type: ignore[arg-type]  # one of its words
    findings, late = check_case(case, (make_played(),), shipped_means(), "keyless")
    assert [finding.hard for finding in findings] == [hard]
    assert not late
