"""What a turn looks like on a terminal and in a pipe."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from bot.terminal import Screen, account, counted, dollars, duration, why
from bot.wrapping import LONGEST_WORD, Wrapping
from graph.turn import Escalated, Finished, HandedOff, Restarted, Route, Source, TextDelta
from tests.graph.records.samples import CALL, turn


def screen(*, terminal: bool = False, width: int = 40) -> tuple[Screen, io.StringIO]:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=width, color_system=None)
    return Screen(console), stream


def test_words_come_as_they_are_in_a_pipe() -> None:
    shown, stream = screen()
    for piece in ("Your ", "order\n", "is  on", " its way" * 20):
        shown.show(TextDelta(piece))
    assert stream.getvalue() == "Your order\nis  on" + " its way" * 20


def test_what_the_program_says_starts_on_a_line_of_its_own() -> None:
    shown, stream = screen()
    shown.show(TextDelta("One moment"))
    shown.show(Escalated(Route("large", "It needs [care].")))
    shown.show(TextDelta("Done.\n"))
    shown.show(Restarted("cut_off"))
    shown.show(HandedOff("", "why"))
    assert stream.getvalue().splitlines() == [
        "One moment",
        "… It needs [care].",
        "Done.",
        "… the words above are withdrawn; the answer starts again",
        "→ this is where a person takes over; here, none is connected",
    ]


def test_no_words_move_the_cursor() -> None:
    shown, stream = screen()
    shown.show(TextDelta("a\x1b[2Jb\x07c\x9bd\r"))
    shown.line("e\x1b]0;title\x07")
    assert stream.getvalue() == "a[2Jbcd\ne]0;title\n"


def test_an_answer_is_accounted_for_in_two_lines() -> None:
    shown, stream = screen()
    record = turn(sources=(Source("returns.md", "Returns"), Source("cost.md", "Cost")))
    shown.show(TextDelta("Yes."))
    shown.show(Finished(record))
    assert stream.getvalue() == (
        "Yes.\n"
        "answered: small (claude-haiku-5-5). Nothing speaks against the small model.\n"
        "first word 480 ms · total 1.2 s · $0.00090 · returns.md · cost.md\n"
        "\n"
    )


def test_what_is_unknown_is_not_zero() -> None:
    lines = account(turn(cost_usd=None, first_words_ms=None, sources=()))
    assert lines[1] == "first word none · total 1.2 s · cost unknown"


def drawn(renderable: RenderableType, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, record=True)
    console.print(renderable)
    return [line.rstrip() for line in console.export_text().splitlines()]


VERSIONS = dict.fromkeys(("voice", "answer", "context", "escalation", "handoff", "notes"), "0123456789ab")


@pytest.mark.parametrize("width", [80, 120])
def test_why_fits_and_has_all_of_it(width: int) -> None:
    record = turn(
        route=Route("large", "The customer is [angry].", "classifier", 0.83),
        sources=(Source("returns.md", "Returns", "https://example.com/returns"),),
        calls=(CALL, CALL),
    )
    lines = drawn(why(record, VERSIONS), width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert "large, by the classifier, 83% sure" in text
    assert "The customer is [angry]." in text
    assert "Returns (returns.md, https://example.com/returns)" in text
    assert text.count("anthropic claude-haiku-5-5") == 2
    assert text.count("900 in (700 cached), 85 out") == 2
    assert all(f"{name}\u00a0{version}" in text for name, version in VERSIONS.items())


def test_why_without_calls_says_so() -> None:
    text = "\n".join(drawn(why(turn(calls=(), sources=()), {}), 80))
    assert "No model was called." in text
    assert "none cited" in text


@pytest.mark.parametrize(
    ("cost", "shown"),
    [(None, "cost unknown"), (0, "$0"), (0.00009, "$0.00009"), (0.0123, "$0.012"), (3.0, "$3.000")],
)
def test_dollars(cost: float | None, shown: str) -> None:
    assert dollars(cost) == shown


@pytest.mark.parametrize(("ms", "shown"), [(None, "none"), (0.4, "0 ms"), (999.4, "999 ms"), (1250, "1.2 s")])
def test_duration(ms: float | None, shown: str) -> None:
    assert duration(ms) == shown


@pytest.mark.parametrize(("number", "shown"), [(0, "0 turns"), (1, "1 turn"), (1200, "1,200 turns")])
def test_counted(number: int, shown: str) -> None:
    assert counted(number, "turn") == shown


def wrapped(width: int, *pieces: str) -> str:
    wrapping = Wrapping(width)
    return "".join(map(wrapping.feed, pieces)) + wrapping.finish()


def test_lines_break_between_words() -> None:
    assert wrapped(11, "Your or", "der is ", "on its way") == "Your order\nis on its\nway"


def test_line_breaks_and_indents_stay() -> None:
    assert wrapped(20, "Do:\n\n  1. a", "sk\n  2. wait") == "Do:\n\n  1. ask\n  2. wait"


def test_a_long_word_is_not_held_back() -> None:
    wrapping = Wrapping(80)
    assert wrapping.feed("x" * LONGEST_WORD) == ""
    assert wrapping.feed("x") == "x" * (LONGEST_WORD + 1)


def test_wide_characters_count_double() -> None:
    assert wrapped(10, "漢字漢 漢字") == "漢字漢\n漢字"


@given(st.lists(st.text(alphabet="ab \n漢", max_size=30)), st.integers(5, 40))
def test_wrapping_changes_nothing_but_white_space(pieces: list[str], width: int) -> None:
    text = "".join(pieces)
    assert wrapped(width, *pieces).split() == text.split() or len(max(text.split(), key=len)) > LONGEST_WORD
