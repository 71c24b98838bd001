"""Which words are names, and which of a question are written as one."""

from __future__ import annotations

import pytest

from graph.knowledge import Passage
from graph.knowledge.coverage import coverage
from graph.knowledge.index import WordIndex
from graph.knowledge.words import LONGEST_QUERY, NAME_PLACES, Words

ENGLISH = "you can open the account in a branch of ours when you have a passport with you and some money "


def names(*sentences: str, language: str = "en") -> frozenset[str]:
    """The names in sentences that stand among ordinary ones."""
    return Words(language).names((ENGLISH * 3, *sentences))


def test_a_word_with_a_capital_inside_sentences_is_a_name() -> None:
    """And is known by its stem, as everywhere."""
    assert names("pay with the Emeralds card", "ask for the Emerald card") == {"emerald"}


@pytest.mark.parametrize(
    "text",
    [
        "Emerald is here.\nEmerald is there.",
        "- Emerald\n- Emerald",
        "go. Emerald is. Emerald",
        "**Emerald** it",
    ],
)
def test_a_capital_at_a_beginning_is_no_name(text: str) -> None:
    """Of a line, a list item, a sentence or what is emphasised."""
    assert names(text, text) == frozenset()


def test_one_place_is_too_few_for_a_name() -> None:
    """It may be a slip."""
    assert NAME_PLACES == 2
    assert names("the Emerald card") == frozenset()


def test_a_word_that_is_written_both_ways_is_no_name() -> None:
    """One small letter in ten places is let pass, one in five is not."""
    assert names("the Green card " * 9, "a green card") == {"green"}
    assert names("the Green card " * 4, "a green card") == frozenset()


def test_abbreviations_are_no_names() -> None:
    """Customers write them in small letters."""
    assert names("what the APR is", "how the APR grows") == frozenset()


def test_where_nouns_have_capitals_nothing_is_a_name() -> None:
    """A quarter of German words have one."""
    german = "wir senden die Ware an das Haus und erstatten den Betrag auf die Karte wenn Sie es wollen "
    assert Words("de").names([german * 5]) == frozenset()


def test_no_text_has_no_names() -> None:
    """Nor has a script without capitals."""
    assert Words("en").names([]) == frozenset()
    assert Words("en").names(["我 想 退货 和 退款"]) == frozenset()


def test_a_question_names_what_it_writes_with_a_capital_inside_a_sentence() -> None:
    """Not at its start, and not when all of it is in capitals."""
    words = Words("en")
    assert words.terms("Emerald fees of my Sapphire card").named == {"sapphir"}
    assert words.terms("FEES OF MY SAPPHIRE CARD").named == frozenset()
    assert words.terms("Emerald fees, emerald card").words == ["emerald", "fee", "emerald", "card"]


def test_only_the_beginning_of_a_very_long_question_is_read() -> None:
    """Words and names alike."""
    terms = Words("en").terms("x " * LONGEST_QUERY + "the Emerald")
    assert (terms.words, terms.named) == ([], frozenset())


def test_a_name_weighs_as_a_subject_only_when_it_is_written_as_one() -> None:
    """Found it is either way."""
    made = [
        Passage(f"a{n}#x", f"a{n}", "Emerald Gate", f"{ENGLISH} with the Emerald Gate card", "")
        for n in range(3_000)
    ]
    index = WordIndex(made, Words("en"))
    assert index.names == {"emerald", "gate"}
    small, capital = index.terms("is a gate emerald"), index.terms("what is the Emerald Gate")
    below, above = coverage(index, small), coverage(index, capital)
    assert below is not None
    assert above is not None
    assert below < 0.5 < above
    assert index.search(small, 3, 1) == index.search(capital, 3, 1)


def test_of_a_long_text_only_the_last_lines_may_be_put_as_a_title() -> None:
    said = Words("en").terms("a\n" * 1_500 + "Where is my order").said
    assert len(said) == 8
    assert said[-1] == {"where", "is", "my", "order"}
