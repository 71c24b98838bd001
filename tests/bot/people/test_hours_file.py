"""hours.toml: what it says holds at once, and a mistake in it says where it is and what to do."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.home import TEMPLATE
from bot.people.hours import ALWAYS, Span
from bot.people.hours_file import NAME, BusinessHours, described, load_hours, read_hours
from graph.errors import InputError

GOOD = """
zone = "Europe/Berlin"
closed = [2026-12-25]
remind_after = [5, 30.5]

[open]
monday = ["09:00-12:30", "13:30-18:00"]
friday = ["22:00 - 02:00"]
saturday = ["18:00-24:00"]

[days]
2026-12-24 = ["09:00-12:00"]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / NAME
    path.write_text(text, encoding="utf-8")
    return path


def test_it_is_read(tmp_path: Path) -> None:
    hours = read_hours(written(tmp_path, GOOD))
    assert hours.zone.key == "Europe/Berlin"
    assert hours.week[0] == (Span(540, 750), Span(810, 1080))
    assert hours.week[4] == (Span(1320, 1560),)
    assert hours.week[5] == (Span(1080, 1440),)
    assert hours.week[6] == ()
    assert hours.days == {date(2026, 12, 25): (), date(2026, 12, 24): (Span(540, 720),)}
    assert hours.remind_after == (5, 30.5)


def test_the_template_says_nothing_and_its_examples_are_good(tmp_path: Path) -> None:
    assert read_hours(TEMPLATE / NAME) is ALWAYS
    lines = (TEMPLATE / NAME).read_text(encoding="utf-8").splitlines()
    taken = [line.removeprefix("# ") for line in lines if "= " in line or line.startswith("# [")]
    hours = read_hours(written(tmp_path, "\n".join(taken)))
    assert hours.remind_after == ALWAYS.remind_after
    assert [len(spans) for spans in hours.week] == [2, 1, 1, 1, 2, 0, 0]
    assert len(hours.days) == 4


@pytest.mark.parametrize("value", ["0", "[]", "[0]"])
def test_reminders_can_be_off(tmp_path: Path, value: str) -> None:
    given = GOOD.replace("[5, 30.5]", value)
    assert read_hours(written(tmp_path, given)).remind_after == ()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"Europe/Berlin"', '"Europe/Berlim"', r"line 2: zone: 'Europe/Berlim' is no time zone; it must"),
        ('"Europe/Berlin"', '"../x"', "line 2: zone: .*no time zone"),
        ('"Europe/Berlin"', '"Europe"', "line 2: zone: .*no time zone"),
        ('"Europe/Berlin"', '""', "line 2: zone: .*no time zone"),
        ('"Europe/Berlin"', "1", "line 2: zone: it must be a text in quotes"),
        ('zone = "Europe/Berlin"', "", "zone: it is missing; give the time zone"),
        ("monday =", "mondays =", r"line 7: open.mondays: there is no such key here; there are monday, "),
        ("closed =", "holidays =", r"line 3: holidays: there is no such key here; there are zone, open"),
        ("2026-12-25]", '"2026-12-25"]', r"line 3: closed, entry 1: it must be a date without quotes"),
        ('"13:30-18:00"', '"12:00-18:00"', "line 7: open.monday, entry 2: '12:00-18:00' begins before"),
        ('"13:30-18:00"', '"13:30-18"', 'line 7: open.monday, entry 2: .* it must be like "09:00-17:30"'),
        ('"13:30-18:00"', '"24:00-03:00"', "line 7: open.monday, entry 2: .*is no span"),
        ('"13:30-18:00"', '"13:30-24:30"', "line 7: open.monday, entry 2: .*is no span"),
        ('"13:30-18:00"', '"14:00-14:00"', "line 7: open.monday, entry 2: .*is no span"),
        ('["18:00-24:00"]', '"18:00-24:00"', "line 9: open.saturday: it must be a list"),
        ("2026-12-24 =", '"24 December" =', "line 12: days.24 December: it must be a date"),
        ("2026-12-24 =", "2026-12-25 =", "line 12: days.2026-12-25: this day is in `closed` too"),
        ("[5, 30.5]", "[30, 5]", "line 4: remind_after: it must be up to 5 numbers of minutes, each larger"),
        ("[5, 30.5]", '"never"', r"line 4: remind_after: it must be minutes, such as \[15, 60\]"),
        ("[5, 30.5]", "[-5]", "line 4: remind_after: it must be minutes"),
        ("[5, 30.5]", "[nan]", "line 4: remind_after: it must be minutes"),
        ("[5, 30.5]", "[true]", "line 4: remind_after: it must be minutes"),
        ("[5, 30.5]", "[1, 2, 3, 4, 5, 6]", "line 4: remind_after: it must be up to 5"),
        ("[open]", "[open", r"not readable as TOML: .*line 6"),
    ],
)
def test_a_mistake_says_where_it_is_and_what_to_do(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in GOOD
    with pytest.raises(InputError, match=rf"{NAME}.*{says}"):
        read_hours(written(tmp_path, GOOD.replace(old, new)))


def test_hours_on_no_day_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="open: no day has hours; give at least one of monday"):
        read_hours(written(tmp_path, 'zone = "UTC"\n[open]\n'))


