"""The model without a key: whole quotes, with their source, and nothing of its own."""

from __future__ import annotations

import pytest

from graph.knowledge import Passage
from graph.models import Done, Request, Text
from graph.models.extractive import LONGEST, ExtractiveModel, ExtractivePhrases, sentences
from graph.turn import Usage

PHRASES = ExtractivePhrases("Our articles say:", "From “{title}”:", "These are quotes.")
MODEL = ExtractiveModel(lambda: PHRASES)


def passage(text: str, title: str = "Returns") -> Passage:
    """A passage of some article."""
    return Passage(f"{title}.md#x", f"{title}.md", title, text, "")


async def answer(question: str, *passages: Passage) -> str:
    """The whole answer, checked for the shape of its stream."""
    request = Request("extractive", "", (), "", question, passages)
    events = [event async for event in MODEL.stream(request)]
    assert events[-1] == Done("end", Usage())
    texts = [event.text for event in events if isinstance(event, Text)]
    assert len(texts) == len(events) - 1
    return "".join(texts)


async def test_a_quote_stands_between_the_phrases_with_source_and_mark() -> None:
    """Opening, source, quote, citation mark, closing."""
    assert await answer("return a jacket", passage("You can return a jacket.")) == (
        "Our articles say:\n\nFrom “Returns”:\nYou can return a jacket. [1]\n\nThese are quotes."
    )


async def test_without_passages_only_the_closing_is_said() -> None:
    """There is nothing to quote."""
    assert await answer("return a jacket") == "These are quotes."


async def test_the_block_that_bears_on_the_question_is_chosen() -> None:
    """Of four paragraphs too long together, the one about the question."""
    filler = "Something else entirely is written here at some length. " * 5
    text = f"{filler}\n\n{filler}\n\nThe label costs 4 euro for members.\n\n{filler}"
    said = await answer("what does the label cost for members", passage(text))
    assert "The label costs 4 euro for members. [1]" in said
    assert "Something else" not in said


async def test_a_second_passage_is_quoted_with_its_own_number_when_it_adds_something() -> None:
    """The number is the passage's place in the request."""
    said = await answer(
        "refund for a gift card of a member",
        passage("A refund takes 5 days."),
        passage("Nothing about it.", "Other"),
        passage("A gift card of a member never ends.", "Gift {cards}"),
    )
    assert "A refund takes 5 days. [1]" in said
    assert "From “Gift {cards}”:\nA gift card of a member never ends. [3]" in said
    assert "[2]" not in said


async def test_a_second_passage_that_adds_nothing_is_left_out() -> None:
    """One word in common is no reason."""
    said = await answer(
        "refund days", passage("A refund takes days."), passage("A refund of a refund.", "More")
    )
    assert "More" not in said


async def test_a_table_stays_whole_and_its_mark_stands_below() -> None:
    """A mark in the last row would be read as a cell."""
    table = "| Zone | Price |\n|---|---|\n| 1 | 4 |\n| 2 | 6 |"
    assert f"{table}\n\n[1]\n" in await answer("price in zone 2", passage(table))


async def test_a_long_table_keeps_its_head_and_whole_rows() -> None:
    """Rows from the one that fits best on, as many as there is room for."""
    rows = [f"| country{n} | delivered in {n} working days by van |" for n in range(60)]
    table = "\n".join(["| Country | Time |", "|---|---|", *rows])
    said = await answer("how long to country40", passage(table))
    quoted = [line for line in said.splitlines() if line.startswith("|")]
    assert quoted[:3] == ["| Country | Time |", "|---|---|", rows[40]]
    assert set(quoted[2:]) <= set(rows)
    assert len("\n".join(quoted)) <= LONGEST


async def test_a_long_list_keeps_whole_items() -> None:
    """An item that goes on in the next line is one."""
    items = [f"- step {n} of the whole procedure\n  with a second line" for n in range(40)]
    said = await answer("procedure", passage("\n".join(items)))
    start = said.index("- step 0")
    quoted = said[start : said.index("\n\n[1]")]
    assert quoted == "\n".join(items[: quoted.count("- step")])
    assert 2 < quoted.count("- step") < 40


async def test_a_long_paragraph_is_cut_between_sentences() -> None:
    """Every sentence that is shown is whole, and there are about 700 characters at most."""
    whole = [
        f"Sentence number {n} is about refunds and their 4.50 euro, e.g. for members." for n in range(40)
    ]
    said = await answer("refunds", passage(" ".join(whole)))
    quoted = said.split("”:\n")[1].split(" [1]")[0]
    assert quoted == " ".join(whole[: quoted.count("Sentence")])
    assert len(quoted) <= LONGEST


async def test_one_sentence_longer_than_the_limit_is_not_cut() -> None:
    """Better too long than half."""
    sentence = "This " + "very " * 200 + "long sentence ends here."
    assert sentence in await answer("long sentence", passage(sentence))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("It costs 4.50 euro. Fine.", ["It costs 4.50 euro.", "Fine."]),
        ("Use it, e.g. On Monday. Then stop.", ["Use it, e.g. On Monday.", "Then stop."]),
        ("(In short.) **Then** more.", ["(In short.)", "**Then** more."]),
        ("No end", ["No end"]),
        ("", []),
    ],
)
def test_sentences_end_where_they_surely_do(text: str, expected: list[str]) -> None:
    """Abbreviations and figures end nothing."""
    assert sentences(text) == expected


async def test_another_language_is_quoted_by_its_own_words() -> None:
    """Stop words are those of the passages."""
    first = (
        "Der Versand ist für alle da und kostet die Kundin nichts, wenn sie mehr bestellt, was hier steht."
    )
    said = await answer("was kostet die Rückgabe", passage(f"{first}\n\nDie Rückgabe kostet 4 Euro."))
    assert "Die Rückgabe kostet 4 Euro." in said
