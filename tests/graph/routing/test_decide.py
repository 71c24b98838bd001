"""Each shipped rule from end to end: a message in, a route with its reason out."""

from __future__ import annotations

import json

import pytest

from graph.routing.decide import (
    ASKED,
    FOREIGN,
    PHRASE,
    SMALL_TALK,
    SMALLEST,
    UNCOVERED,
    Decision,
    asks_for_person,
    decide,
)
from graph.routing.rules import Facts
from graph.tiers import FLOOR, Candidate, Tier, Tiers
from graph.turn import PERSON, Thumb
from tests.fakes import LADDER, LARGE, SMALL, shipped_prompts
from tests.shared_data import shared_data

ESCALATION = shipped_prompts().escalation
KEYLESS = Tiers((FLOOR,))
ORDINARY = "How long do I have to send shoes back?"


def route(
    text: str = ORDINARY,
    tiers: Tiers = LADDER,
    *,
    repeat: float = 0.0,
    rating: Thumb | None = None,
    covered: bool | None = True,
    person: bool = False,
    foreign: bool = False,
) -> Decision:
    return decide(Facts(text, repeat, rating, covered, person), ESCALATION, tiers, foreign=foreign)


def reason_of(name: str) -> str:
    return next(rule.reason for rule in ESCALATION.rules if rule.name == name)


def test_an_ordinary_question_goes_to_the_smallest_model() -> None:
    assert route() == Decision(route=route().route, covered=True)
    assert (route().route.tier, route().route.reason, route().route.by) == ("small", SMALLEST, "rule")


@pytest.mark.parametrize(
    "text",
    [
        "I want to talk to a real person now",
        "can i speak to someone please",
        "GET ME A HUMAN!",
        "Ich möchte mit einem Menschen sprechen.",
        "Kann ich mit jemandem reden?",
        "Je veux parler à un conseiller.",
        "Puis-je parler à quelqu’un ?",
        "Quiero hablar con una persona.",
        "Vorrei parlare con un operatore umano",
        "Ik wil graag met een medewerker praten",
        "Quero falar com uma pessoa",
        "Gostaria de falar com um atendente, por favor",
    ],
)
@pytest.mark.parametrize("tiers", [LADDER, KEYLESS])
def test_who_asks_for_a_person_gets_one_in_seven_languages(text: str, tiers: Tiers) -> None:
    """Whatever else is true of the turn."""
    for covered in (True, False, None):
        made = route(text, tiers, covered=covered, rating="down", repeat=1.0).route
        assert (made.tier, made.reason) == (PERSON, reason_of("asks for a person"))


@pytest.mark.parametrize("text", ["", "Talk to a person", "thanks", "👍", "x" * 40_000, ORDINARY])
@pytest.mark.parametrize("tiers", [LADDER, KEYLESS])
def test_the_button_for_a_person_leads_to_one_whatever_the_text(text: str, tiers: Tiers) -> None:
    made = route(text, tiers, person=True).route
    assert (made.tier, made.reason, made.by) == (PERSON, ASKED, "person")


def test_a_thumbs_down_before_goes_to_the_large_model() -> None:
    assert (route(rating="down").route.tier, route(rating="up").route.tier) == ("large", "small")
    assert route(rating="down").route.reason == reason_of("thumbs down")


def test_the_same_question_again_goes_to_the_large_model() -> None:
    assert (route(repeat=0.8).route.tier, route(repeat=0.7).route.tier) == ("large", "small")
    assert route(repeat=1.0).route.reason == reason_of("same question again")


@pytest.mark.parametrize(
    "text",
    [
        "What if I return only one of the two, and is it worth it compared to an exchange?",
        "Was ist wenn ich nur einen zurückschicke, und welche von beiden Regeln gilt?",
        "Que se passe-t-il si je garde l'un, et vaut-il mieux échanger ?",
        "¿Qué pasa si devuelvo uno, y vale la pena cambiarlo?",
        "Cosa succede se ne rendo uno, e conviene cambiarlo?",
        "Wat gebeurt er als ik er één houd, en wat is het verschil tussen ruilen en terugsturen?",
        "O que acontece se eu ficar com um, e compensa trocar?",
    ],
)
def test_several_conditions_or_comparisons_go_to_the_large_model(text: str) -> None:
    made = route(text).route
    assert (made.tier, made.reason) == ("large", reason_of("complex wording"))


@pytest.mark.parametrize(
    "text",
    [
        "What if it rains?",
        "My card was declined three times today, at lunch, at the petrol station, I am so upset!! " * 9,
    ],
)
def test_one_condition_or_a_long_story_stays_with_the_small_model(text: str) -> None:
    """The rule about length is there, and off."""
    assert route(text).route.tier == "small"
    assert "long message" not in [rule.name for rule in ESCALATION.rules]


