"""Finding phrases: whole words; case, accents and punctuation do not matter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.matching import PhraseSet, is_phrase, words


@pytest.mark.parametrize(
    "text", ["A REAL PERSON!", "is there a real\nperson", "(real person)", "réal përson", "“real person”?"]
)
def test_case_accents_and_punctuation_do_not_matter(text: str) -> None:
    assert PhraseSet(["real person"]).found(text) == ["real person"]


@pytest.mark.parametrize("text", ["surreal person", "real personal touch", "real. Person", "real", ""])
def test_only_whole_words_in_a_row_match(text: str) -> None:
    assert PhraseSet(["real person"]).found(text) == []


@pytest.mark.parametrize("text", ["speak human", "speak to a human", "speak 1 2 3 4 human"])
def test_a_gap_is_up_to_four_words(text: str) -> None:
    assert PhraseSet(["speak ... human"]).found(text) == ["speak ... human"]


@pytest.mark.parametrize("text", ["speak 1 2 3 4 5 human", "I cannot speak. A human would.", "human speak"])
def test_a_gap_is_no_longer_and_stays_within_a_sentence(text: str) -> None:
    assert PhraseSet(["speak ... human"]).found(text) == []


def test_of_overlapping_phrases_the_longest_counts() -> None:
    assert PhraseSet(["but if", "but what if", "what if"]).found("but what if it rains") == ["but what if"]


def test_a_phrase_counts_once() -> None:
    assert PhraseSet(["what if"]).found("what if this, and what if that") == ["what if"]


def test_typographic_apostrophes_are_apostrophes() -> None:
    assert PhraseSet(["j'ai"]).found("J’ai perdu") == ["j'ai"]


@pytest.mark.parametrize("text", ["Hi!", "hi, thanks.", "Thanks 🙏", "THANKS!!!"])
def test_a_text_of_phrases_alone_is_covered(text: str) -> None:
    assert PhraseSet(["hi", "thanks"]).covers(text)


@pytest.mark.parametrize("text", ["", "🙏", "?!", "hi where is my parcel", "thanks for nothing"])
def test_a_text_with_other_words_or_none_is_not_covered(text: str) -> None:
    assert not PhraseSet(["hi", "thanks"]).covers(text)


@pytest.mark.parametrize("phrase", ["", "...", "a ...", "... b", "?!"])
def test_a_phrase_needs_words_around_its_gaps(phrase: str) -> None:
    assert not is_phrase(phrase)


@given(st.text())
def test_any_text_can_be_searched(text: str) -> None:
    phrases = PhraseSet(["a ... b", "c"])
    assert set(phrases.found(text)) <= {"a ... b", "c"}
    assert not phrases.covers(text) or set(words(text)) & {"a", "c"}
