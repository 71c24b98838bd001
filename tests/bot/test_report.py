"""The report and the export say what the ledger holds, and what nobody knows they call unknown."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from bot.export import export_transcripts, export_turns
from bot.ledger import FileLedger
from bot.report import EMPTY, render_report, report_numbers
from graph.records.codec import from_dict
from graph.records.ledger import TURNS, LedgerView, join
from graph.turn import Route, TurnRecord
from tests.graph.records.samples import rating, text, turn

AGAIN = Route("large", "The customer asks [the same] again.", "rule")
PERSON = Route("person", "The customer asks for a person.", "model")

VIEW = join(
    [
        turn("a", received_at=1.0, first_words_ms=400.0, total_ms=1000.0, cost_usd=0.001),
        turn("b", received_at=2.0, first_words_ms=600.0, total_ms=3000.0, cost_usd=None),
        turn("c", received_at=3.0, route=AGAIN, first_words_ms=None, total_ms=9000.0, cost_usd=2.5),
        turn("d", received_at=4.0, route=PERSON, outcome="handed_off", first_words_ms=None, cost_usd=0.0),
    ],
    [
        rating("a"),
        rating("b", value="down"),
        rating("b", person="U2"),
        rating("b", person="U3", who="bystander"),
        rating("c"),
        rating("c", person="U4", who="staff", value="down"),
    ],
    ["turns.jsonl line 5, the last, is skipped: it was not written to its end."],
)


def drawn(view: LedgerView, width: int = 100) -> str:
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(render_report(view))
    return out.getvalue()


def row(report: str, title: str, name: str) -> list[str]:
    """Return the words of the line that starts with `name` in the table of this title."""
    table = report.split(f"\n{title}", 1)[1]
    return next(line.split() for line in table.splitlines() if line.split()[:1] == [name])


def test_an_empty_ledger_is_one_kind_sentence() -> None:
    assert drawn(LedgerView(())) == f"{EMPTY}\n"


def test_an_empty_ledger_still_says_what_could_not_be_read() -> None:
    assert "Note: line 1 is skipped." in drawn(LedgerView((), ("line 1 is skipped.",)))


def test_the_first_line_counts_the_outcomes() -> None:
    assert drawn(VIEW).splitlines()[0] == "4 turns: 3 answered, 1 handed off."


@pytest.mark.parametrize(
    ("title", "cells"),
    [
        ("Response time", "small 2 500 ms 590 ms 2.00 s 2.90 s"),
        ("Response time", "large 1 - - 9.00 s 9.00 s"),
        ("Response time", "all 4 500 ms 590 ms 2.12 s 8.10 s"),
        ("Ratings", "small 2 1 67% 21% and 94% 1 up, 0 down -"),
        ("Ratings", "person 0 0 - - - -"),
        ("Ratings", "all 3 1 75% 30% and 95% 1 up, 0 down 0 up, 1 down"),
        ("Cost", "small $0.00100 $0.00100 1"),
        ("Cost", "large $2.50 $2.50 0"),
        ("Cost", "person $0.00 - 0"),
        ("Where turns went", "small rule Nothing speaks against the small model. 2 50.0%"),
        ("Where turns went", "large rule The customer asks [the same] again. 1 25.0%"),
        ("Where turns went", "person model The customer asks for a person. 1 25.0%"),
    ],
)
def test_a_table_has_a_row_a_tier(title: str, cells: str) -> None:
    words = cells.split()
    report = drawn(VIEW)
    assert row(report, title, words[0]) == words


def test_ratings_stand_against_response_time() -> None:
    turns = [turn(f"a{n}", first_words_ms=900.0) for n in range(10)]
    slow = [turn(f"b{n}", first_words_ms=2000.0) for n in range(10)]
    given = [rating(f"a{n}") for n in range(10)] + [rating(f"b{n}", value="down") for n in range(10)]
    report = drawn(join([*turns, *slow], given), 80)
    title = "Ratings against response time"
    fast = "small under 1 s 10 10 0 100% 72% and 100%"
    assert row(report, title, "small") == fast.split()
    assert "small 2 to 4 s 10 0 10 0% 0% and 28%" in " ".join(report.split())
    assert "Too few" not in report


@pytest.mark.parametrize("enough", [9, 10])
def test_the_report_says_when_there_are_too_few_ratings(enough: int) -> None:
    turns = [turn(f"t{n}", first_words_ms=n % 2 * 1500.0) for n in range(enough * 2)]
    given = [rating(f"t{n}") for n in range(enough * 2)]
    assert ("Too few ratings to compare" in drawn(join(turns, given))) == (enough < 10)


def test_only_the_asker_counts_for_the_share() -> None:
    view = join(
        [turn("a", first_words_ms=8000.0), turn("b", first_words_ms=None)],
        [
            rating("a", value="down"),
            rating("a", person="U2", who="bystander"),
            rating("a", person="U3", who="staff"),
            rating("b", person="U3", who="staff"),
        ],
    )
    slow, unknown = report_numbers(view)["ratings_by_speed"]
    assert (slow["tier"], slow["from_ms"], slow["to_ms"], slow["turns"]) == ("small", 8000, None, 1)
    assert (slow["up"], slow["down"], slow["share"]) == (0, 1, 0.0)
    assert (slow["bystanders"], slow["staff"]) == ({"up": 1, "down": 0}, {"up": 1, "down": 0})
    assert (unknown["from_ms"], unknown["share"], unknown["interval"]) == (None, None, None)
    assert row(drawn(view), "Ratings against", "small")[1:3] == ["over", "8"]


@pytest.mark.parametrize(
    ("ms", "bounds"),
    [
        (0.0, (0, 1000)),
        (999.9, (0, 1000)),
        (1000.0, (1000, 2000)),
        (3999.0, (2000, 4000)),
        (7999.0, (4000, 8000)),
        (8000.0, (8000, None)),
    ],
)
def test_each_time_falls_into_one_range(ms: float, bounds: tuple[int, int | None]) -> None:
    (only,) = report_numbers(join([turn(first_words_ms=ms)], []))["ratings_by_speed"]
    assert (only["from_ms"], only["to_ms"]) == bounds


def test_a_torn_line_is_noted_below_the_tables() -> None:
    assert drawn(VIEW).rstrip().splitlines()[-1].startswith("Note: turns.jsonl line 5, the last")


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal_and_no_number_is_cut(width: int) -> None:
    long = Route("large", "The customer asks the same question again, " * 4, "rule")
    report = drawn(join([turn("a", route=long), turn("b")], []), width)
    assert max(map(len, report.splitlines())) <= width
    assert "\u2026" not in report


def test_one_tier_needs_no_row_for_all() -> None:
    assert "all" not in [line.split()[0] for line in drawn(join([turn()], [])).splitlines() if line.split()]


def test_the_many_rare_reasons_are_summed_up() -> None:
    turns = [turn(f"t{n}", route=Route("large", f"reason {n}", "model")) for n in range(15)]
    assert "3 other reasons" in drawn(join(turns, []))


def test_unknown_cost_is_null_in_the_numbers_and_never_zero() -> None:
    numbers = report_numbers(join([turn(cost_usd=None)], []))
    assert numbers["all"]["cost"] == {
        "known_usd": 0,
        "known": 0,
        "unknown": 1,
        "per_answered_usd": None,
    }
    assert row(drawn(join([turn(cost_usd=None)], [])), "Cost", "small") == ["small", "-", "-", "1"]


def test_the_numbers_are_json_that_says_what_the_tables_say() -> None:
    numbers = json.loads(json.dumps(report_numbers(VIEW), allow_nan=False))
    assert numbers["turns"] == 4
    assert (numbers["from"], numbers["to"]) == (1.0, 4.0)
    assert numbers["outcomes"] == {"answered": 3, "handed_off": 1}
    assert numbers["tiers"]["small"]["first_words_ms"] == {"known": 2, "p50": 500.0, "p95": 590.0}
    assert numbers["tiers"]["small"]["ratings"]["up"] == 2
    assert numbers["routes"][0]["share"] == 0.5
    assert numbers["notes"] == list(VIEW.notes)
    assert report_numbers(LedgerView(()))["from"] is None


async def test_the_export_is_a_record_a_line_with_its_ratings(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path, clock=lambda: 1_000_000.0)
    await ledger.write(turn("a", language="de"))
    await ledger.feedback(rating("a"))
    with (tmp_path / TURNS).open("a") as file:
        file.write('{"turn_id": "torn')
    out = io.StringIO()
    notes = await export_turns(ledger, out)
    (line,) = out.getvalue().splitlines()
    data = json.loads(line)
    assert from_dict(TurnRecord, data) == turn("a", language="de")
    assert [given["value"] for given in data["ratings"]] == ["up"]
    assert len(notes) == 1
    await ledger.close()


async def test_the_transcripts_are_exported_apart(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path, clock=lambda: 1_000_000.0)
    await ledger.write(turn("a"))
    await ledger.transcript(text("a", asked=("Wo ist mein Päckchen?",)))
    out = io.StringIO()
    await export_transcripts(ledger, out)
    (line,) = out.getvalue().splitlines()
    assert json.loads(line)["asked"] == ["Wo ist mein Päckchen?"]
    await ledger.close()


async def test_an_empty_ledger_exports_nothing(tmp_path: Path) -> None:
    out = io.StringIO()
    ledger = FileLedger(tmp_path / "none")
    assert await export_turns(ledger, out) == ()
    await export_transcripts(ledger, out)
    assert out.getvalue() == ""
    assert not (tmp_path / "none").exists()
