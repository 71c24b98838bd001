"""hours.toml: when people are there, taken over as soon as it is saved."""

from __future__ import annotations

import re
import time
import tomllib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.people.hours import ALWAYS, MINUTES, Hours, Span
from graph.errors import InputError

NAME = "hours.toml"
CHECK_EVERY = 1.0
"""Seconds between two looks at the file."""
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MOST_REMINDERS = 5

log = structlog.get_logger()

_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)", re.ASCII)
_NO_SPAN = 'it must be like "09:00-17:30"; until midnight is "18:00-24:00", over midnight "22:00-02:00"'
_WRONG = {
    "extra_forbidden": "there is no such key here; there are {keys}",
    "list_type": 'it must be a list, such as ["09:00-12:30", "13:30-18:00"]',
    "date_type": "it must be a date without quotes, such as 2026-12-25",
    "string_type": "it must be a text in quotes",
}
_KEYS = {"": "zone, open, closed, days, remind_after", "open": ", ".join(WEEKDAYS)}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Week(_Strict):
    monday: list[str] = []
    tuesday: list[str] = []
    wednesday: list[str] = []
    thursday: list[str] = []
    friday: list[str] = []
    saturday: list[str] = []
    sunday: list[str] = []


class _File(_Strict):
    zone: str | None = None
    open: _Week | None = None
    closed: list[date] = []
    days: dict[str, list[str]] = Field(default_factory=dict)
    remind_after: Any = list(ALWAYS.remind_after)


class _Wrong(Exception):
    """What is wrong at one place of the file."""

    def __init__(self, place: Sequence[str | int], problem: str) -> None:
        super().__init__(problem)
        self.place = place


def read_hours(path: Path) -> Hours:
    """Read the file; raises InputError naming the file, the line, the key, and what is allowed there.

    A file in which every entry is a comment says nothing: people are always there.
    """
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable as TOML: {error}") from None
    if not values:
        return ALWAYS
    try:
        return _hours(_File.model_validate(values))
    except ValidationError as error:
        first = error.errors()[0]
        place: Sequence[str | int] = first["loc"]
        keys = _KEYS["open" if len(place) > 1 and place[0] == "open" else ""]
        problem = _WRONG.get(first["type"], first["msg"]).format(keys=keys)
    except _Wrong as wrong:
        place, problem = wrong.place, str(wrong)
    raise InputError(f"{path}{_line(text, place)}: {_name(place)}: {problem}")


def _hours(file: _File) -> Hours:
    week = _week(file.open) if file.open else ALWAYS.week
    if not any(week):
        problem = f"no day has hours; give at least one of {', '.join(WEEKDAYS)}, or take the file away"
        raise _Wrong(("open",), problem)
    days: dict[date, tuple[Span, ...]] = dict.fromkeys(file.closed, ())
    for name, listed in file.days.items():
        day = _date(name)
        if day in days:
            raise _Wrong(("days", name), "this day is in `closed` too; take it out of one")
        days[day] = _spans(("days", name), listed)
    if file.zone is None and (file.open or days):
        problem = 'it is missing; give the time zone that the hours are in, such as "Europe/Berlin"'
        raise _Wrong(("zone",), problem)
    return Hours(_zone("UTC" if file.zone is None else file.zone), week, days, _reminders(file.remind_after))


def _week(file: _Week) -> tuple[tuple[Span, ...], ...]:
    return tuple(_spans(("open", day), getattr(file, day)) for day in WEEKDAYS)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        # What is no key, a folder, or not there.
        problem = f'{name!r} is no time zone; it must be like "Europe/Berlin", "America/New_York" or "UTC"'
        raise _Wrong(("zone",), problem) from None


def _date(name: str) -> date:
    try:
        return date.fromisoformat(name)
    except ValueError:
        raise _Wrong(("days", name), "it must be a date, such as 2026-12-24") from None


def _spans(place: tuple[str, ...], texts: Sequence[str]) -> tuple[Span, ...]:
    found: list[Span] = []
    for number, text in enumerate(texts):
        read = _SPAN.fullmatch(text.replace(" ", ""))
        numbers = [int(part) for part in read.groups()] if read else [0, 0, 0, 0]
        begins, ends = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
        if read is None or begins >= MINUTES or ends > MINUTES or begins == ends:
            raise _Wrong((*place, number), f"{text!r} is no span; {_NO_SPAN}")
        if found and begins < found[-1].ends:
            raise _Wrong((*place, number), f"{text!r} begins before the span in front of it has ended")
        found.append(Span(begins, ends if ends > begins else ends + MINUTES))
    return tuple(found)


