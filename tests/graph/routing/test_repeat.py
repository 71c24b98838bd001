"""Whether a customer asks the same again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.routing.repeat import overlap

ASKED = "How long do I have to return shoes?"


@pytest.mark.parametrize(
    "text",
    [
        ASKED,
        "how long do i have, to return SHOES",
        "Shoes: how long do I have to return?",
        "How long do I have to returning shoes",
    ],
)
def test_the_same_words_are_the_same_question(text: str) -> None:
    """Case, punctuation, order and endings do not matter."""
    assert overlap(text, [ASKED]) == 1.0


@pytest.mark.parametrize(
    ("text", "at_most"),
    [
        ("How long do I have to return a lamp?", 0.79),
        ("Where is my parcel?", 0.2),
        ("Und wie lange noch bitte?", 0.0),
    ],
)
def test_another_question_is_not(text: str, at_most: float) -> None:
    assert overlap(text, [ASKED]) <= at_most


@pytest.mark.parametrize("text", ["", "and then?", "why not", "..."])
def test_short_messages_repeat_words_not_questions(text: str) -> None:
    assert overlap(text, [text]) == 0.0


def test_any_earlier_question_counts() -> None:
    assert overlap(ASKED, ["Where is my parcel?", ASKED, "thanks"]) == 1.0


def test_nothing_was_asked_before_the_first_message() -> None:
    assert overlap(ASKED, []) == overlap(ASKED, ["", "!"]) == 0.0


WORDS = ["how", "long", "do", "I", "have", "to", "return", "shoes", "lamps"]
SENTENCES = st.lists(st.sampled_from(WORDS), min_size=3, unique=True).map(" ".join)


@given(SENTENCES, SENTENCES)
def test_it_is_a_share_and_the_same_in_both_directions(one: str, other: str) -> None:
    said, before = set(one.split()), set(other.split())
    assert overlap(one, [other]) == overlap(other, [one]) == len(said & before) / len(said | before)