def test_reminders_and_holidays_need_no_hours(tmp_path: Path) -> None:
    off = read_hours(written(tmp_path, "remind_after = 0\n"))
    assert (off.week, off.remind_after) == (ALWAYS.week, ())
    new_year = datetime(2027, 1, 1, 12, tzinfo=UTC)
    closed = read_hours(written(tmp_path, 'zone = "UTC"\nclosed = [2027-01-01]\n'))
    assert not closed.is_open(new_year)
    assert closed.is_open(new_year.replace(day=2))
    with pytest.raises(InputError, match="zone: it is missing"):
        read_hours(written(tmp_path, "closed = [2027-01-01]\n"))


def test_without_a_folder_or_a_file_it_is_always_open(tmp_path: Path) -> None:
    assert load_hours(None).now is ALWAYS
    assert load_hours(tmp_path).now is ALWAYS
    assert load_hours(tmp_path).back_at(0.0) is None


def test_a_saved_file_is_taken_over_and_a_broken_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.people.hours_file.CHECK_EVERY", 0.0)
    hours = load_hours(tmp_path)
    path = written(tmp_path, GOOD)
    saturday = datetime(2026, 11, 28, 10, tzinfo=UTC).timestamp()
    back = hours.back_at(saturday)
    assert back is not None
    assert back.isoformat() == "2026-11-28T18:00:00+01:00"
    assert hours.seconds(saturday, saturday + 86_400) == 6 * 3600
    with capture_logs() as logs:
        path.write_text("zone = 1", encoding="utf-8")
        os.utime(path, (1, 1))
        assert hours.back_at(saturday) == back
        assert hours.back_at(saturday) == back
    assert [line["event"] for line in logs] == ["hours.wrong"]
    path.unlink()
    assert hours.back_at(saturday) is None


def test_a_broken_file_keeps_the_bot_from_starting(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=NAME):
        BusinessHours(written(tmp_path, "zone = 1"))


def test_it_says_how_things_stand(tmp_path: Path) -> None:
    hours = read_hours(written(tmp_path, GOOD))
    monday = datetime(2026, 11, 30, 8, tzinfo=UTC)
    assert described(hours, monday) == "open now (Europe/Berlin)"
    early = "closed now, opens Mon 2026-11-30 09:00 (Europe/Berlin)"
    assert described(hours, monday.replace(hour=7)) == early
    assert described(ALWAYS, monday).startswith("always open")
    every = ", ".join((date(2026, 11, 30) + timedelta(days=day)).isoformat() for day in range(-3, 760))
    never = load_hours(
        written(tmp_path, GOOD.replace("[2026-12-25]", f"[{every}]").split("[days]")[0]).parent
    )
    with pytest.raises(InputError, match="closed for good"):
        described(never.now, monday)
    assert never.never_again(monday.timestamp())
    assert not never.never_again(monday.timestamp() - 7 * 86_400)
    assert not load_hours(None).never_again(monday.timestamp())
