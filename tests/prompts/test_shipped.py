"""The prompts as shipped: they parse, and their rules catch what they should and little else."""

from __future__ import annotations

import re

import pytest
import regex

from prompts.escalation import Complex, Covered, LongerThan, Says
from prompts.folder import NAMES, SHIPPED, open_prompts

EDITION = open_prompts(None).edition
RULES = {rule.name: rule for rule in EDITION.escalation.rules}
CHECKS = {check.name: regex.compile(check.pattern, regex.IGNORECASE) for check in EDITION.escalation.checks}


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("notes", "phrases")])
def test_each_prompt_parses_and_says_what_it_is_for(name: str) -> None:
    assert EDITION.get(name).description.endswith(".")


def test_every_prompt_has_a_version_of_its_own() -> None:
    versions = EDITION.versions
    assert set(versions) == set(NAMES)
    assert len(set(versions.values())) == len(NAMES)
    assert all(re.fullmatch("[0-9a-f]{12}", version) for version in versions.values())


@pytest.mark.parametrize("tools", [True, False])
def test_the_system_prompt_is_the_same_every_time_and_has_no_holes(tools: bool) -> None:
    system = EDITION.system(tools=tools)
    assert system == open_prompts(None).edition.system(tools=tools)
    assert "{{" not in system
    assert 900 < len(system.split()) < 1400


def test_each_form_of_escalating_is_read_only_where_it_works() -> None:
    assert "ESCALATE:" not in EDITION.system(tools=True)
    assert "ESCALATE: <reason> | <handover>" in EDITION.system(tools=False)
    assert "Call the tool `escalate`" not in EDITION.system(tools=False)


def test_handoff_takes_the_conversation_and_the_reason() -> None:
    text = EDITION.get("handoff").render(conversation="CUSTOMER: {{ hi }}", reason="Asked.", tag="data-0")
    assert "CUSTOMER: {{ hi }}" in text
    assert "at most 80 words" in text


def person() -> Says:
    on = RULES["asks for a person"].on
    assert isinstance(on, Says)
    return on


def wording() -> Complex:
    on = RULES["complex wording"].on
    assert isinstance(on, Complex)
    return on


@pytest.mark.parametrize(
    "text",
    [
        "Can you please transfer me to a human agent?",
        "I WANT TO TALK TO A HUMAN",
        "Could I speak with your manager?",
        "let me talk to someone",
        "Kann ich bitte mit einem Menschen sprechen?",
        "Ich möchte mit einer Mitarbeiterin reden",
        "Je voudrais parler à une vraie personne",
        "Puis-je parler à un conseiller ?",
        "Quiero hablar con una persona",
        "Vorrei parlare con un operatore",
        "Kan ik met een medewerker praten?",
        "Quero falar com um atendente",
    ],
)
def test_who_asks_for_a_person_is_understood(text: str) -> None:
    assert person().phrases.found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Can my husband, a different person, collect the parcel?",
        "Is the mannequin the size of a human?",
        "The delivery man was a very nice person. Where is my invoice?",
        "How many persons is the tent for?",
        "Do I have to talk to someone to close an account, or can I do it in the app?",
    ],
)
def test_who_only_mentions_persons_is_not_handed_over(text: str) -> None:
    assert not person().phrases.found(text)


@pytest.mark.parametrize(
    "text",
    [
        (
            "Hi, I'm having the worst day. I've had THREE different cards declined on me today!"
            " The first at a restaurant,"
            " the second at a gas station, the third at a grocery store. They all showed a code."
            " Can you help me figure out"
            " what's going on with all of them?"
        ),
        (
            "I ordered a lamp three weeks ago and it never came, the tracking has said the same"
            " thing for days, my neighbours"
            " have seen nothing, and I'm really annoyed because it was a birthday present. Where is it?"
        ),
        "Where is my order? Has it been sent?",
        "What happens if I miss the delivery?",
        "Ich habe vor drei Wochen bestellt und nichts ist gekommen. Wo ist mein Paket?",
        "Combien de temps ai-je pour renvoyer un article ?",
        "No me funciona el código, y no sé si es por la tarjeta. ¿Qué hago?",
    ],
)
def test_an_ordinary_story_is_not_complex(text: str) -> None:
    assert wording().count(text) < wording().at_least


@pytest.mark.parametrize(
    "text",
    [
        (
            "If I return one of two items, do I keep the discount, and what if the rest is then"
            " below the minimum? Does that"
            " depend on when I ordered, or which one I return, unless it was on sale?"
        ),
        "What is the difference between the two plans, and which one is cheaper if I only use it in summer?",
        (
            "Was ist der Unterschied zwischen den Tarifen, und was passiert wenn ich kündige, es"
            " sei denn, ich ziehe um?"
        ),
        (
            "Quelle est la différence entre les deux, et que se passe-t-il si je change, sauf si"
            " c'est en promotion ?"
        ),
    ],
)
def test_several_conditions_and_comparisons_are_complex(text: str) -> None:
    assert wording().count(text) >= wording().at_least


