"""The language of a message; where it says too little, the conversation's stands."""

from __future__ import annotations

import pytest

from graph.routing.language import LanguageDetector

DETECTOR = LanguageDetector()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How long do I have to send shoes back?", "en"),
        ("dhl tracking broken since yesterday pls help", "en"),
        ("Wo ist mein Paket?", "de"),
        ("Où est mon colis ?", "fr"),
        ("¿Dónde está mi paquete?", "es"),
        ("Dov'è il mio pacco?", "it"),
        ("Waar is mijn pakket?", "nl"),
        ("Onde está a minha encomenda?", "pt"),
        ("Gdzie jest moja paczka? Zamówiłem ją tydzień temu.", "pl"),
        ("Siparişim nerede? Geçen hafta sipariş verdim.", "tr"),
        ("Var är mitt paket? Jag beställde det förra veckan.", "sv"),
        ("Где мой заказ?", "ru"),
        ("أين طلبي؟", "ar"),
        ("איפה החבילה שלי?", "he"),
        ("私の荷物はどこですか", "ja"),
    ],
)
def test_a_sentence_has_its_language(text: str, language: str) -> None:
    assert DETECTOR.detect(text, "en") == language


@pytest.mark.parametrize(
    "text", ["", "ok", "?!", "12345", "👍👍👍", "refund", "Order 8841-22", "IBAN", "x" * 3]
)
@pytest.mark.parametrize("default", ["en", "de"])
def test_what_says_too_little_is_in_the_conversations_language(text: str, default: str) -> None:
    assert DETECTOR.detect(text, default) == default


def test_a_short_word_does_not_leave_a_conversation_in_another_script() -> None:
    assert DETECTOR.detect("спасибо", "uk") == "uk"


def test_a_long_message_is_told_by_its_beginning() -> None:
    assert DETECTOR.detect("Wo ist mein Paket, das ich bestellt habe? " + "x" * 40_000, "en") == "de"