def _reminders(value: Any) -> tuple[float, ...]:
    """Read after how many minutes is reminded; 0 and an empty list are never."""
    listed = value if isinstance(value, list) else [value]
    for number in listed:
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number < 100_000:
            raise _Wrong(("remind_after",), "it must be minutes, such as [15, 60]; 0 reminds nobody")
    after = tuple(float(number) for number in listed if number)
    if list(after) != sorted(set(after)) or len(after) > MOST_REMINDERS:
        problem = f"it must be up to {MOST_REMINDERS} numbers of minutes, each larger than the one before"
        raise _Wrong(("remind_after",), problem)
    return after


def _name(place: Sequence[str | int]) -> str:
    """Write where something is; of a list, which entry, counted from 1."""
    parts = [f"entry {part + 1}" if isinstance(part, int) else part for part in place if part != "[key]"]
    return ".".join(parts).replace(".entry", ", entry")


def _line(text: str, place: Sequence[str | int]) -> str:
    """Return the line on which a key stands, as far as it can be found: ` line 7`."""
    keys = [part for part in place if isinstance(part, str) and part != "[key]"]
    for key in reversed(keys):
        written = re.compile(rf"\s*\[?[\"']?{re.escape(key)}[\"']?\s*[\]=]")
        found = [number for number, line in enumerate(text.split("\n"), 1) if written.match(line)]
        if found:
            return f" line {found[0]}"
    return ""


class BusinessHours:
    """The hours as the file has them now; a broken file leaves the last good one in force."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._stamp = self._look()
        self._next_look = time.monotonic() + CHECK_EVERY
        self._hours = read_hours(path) if path and self._stamp else ALWAYS

    @property
    def now(self) -> Hours:
        """The hours in force; looks at the file at most once a second, and logs a broken one once."""
        clock = time.monotonic()
        if self._path is not None and clock >= self._next_look:
            self._next_look = clock + CHECK_EVERY
            stamp = self._look()
            if stamp != self._stamp:
                self._stamp = stamp
                self._take(self._path if stamp else None)
        return self._hours

    def never_again(self, at: float) -> bool:
        """Tell whether nobody is ever there from a time on, since every day of the file's is closed."""
        hours = self.now
        return hours is not ALWAYS and hours.opens_next(datetime.fromtimestamp(at, UTC)) is None

    def back_at(self, at: float) -> datetime | None:
        """Return when people are back, on their clock; None while they are there, or never come again."""
        hours, moment = self.now, datetime.fromtimestamp(at, UTC)
        return None if hours.is_open(moment) else hours.opens_next(moment)

    def seconds(self, begin: float, end: float) -> float:
        """Return for how many seconds between two times (since the epoch) people were there."""
        moments = (datetime.fromtimestamp(at, UTC) for at in (begin, end))
        return self.now.business_seconds(*moments)

    def _take(self, path: Path | None) -> None:
        try:
            self._hours = read_hours(path) if path else ALWAYS
        except InputError as error:
            log.warning("hours.wrong", problem=str(error))
            return
        log.info("hours.changed", zone=self._hours.zone.key)

    def _look(self) -> tuple[int, int] | None:
        """Return what tells whether the file has changed; None where there is none."""
        try:
            status = self._path.stat() if self._path else None
        except OSError:
            return None
        return (status.st_mtime_ns, status.st_size) if status else None


def load_hours(home: Path | None) -> BusinessHours:
    """Open an adopter's hours.toml; raises InputError where it is broken. Without one it is always open."""
    return BusinessHours(home / NAME if home else None)


def described(hours: Hours, at: datetime) -> str:
    """Say in a line whether it is open now, or when it opens; raises InputError where it never does."""
    if hours is ALWAYS:
        return f"always open: there is no {NAME} with hours"
    opens = hours.opens_next(at)
    if opens is None:
        raise InputError(f"{NAME}: closed for good: each day to come is `closed`, or has no hours")
    zone = hours.zone.key
    if hours.is_open(at):
        return f"open now ({zone})"
    return f"closed now, opens {opens:%a %Y-%m-%d %H:%M} ({zone})"
