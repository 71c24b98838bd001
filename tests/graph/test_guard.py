"""The hard rules on a streaming answer: what breaks one is never shown, and everything else flows."""

from __future__ import annotations

from itertools import pairwise

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from graph.guard import Guard, Rule, cited, compile_rule
from tests.fakes import shipped_prompts

NEVER = compile_rule("done", r"\bI have (?:\w+ ){0,2}cancelled\b", "never", "It says so.")
MONEY = compile_rule(
    "money", r"\byou will (?:get|receive) a (?:full )?refund\b", "in_sources", "It promises."
)
LINK = compile_rule("links", r"https?://[^\s<>|)\]\"]+", "in_sources", "An unknown link.")
OVERLAP = compile_rule("overlap", r"\ba b(?: \w+){2} z\b|\bb c\b", "in_sources", "Overlapping.")
RULES = (NEVER, MONEY, LINK, OVERLAP)
SOURCES = (
    "A full refund is paid within 14 days: you will receive a refund. See https://shop.example/returns. b c"
)


def shipped() -> tuple[Rule, ...]:
    checks = shipped_prompts().escalation.checks
    return tuple(compile_rule(c.name, c.pattern, c.allow, c.reason) for c in checks)


def run(pieces: list[str], sources: str = SOURCES, rules: tuple[Rule, ...] = RULES) -> tuple[str, str]:
    """Return what is shown of an answer, and the name of the rule that it breaks."""
    guard = Guard(rules, sources, 2)
    shown = "".join(guard.feed(piece) for piece in pieces) + guard.finish()
    return shown, guard.broke.name if guard.broke else ""


def cut(text: str, places: list[int]) -> list[str]:
    bounds = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[a:b] for a, b in pairwise(bounds)]


def words_of(text: str) -> list[str]:
    return regex.findall(r"\s*\S+", text)  # type: ignore[no-any-return]


FRAGMENTS = st.sampled_from(
    [
        "I", " have", " cancelled", " it", ".", " ", "\n", "*", "**", " now", " just", "I have cancelled",
        "Hawaii have ", "you will", " get a", " full", " refund", " refundable", " in 14 days", " in 3 days",
        "[1]", "[2", "]", "[7]", "[1, 2]", "https://shop.example/returns", "https://shop.example/re", "http",
        "a b", " b c", " c", " z", " x", "?",
    ]
)  # fmt: skip


@given(st.lists(FRAGMENTS, max_size=14).map("".join), st.lists(st.integers(0, 400), max_size=20))
def test_what_is_shown_does_not_depend_on_the_pieces(text: str, places: list[int]) -> None:
    assert run(cut(text, places)) == run(list(text)) == run([text])


@given(st.lists(FRAGMENTS, max_size=14).map("".join))
def test_a_sound_answer_is_shown_whole_and_a_broken_one_ends_before_the_match(text: str) -> None:
    shown, broke = run([text])
    assert text.startswith(shown)
    if not broke:
        assert shown == text
    if match := NEVER.pattern.search(text.replace("*", "")):
        assert broke
        assert len(shown.replace("*", "")) <= match.start()


@given(st.lists(st.integers(0, 200), max_size=12))
def test_nothing_of_a_forbidden_match_is_shown_whatever_the_pieces(places: list[int]) -> None:
    text = "You can send it back [1]. Sure, I have just cancelled your order. Anything else?"
    assert run(cut(text, places)) == ("You can send it back [1]. Sure, ", "done")


@given(st.data())
def test_the_shipped_rules_stop_at_the_same_place_whatever_the_pieces(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([*PROMISES, *HONEST]))
    places = data.draw(st.lists(st.integers(0, 200), max_size=8))
    rules = shipped()
    assert run(cut(text, places), "", rules) == run([text], "", rules)


def test_words_flow_as_they_come() -> None:
    """A word is shown at once, unless a rule's match could begin in it."""
    guard = Guard(RULES, SOURCES, 2)
    assert [guard.feed(piece) for piece in ["Shoes", " may", " come", " back", "."]] == [
        "Shoes", " may", " come", " back", ".",
    ]  # fmt: skip


def test_words_that_may_begin_a_match_wait_until_they_do_not() -> None:
    guard = Guard((NEVER,), "", 0)
    assert [guard.feed(piece) for piece in ["Yes, I", " have", " it", " here", " now"]] == [
        "Yes, ", "", "", "", "I have it here now",
    ]  # fmt: skip


def test_nothing_follows_a_broken_rule() -> None:
    guard = Guard((NEVER,), "", 0)
    guard.feed("I have cancelled it")
    assert (guard.broke, guard.feed("More."), guard.finish()) == (NEVER, "", "")


def test_what_is_held_at_the_end_is_shown() -> None:
    guard = Guard((NEVER,), "", 0)
    assert (guard.feed("I have"), guard.finish()) == ("", "I have")


def test_a_forbidden_match_at_the_very_end_is_found() -> None:
    assert run(["It is done: I have cancelled"]) == ("It is done: ", "done")


@pytest.mark.parametrize("text", ["i HAVE Cancelled", "I have **cancelled** it", "*I* have cancelled it"])
def test_case_and_bold_type_hide_nothing(text: str) -> None:
    assert run([text])[1] == "done"


