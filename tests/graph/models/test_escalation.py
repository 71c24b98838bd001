"""How a model says that a turn is beyond it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.models.escalation import MARKER, Escalation, MarkerReader, escalate_tool, parse_arguments


def test_whole_arguments_are_read() -> None:
    arguments = json.dumps({"reason": "dispute", "handover": "Charged twice.", "more": 1})
    assert parse_arguments(arguments) == Escalation("dispute", "Charged twice.")


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "{",
        '{"reason": "dis',
        "null",
        "[]",
        '"dispute"',
        "7",
        "{'reason': 'x'}",
        "[" * 100_000,
        "\x00",
        "NaN",
    ],
)
def test_broken_or_cut_arguments_are_an_escalation_without_handover(arguments: str) -> None:
    assert parse_arguments(arguments) == Escalation()


@pytest.mark.parametrize("value", [None, 7, True, [], {"a": "b"}])
def test_what_is_no_text_counts_as_missing(value: object) -> None:
    """The next model must not read `None` as a colleague's note."""
    assert parse_arguments(json.dumps({"reason": value, "handover": value})) == Escalation()
    assert parse_arguments(json.dumps({"reason": "dispute"})) == Escalation("dispute")


@given(st.text())
def test_any_text_can_come_as_arguments(arguments: str) -> None:
    assert isinstance(parse_arguments(arguments), Escalation)


def test_the_tool_takes_one_of_the_reasons_and_a_handover() -> None:
    tool = escalate_tool(["dispute", "comparison"], "Call it.")
    properties = tool.parameters["properties"]
    assert isinstance(properties, dict)
    assert (tool.name, tool.description) == ("escalate", "Call it.")
    assert properties["reason"]["enum"] == ["dispute", "comparison"]
    assert tool.parameters["required"] == ["reason", "handover"]


def read(pieces: list[str]) -> tuple[str, bool, Escalation]:
    reader = MarkerReader()
    shown = "".join(reader.feed(piece) for piece in pieces) + reader.finish()
    return shown, reader.found, reader.escalation if reader.found else Escalation()


def cut(text: str, places: list[int]) -> list[str]:
    bounds = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[a:b] for a, b in zip(bounds, bounds[1:], strict=False)]  # noqa: RUF007


PLACES = st.lists(st.integers(0, 100), max_size=20)


@given(PLACES, st.sampled_from(["", " ", "\n\n"]), st.sampled_from(["", "\nMore words.", "\n"]))
def test_the_marker_is_read_whatever_the_pieces(places: list[int], before: str, after: str) -> None:
    text = f"{before}{MARKER} dispute | Charged twice, [1] bears on it.{after}"
    expected = ("", True, Escalation("dispute", "Charged twice, [1] bears on it."))
    assert read(cut(text, places)) == expected


@given(
    PLACES,
    st.sampled_from(
        ["Escalators", "ESCALATE", "ESCALATED: no", "ESCAL", "E", "", " ", "Never ESCALATE: x", "\n\nHi"]
    ),
)
def test_what_is_no_marker_is_shown_whole_whatever_the_pieces(places: list[int], text: str) -> None:
    assert read(cut(text, places)) == (text, False, Escalation())


def test_words_flow_as_soon_as_they_are_no_marker() -> None:
    reader = MarkerReader()
    assert [reader.feed(piece) for piece in ["ES", "CA", "PE", " is", " ESCALATE: x"]] == [
        "",
        "",
        "ESCAPE",
        " is",
        " ESCALATE: x",
    ]


@pytest.mark.parametrize(
    ("line", "escalation"),
    [
        ("", Escalation()),
        (" dispute", Escalation("dispute")),
        (" | Charged twice.", Escalation("", "Charged twice.")),
        (" `dispute` | a | b", Escalation("dispute", "a | b")),
    ],
)
def test_an_incomplete_marker_line_is_an_escalation_all_the_same(line: str, escalation: Escalation) -> None:
    assert read([MARKER + line]) == ("", True, escalation)