def test_what_nothing_covers_is_said_to_be_unknown() -> None:
    assert RULES["not covered"].on == Covered(value=False)
    assert RULES["not covered"].to == "say_unknown"


def test_length_alone_decides_nothing() -> None:
    assert not any(isinstance(rule.on, LongerThan) for rule in EDITION.escalation.rules)


@pytest.mark.parametrize(
    "text", ["Hi!", "Guten Morgen", "Bonjour !", "¡Hola!", "Buongiorno", "Goedemiddag", "Olá"]
)
def test_greetings_are_small_talk(text: str) -> None:
    assert EDITION.escalation.small_talk["greeting"].covers(text)


@pytest.mark.parametrize(
    "text",
    [
        "thanks!",
        "Ok, thank you so much 🙏",
        "Vielen Dank!",
        "Merci beaucoup",
        "gracias",
        "bedankt",
        "obrigada",
    ],
)
def test_thanks_are_small_talk(text: str) -> None:
    assert EDITION.escalation.small_talk["thanks"].covers(text)


@pytest.mark.parametrize(
    "text", ["Hi, where is my parcel?", "thanks, and the invoice?", "hello kitty backpack"]
)
def test_a_question_with_a_greeting_is_a_question(text: str) -> None:
    assert not any(phrases.covers(text) for phrases in EDITION.escalation.small_talk.values())


@pytest.mark.parametrize(
    ("topic", "text"),
    [
        ("refunds", "I want my money back"),
        ("refunds", "Wann kommt meine Rückerstattung?"),
        ("legal", "My lawyer will hear of this"),
        ("legal", "Je vais voir mon avocat"),
        ("fraud", "Someone used my stolen card"),
        ("fraud", "Es una estafa"),
    ],
)
def test_answers_on_delicate_subjects_are_held(topic: str, text: str) -> None:
    assert topic in EDITION.escalation.topics(text)


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        ("links", "See https://help.example/returns."),
        ("says that something was done", "I've cancelled your order."),
        ("says that something was done", "I have just escalated this to our team."),
        ("says that something was done", "Ich habe Ihre Bestellung storniert."),
        ("says that something was done", "J’ai transmis votre demande."),
        ("says that something was done", "He cancelado su pedido."),
        ("says that something was done", "Ho annullato il suo ordine."),
        ("says that something was done", "Ik heb uw bestelling geannuleerd."),
        ("says that something was done", "Encaminhei o seu pedido."),
        ("says that it will do something", "I'll forward your request."),
        ("says that it will do something", "Let me look into that for you."),
        ("says that it will do something", "Ich werde das weiterleiten."),
        ("says that it will do something", "Je vais annuler la commande."),
        ("promises money", "We will refund the full amount."),
        ("promises money", "You'll receive a full refund."),
        ("promises money", "Sie erhalten eine Gutschrift."),
        ("promises contact", "A colleague will contact you tomorrow."),
        ("promises contact", "Notre équipe vous contactera."),
        ("guarantees", "I promise it arrives on Friday."),
    ],
)
def test_what_no_answer_may_say_is_caught(check: str, answer: str) -> None:
    assert CHECKS[check].search(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "You can cancel the order yourself under Orders until it is packed [1].",
        "Returns are free for 30 days [2]. After that I can't help here, but you can ask for a person.",
        "If you have cancelled in time, the amount is back within 5 days [1].",
        "The refund goes to the card that you paid with [3].",
        "I don't know this; our articles say nothing about it.",
        "The kettle has a 2-year guarantee [1].",
        "I can explain how to reset your password [1].",
        "Sie können die Bestellung selbst stornieren [1].",
        "Ich kann Ihnen erklären, wie das geht [1].",
        "Vous pouvez annuler la commande jusqu'à l'expédition [1].",
        "Puede cancelar el pedido en su cuenta [1].",
        "Può annullare l'ordine nel suo account [1].",
        "U kunt de bestelling zelf annuleren [1].",
        "Pode cancelar a encomenda na sua conta [1].",
    ],
)
def test_what_an_answer_may_say_is_let_through(answer: str) -> None:
    assert not [name for name, pattern in CHECKS.items() if pattern.search(answer)]


def test_no_shipped_prompt_is_left_unread() -> None:
    assert {file.stem for file in SHIPPED.glob("*.md")} == set(NAMES)
