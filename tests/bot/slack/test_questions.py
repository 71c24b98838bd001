"""What reads like a question, with and without its mark."""

from __future__ import annotations

import pytest

from bot.slack.questions import reads_like_question


@pytest.mark.parametrize(
    "text",
    [
        "open today?",
        "営業していますか？",
        "هل المتجر مفتوح؟",
        "¿dónde está",
        "Είναι ανοιχτά\u037e",
        "where is my parcel",
        "Hi team, where is my parcel",
        "My order is 123. When does it come",
        "do you ship to Norway",
        "can I send it back",
        "wie lange habe ich Zeit",
        "Hallo, gibt es Gutscheine",
        "comment renvoyer un article",
        "est-ce que vous livrez en Corse",
        "Où est mon colis",
        "cómo devuelvo un pedido",
        "por qué no llega",
        "come posso restituire le scarpe",
        "quanto costa la spedizione",
        "hoe kan ik iets terugsturen",
        "kan ik ruilen",
        "como faço uma troca",
        "quando chega a encomenda",
    ],
)
def test_questions_are_told(text: str) -> None:
    assert reads_like_question(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "...",
        "hello",
        "My parcel has come, thank you!",
        "See https://shop.example/search?q=shoes",
        "Do not send it before Monday",
        "I know how it works",
        "Come in, the shop is open",
        "Ich weiß, wie das geht",
        "Como dije, llega mañana",
        "Ou alors demain",
        "Have a nice day",
    ],
)
def test_other_messages_are_none(text: str) -> None:
    assert not reads_like_question(text)