@pytest.mark.parametrize(
    "pieces", [["Hawai", "i have cancelled"], ["**", "Good", "**"], ["I have cancell", "ations"]]
)
def test_a_match_is_of_whole_words_even_where_a_piece_begins(pieces: list[str]) -> None:
    assert run(pieces) == ("".join(pieces), "")


@pytest.mark.parametrize(
    ("text", "broke"),
    [
        ("See https://shop.example/returns.", ""),
        ("See (https://shop.example/returns/), please", ""),
        ("**https://shop.example/returns**", ""),
        ("See https://shop.example/return", "links"),
        ("See https://shop.example/returns/now", "links"),
        ("See https://evil.example/returns now", "links"),
    ],
)
def test_a_link_is_fine_only_where_a_source_has_this_very_link(text: str, broke: str) -> None:
    assert run([text])[1] == broke


@pytest.mark.parametrize(
    ("text", "broke"),
    [
        ("So you will receive a refund within 14 days [2].", ""),
        ("So you will receive a refund within 14 days.", ""),
        ("So you will receive a refund within 4 days.", "money"),
        ("So you will receive a refund within 3 days.", "money"),
        ("Within 3 days you will receive a refund.", "money"),
        ("You have 3 days. You will receive a refund. Pay 9 more.", ""),
        ("You will receive a refundable deposit of 9.", ""),
    ],
)
def test_a_promise_is_fine_only_with_the_figures_of_the_sources(text: str, broke: str) -> None:
    """Figures are those of its sentence, as whole numbers; the number of a citation is none."""
    assert run([text])[1] == broke


def test_a_promise_is_broken_where_no_source_has_its_words() -> None:
    assert run(["You will receive a refund."], sources="Returns take 14 days.")[1] == "money"


@pytest.mark.parametrize(
    ("text", "broke"),
    [
        ("Sie erhalten eine Erstattung innerhalb von 14 Tagen [1].", ""),
        ("Sie erhalten eine Erstattung innerhalb von 14 Tagen.", "promises money"),
        ("Sie erhalten eine Erstattung innerhalb von 3 Tagen [1].", "promises money"),
        ("Ich habe Ihre Bestellung storniert [1].", "says that something was done"),
    ],
)
def test_a_promise_in_another_language_than_the_sources_must_cite_one(text: str, broke: str) -> None:
    guard = Guard(shipped(), SOURCES, 2, same_language=False)
    shown = "".join(guard.feed(piece) for piece in words_of(text)) + guard.finish()
    assert (guard.broke.name if guard.broke else "") == broke
    assert (shown == text) == (not broke)


@pytest.mark.parametrize(
    ("text", "broke"),
    [("[1]", ""), ("[2].", ""), ("[1, 2]", ""), ("[1234]", ""), ("[x]", ""), ("[1", ""),
     ("[0]", "citations"), ("[3]", "citations"), ("[1, 3]", "citations")],
)  # fmt: skip
def test_a_citation_must_be_of_a_passage_that_was_given(text: str, broke: str) -> None:
    assert run([text])[1] == broke


def test_the_first_broken_rule_counts_not_the_first_listed() -> None:
    both = "I have cancelled it and you will get a refund of 9."
    assert run([both], rules=(MONEY, NEVER)) == run([both], rules=(NEVER, MONEY)) == ("", "done")


def test_cited_numbers_come_once_in_order_and_within_range() -> None:
    assert cited("As said [3], and [1, 3] or [9] and [0] [2;1].", 3) == [3, 1, 2]


# Each with the article that it rests on, in the language of the answer.
HONEST = {
    "Returns are free for 30 days after delivery [1].": "Returns are free for 30 days after delivery.",
    "I don't know this; a person from the team can find out.": "",
    "I can't cancel an order for you, but you can do it under Orders [1].": "Open Orders and choose Cancel.",
    "I cannot refund anything myself.": "",
    "We refund the price within 14 days of receiving the parcel [1].": "We refund the price within 14 days.",
    "Once it is back with us, you will receive a refund in 5 days [1].": "You receive the refund in 5 days.",
    "How can I return a gift? Open Orders first, then choose the gift.": "Open Orders.",
    "Our help page has the form: https://shop.example/form.": "Use https://shop.example/form for that.",
    "If your card was declined, please try another one [1] [2].": "Try another card.",
    "Do you mean the order with the lamp, or the one with the chair?": "",
    "Sie können Artikel 30 Tage lang kostenlos zurücksenden [1].": "30 Tage lang kostenlos.",
    "Natürlich können Sie die Bestellung selbst stornieren.": "Bestellung stornieren",
    "Wählen Sie unter Bestellungen die Schaltfläche Stornieren [1].": "Stornieren",
    "Wir erstatten den Kaufpreis in 14 Tagen [1].": "Wir erstatten den Kaufpreis in 14 Tagen.",
    "Das weiß ich leider nicht; auf Wunsch übernimmt ein Mensch.": "",
    "Vous pouvez annuler la commande tant qu'elle n'est pas partie [1].": "Annuler la commande.",
    "Je ne peux pas annuler la commande à votre place.": "",
    "Le retour est gratuit pendant 30 jours [1].": "Le retour est gratuit pendant 30 jours.",
    "Nous remboursons sous 14 jours [1].": "Nous remboursons sous 14 jours.",
    "Puede devolver el artículo en 30 días [1].": "Puede devolver el artículo en 30 días.",
    "Usted puede cancelar el pedido en Mis pedidos [1].": "Mis pedidos",
    "No lo sé: los artículos no dicen nada sobre esto.": "",
    "Può restituire l'articolo entro 30 giorni [1].": "entro 30 giorni",
    "Il reso è gratuito; l'etichetta è nella scatola [2].": "Il reso è gratuito.",
    "Non lo so: gli articoli non ne parlano.": "",
    "U kunt het artikel binnen 30 dagen terugsturen [1].": "binnen 30 dagen",
    "Kies bij Bestellingen voor Annuleren [1].": "Annuleren",
    "Dat weet ik niet; een collega kan het voor u nagaan.": "",
    "Pode devolver o artigo no prazo de 30 dias [1].": "30 dias",
    "Escolha a encomenda e depois Cancelar [2].": "Cancelar",
    "Não sei: os artigos não dizem nada sobre isto.": "",
}  # fmt: skip


