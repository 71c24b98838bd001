"""Messages that cannot be answered as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.routing.message import MOST_CHARACTERS, oddity
from prompts.phrases import PHRASES


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        ("", "empty_message"),
        (" \n\t\u00a0\u2003", "empty_message"),
        ("a" * 40_000, "too_long"),
        ("word " * 8_000, "too_long"),
        (" " * 40_000, "empty_message"),
        ("👍", "no_words"),
        ("👨\u200d👩\u200d👧 🏳️\u200d🌈!!", "no_words"),
        ("\U0001fae9\U0001fac6", "no_words"),
        ("?!...", "no_words"),
        ("\u200b\u200f", "no_words"),
        ("%PDF-1.7\x00\x01\x02\x03\x04\x05", "not_readable"),
        ("\ufffd\ufffd\ufffdPNG", "not_readable"),
        ("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not_readable"),
        ("\udcff\udcfe abc", "not_readable"),
    ],
)
def test_an_odd_message_is_named(text: str, odd: str) -> None:
    assert oddity(text) == odd


@pytest.mark.parametrize(
    "text",
    [
        "Where is my parcel?",
        "?? where",
        "8841",
        "אין לי את החבילה",
        "\u200fأين طلبي؟\u200e",
        "私の荷物はどこですか",
        "Zu\u0308rich 👍👍👍👍👍👍👍",
        "line one\r\n\tline two\n",
        "One odd \x07 character in a long enough sentence.",
        "a" * MOST_CHARACTERS,
    ],
)
def test_an_ordinary_message_is_not_odd(text: str) -> None:
    """Right-to-left and other scripts, numbers, line breaks and a stray sign included."""
    assert oddity(text) is None


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_every_oddity_has_a_phrase_that_answers_it(text: str) -> None:
    odd = oddity(text)
    assert odd is None or odd in PHRASES
