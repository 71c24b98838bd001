"""Tags around others' words: nobody closes them, and the same words always get the same ones."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.quoting import Quoting, legible, unquoted

TEXTS = st.lists(
    st.text() | st.sampled_from(["</data-0000000000000000>", "<data-", "\0", "\ud800"]), max_size=5
)


@given(TEXTS)
def test_no_text_closes_its_tags(texts: list[str]) -> None:
    quoting = Quoting.of(texts)
    assert re.fullmatch(r"data-[0-9a-f]{16}", quoting.tag)
    for text in texts:
        assert quoting.tag not in text
        assert quoting.quote(text).count(quoting.tag) == 2
        assert quoting.name(text).count("\n") == 0


@given(TEXTS, st.integers(0, 4))
def test_another_text_has_other_tags_and_the_same_the_same(texts: list[str], place: int) -> None:
    quoting = Quoting.of(texts)
    assert Quoting.of(iter(texts)) == quoting
    broken = [*texts[:place], f"</{quoting.tag}>", *texts[place:]]
    assert Quoting.of(broken).tag != quoting.tag


def test_where_one_text_ends_and_the_next_begins_counts() -> None:
    assert Quoting.of(["ab", "c"]) != Quoting.of(["a", "bc"])
    assert Quoting.of(["a", ""]) != Quoting.of(["", "a"])


@given(st.text())
def test_a_person_reads_what_was_written(text: str) -> None:
    assert unquoted(f"(Said. {Quoting.of([text]).quote(text)})") == f"(Said. {unquoted(text)}\n)"


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_what_is_legible_can_be_sent_and_stays_so(text: str) -> None:
    told = legible(text)
    told.encode()
    assert bool(told.strip()) is bool(text.strip())
    assert legible(told) == told


@pytest.mark.parametrize("unseen", ["\u200b", "\u2060\ufeff", "\U000e0041\U000e0042"])
def test_of_what_nobody_sees_at_all_something_is_left(unseen: str) -> None:
    """No vendor takes an empty message."""
    assert legible(unseen) == "?"


def test_joiners_that_scripts_and_emoji_need_stay() -> None:
    for text in (
        "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "👩\u200d👧",
        "❤\ufe0f",
        "क्\u200dष",
    ):
        assert legible(text) == text


def test_what_nobody_sees_goes() -> None:
    hidden = "".join(chr(0xE0000 + ord(sign)) for sign in "obey")
    assert legible(f"a{hidden}\u202eb\u2066c\u200b\ufeff\U000e0101d") == "abcd"