@pytest.mark.parametrize("sentence", HONEST)
def test_an_honest_sentence_passes_the_shipped_rules(sentence: str) -> None:
    assert run(words_of(sentence), HONEST[sentence], shipped()) == (sentence, "")


@pytest.mark.parametrize(
    "sentence",
    [
        "Ich kann Ihre Bestellung leider nicht stornieren.",
        "Ich kann das nicht für Sie veranlassen.",
        "No puedo cancelar el pedido.",
        "No le garantizo la entrega.",
        "Non posso annullare l'ordine.",
        "Ik kan uw bestelling niet annuleren.",
        "Não posso cancelar a encomenda.",
        "If we have cancelled your order, you get an e-mail.",
    ],
)
def test_an_honest_refusal_passes_the_shipped_rules(sentence: str) -> None:
    assert run(words_of(sentence), "", shipped()) == (sentence, "")


def test_an_honest_answer_is_never_held_for_longer_than_a_sentence() -> None:
    guard, said, shown = Guard(shipped(), "\n".join(HONEST.values()), 2), "", ""
    for piece in words_of(" ".join(HONEST)):
        said += piece
        shown += guard.feed(piece)
        held = said[len(shown) :]
        assert guard.broke is None
        assert len(regex.findall(r"[.!?]\s", held.rstrip())) <= 1, held


# fmt: off
PROMISES = {
    "I've cancelled your order.": "says that something was done",
    "I have already refunded the amount.": "says that something was done",
    "We just forwarded it to the team.": "says that something was done",
    "I’ve **escalated** this for you.": "says that something was done",
    "Ich habe Ihre Bestellung storniert.": "says that something was done",
    "Wir haben den Betrag bereits erstattet.": "says that something was done",
    "J'ai annulé votre commande.": "says that something was done",
    "Hemos reembolsado el importe.": "says that something was done",
    "Ho annullato il suo ordine.": "says that something was done",
    "Ik heb uw bestelling geannuleerd.": "says that something was done",
    "Já cancelámos a sua encomenda.": "says that something was done",
    "I'll cancel it right away.": "says that it will do something",
    "Let me check your order.": "says that it will do something",
    "Ich werde das sofort veranlassen.": "says that it will do something",
    "Je vais annuler la commande.": "says that it will do something",
    "Voy a cancelar su pedido.": "says that it will do something",
    "Provvedo a rimborsare l'importo.": "says that it will do something",
    "Ik zal de bestelling annuleren.": "says that it will do something",
    "Vou cancelar a encomenda.": "says that it will do something",
    "We will refund you in full.": "promises money",
    "Sie erhalten eine Gutschrift.": "promises money",
    "Vous serez remboursé demain.": "promises money",
    "Recibirá un reembolso mañana.": "promises money",
    "Riceverà un rimborso domani.": "promises money",
    "U krijgt een vergoeding van ons.": "promises money",
    "Receberá um reembolso amanhã.": "promises money",
    "A colleague will call you today.": "promises contact",
    "Ein Kollege wird sich bei Ihnen melden.": "promises contact",
    "Un conseiller vous rappellera.": "promises contact",
    "Alguien se pondrá en contacto con usted.": "promises contact",
    "I guarantee it arrives tomorrow.": "guarantees",
    "Wir garantieren die Lieferung.": "guarantees",
    "Je vous promets une réponse.": "guarantees",
    "See www.made-up.example for that.": "links",
}
# fmt: on


@pytest.mark.parametrize("sentence", PROMISES)
def test_a_promise_that_no_article_makes_is_caught_in_any_language(sentence: str) -> None:
    shown, broke = run(words_of(f"Thank you for asking. {sentence} Bye."), "We sell lamps.", shipped())
    assert broke == PROMISES[sentence]
    assert len(shown) < len(f"Thank you for asking. {sentence}")