def test_what_no_article_covers_stays_with_the_small_model_which_is_told_so() -> None:
    made = route(covered=False)
    assert (made.route.tier, made.unknown, made.route.reason) == ("small", True, reason_of("not covered"))
    assert not route(covered=None).unknown


@pytest.mark.parametrize(
    "text",
    [
        "Hi!",
        "Thank you so much 🙏",
        "ok danke",
        "Bonjour",
        "¡Hola! ¿Qué tal?",
        "Grazie mille",
        "Dank je wel",
        "Olá",
    ],
)
def test_small_talk_is_never_uncovered_nor_the_same_question_again(text: str) -> None:
    made = route(text, covered=False, repeat=1.0)
    assert (made.route.tier, made.route.reason, made.unknown, made.hold) == (
        "small",
        SMALL_TALK,
        False,
        False,
    )
    assert route(text, KEYLESS, covered=False).route.tier == PHRASE
    assert route(text, KEYLESS, covered=False).phrase in ("greeting", "thanks")


def test_a_greeting_with_a_question_is_a_question() -> None:
    assert route("Hi, where is my parcel?", covered=False).unknown


def test_a_message_in_another_language_is_not_judged_by_the_word_index() -> None:
    assert route("Wo ist mein Paket?", covered=False, foreign=True).unknown is False


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("When do I get my refund?", "refunds"),
        ("Wann kommt die Rückerstattung?", "refunds"),
        ("I will sue you", "legal"),
        ("J'en parle à mon avocat", "legal"),
        ("My card was stolen", "fraud"),
        ("Me han robado la tarjeta", "fraud"),
    ],
)
def test_answers_on_held_topics_are_checked_before_a_word_is_shown(text: str, topic: str) -> None:
    assert ESCALATION.topics(text) == [topic]
    assert route(text).hold
    assert route(text, rating="down").hold
    assert not route("Where is my parcel?").hold


@pytest.mark.parametrize(
    ("text", "phrase"), [("", "empty_message"), ("👍", "no_words"), ("x" * 40_000, "too_long")]
)
@pytest.mark.parametrize("tiers", [LADDER, KEYLESS])
def test_an_odd_message_is_answered_by_a_phrase(text: str, phrase: str, tiers: Tiers) -> None:
    made = route(text, tiers)
    assert (made.route.tier, made.phrase) == (PHRASE, phrase)


@pytest.mark.parametrize(
    ("covered", "foreign", "tier", "reason"),
    [
        (True, False, "extractive", SMALLEST),
        (False, False, PERSON, reason_of("not covered")),
        (None, False, PERSON, UNCOVERED),
        (True, True, PERSON, FOREIGN),
    ],
)
def test_without_a_model_only_what_is_covered_is_quoted(
    covered: bool | None, foreign: bool, tier: str, reason: str
) -> None:
    made = route(tiers=KEYLESS, covered=covered, foreign=foreign)
    assert (made.route.tier, made.route.reason, made.unknown) == (tier, reason, False)


@pytest.mark.parametrize("tiers", [Tiers((SMALL,)), KEYLESS])
def test_without_a_large_model_what_needs_one_goes_to_a_person(tiers: Tiers) -> None:
    made = route(tiers=tiers, rating="down").route
    assert (made.tier, made.reason) == (PERSON, reason_of("thumbs down"))


def test_a_ladder_of_other_names_has_a_large_model_too() -> None:
    quick, clever = Tier("quick", SMALL.candidates, "clever"), Tier("clever", (Candidate("openai", "c"),))
    assert route(tiers=Tiers((quick, clever)), rating="down").route.tier == "clever"
    assert route(tiers=Tiers((SMALL, clever, LARGE)), rating="down").route.tier == "large"


def test_fewer_than_a_tenth_of_real_opening_words_leave_the_small_model() -> None:
    lines = shared_data("tau2_banking/queries_dev.jsonl").read_text(encoding="utf-8").splitlines()
    openings = [str(json.loads(line)["query"]) for line in lines]
    left = [text for text in openings if route(text).route.tier != "small"]
    assert len(left) < len(openings) / 10


@pytest.mark.parametrize(
    "text",
    [
        "I want a person",
        "person please",
        "get me your manager now",
        "let me speak with somebody",
        "can someone call me?",
    ],
)
def test_plain_requests_for_a_person_are_heard(text: str) -> None:
    decision = decide(Facts(text, 0.0, None, covered=True), shipped_prompts().escalation, LADDER)
    assert decision.route.tier == PERSON
    assert decision.asked


def test_a_wish_for_a_person_is_told_without_deciding_the_route() -> None:
    assert asks_for_person(ESCALATION, "Where is my parcel? And let me talk to a real person")
    assert not asks_for_person(ESCALATION, ORDINARY)
    assert not asks_for_person(ESCALATION, "")
