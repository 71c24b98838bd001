"""Opening hours, against a clock that is read minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.people.hours import ALWAYS, MINUTES, Hours, Span

MINUTE = timedelta(minutes=1)
# Europe and America change at other times, Lord Howe by half an hour; Kathmandu is 5:45 ahead.
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo",
    "Africa/Casablanca",
)  # fmt: skip
CHANGES = (
    datetime(2026, 3, 29, tzinfo=UTC),
    datetime(2026, 10, 25, tzinfo=UTC),
    datetime(2026, 3, 8, tzinfo=UTC),
    datetime(2026, 11, 1, tzinfo=UTC),
    datetime(2026, 4, 4, tzinfo=UTC),
    datetime(2026, 10, 3, tzinfo=UTC),
    datetime(2026, 6, 10, tzinfo=UTC),
)
BERLIN = ZoneInfo("Europe/Berlin")


def some_spans(marks: set[int], over_midnight: int) -> tuple[Span, ...]:
    """Make the spans of a day: some, none over another, the last perhaps over midnight."""
    found = [Span(begins, ends) for begins, ends in pairwise(sorted(marks))][::2]
    if found and over_midnight:
        found[-1] = Span(found[-1].begins, MINUTES + over_midnight)
    return tuple(found)


SPANS = st.builds(some_spans, st.sets(st.integers(0, MINUTES), max_size=6), st.just(0) | st.integers(1, 600))


@st.composite
def hours(draw: st.DrawFn) -> Hours:
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    near = draw(st.sampled_from(CHANGES)).date()
    dates = st.integers(-3, 3).map(lambda day: near + timedelta(days=day))
    days = draw(st.dictionaries(dates, SPANS, max_size=2))
    return Hours(zone, tuple(draw(SPANS) for _ in range(7)), days)


@st.composite
def moments(draw: st.DrawFn) -> datetime:
    minutes = draw(st.integers(-2 * MINUTES, 2 * MINUTES))
    return draw(st.sampled_from(CHANGES)) + minutes * MINUTE


def clock(at: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clock on the wall shows."""
    return at.astimezone(zone).replace(tzinfo=None)


def by_reading_the_clock(of: Hours, begin: datetime, end: datetime) -> dict[datetime, bool]:
    """Tell for each minute whether it is open, from what the clock shows alone."""
    start = begin - timedelta(days=3)
    count = int((end - start) / MINUTE) + 3 * MINUTES
    minutes = [start + number * MINUTE for number in range(count)]
    shows = [clock(minute, of.zone) for minute in minutes]
    opened = [False] * count
    day = shows[0].date() + timedelta(days=1)
    while day < shows[-1].date() - timedelta(days=1):
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001
        for span in of.days.get(day, of.week[day.weekday()]):
            begins, ends = midnight + span.begins * MINUTE, midnight + span.ends * MINUTE
            first = next(i for i, shown in enumerate(shows) if shown >= begins)
            last = next(i for i in range(len(shows) - 1, -1, -1) if shows[i] < ends)
            for i in range(first, last + 1):
                opened[i] = True
        day += timedelta(days=1)
    return dict(zip(minutes, opened, strict=True))


@settings(max_examples=25, deadline=None)
@given(hours(), moments(), st.integers(0, MINUTES))
def test_every_minute_is_as_the_clock_says(of: Hours, begin: datetime, length: int) -> None:
    end = begin + length * MINUTE
    read = by_reading_the_clock(of, begin, end)
    wanted = [minute for minute in read if begin <= minute < end]
    for minute in wanted[::7]:
        assert of.is_open(minute) == read[minute]
    assert of.business_seconds(begin, end) == 60 * sum(read[minute] for minute in wanted)


@settings(max_examples=25, deadline=None)
@given(hours(), moments())
def test_the_next_opening_is_the_first_open_minute(of: Hours, at: datetime) -> None:
    found = of.opens_next(at)
    read = by_reading_the_clock(of, at, at + timedelta(days=1))
    first = next((minute for minute, opened in read.items() if opened and minute >= at), None)
    assert first is None or found == first
    if found is not None:
        assert of.is_open(found)
        assert found.tzinfo is of.zone
        assert of.business_seconds(at, found) == 0


@settings(max_examples=100, deadline=None)
@given(hours(), moments(), st.integers(0, 4 * MINUTES), st.integers(0, 4 * MINUTES))
def test_two_stretches_count_as_much_as_the_whole(of: Hours, begin: datetime, one: int, two: int) -> None:
    middle = begin + one * MINUTE
    end = middle + two * MINUTE
    parts = of.business_seconds(begin, middle) + of.business_seconds(middle, end)
    assert of.business_seconds(begin, end) == pytest.approx(parts)
    assert of.business_seconds(end, begin) <= 0 or begin == end


def office(*spans: Span, days: dict[date, tuple[Span, ...]] | None = None) -> Hours:
    return Hours(BERLIN, (spans,) * 5 + ((), ()), days or {})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def test_it_closes_for_lunch_for_the_weekend_and_for_holidays() -> None:
    easter = {date(2026, 4, 3): (), date(2026, 4, 6): (), date(2026, 4, 2): (Span(540, 720),)}
    of = office(Span(540, 750), Span(810, 1080), days=easter)
    assert of.is_open(at("2026-04-02T09:00"))
    assert not of.is_open(at("2026-04-02T12:00"))
    assert of.opens_next(at("2026-04-02T12:00")) == at("2026-04-07T09:00")
    assert of.opens_next(at("2026-04-07T12:30")) == at("2026-04-07T13:30")
    assert of.opens_next(at("2026-04-07T13:31")) == at("2026-04-07T13:31")
    assert of.business_seconds(at("2026-04-02T11:00"), at("2026-04-07T10:00")) == 2 * 3600


def test_a_span_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    of = Hours(BERLIN, ((),) * 4 + ((Span(22 * 60, 26 * 60),), (), ()), {date(2026, 12, 25): ()})
    assert of.is_open(at("2026-12-19T01:59"))
    assert not of.is_open(at("2026-12-19T02:00"))
    assert of.opens_next(at("2026-12-19T02:00")) == at("2027-01-01T22:00")  # the 25th is a holiday


def test_in_spring_an_hour_is_missing_and_in_autumn_one_comes_twice() -> None:
    night = Hours(BERLIN, ((Span(60, 210),),) * 7)
    spring, autumn = at("2026-03-29T00:00"), at("2026-10-25T00:00")
    assert night.business_seconds(spring, spring + timedelta(days=1)) == 1.5 * 3600
    assert night.business_seconds(autumn, autumn + timedelta(days=1)) == 3.5 * 3600
    assert night.business_seconds(at("2026-03-29T01:30"), at("2026-03-29T03:20")) == 50 * 60
    late = Hours(BERLIN, ((Span(150, 600),),) * 7)
    assert late.opens_next(spring) == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_a_day_that_was_left_out_is_not_open() -> None:
    of = Hours(ZoneInfo("Pacific/Apia"), ((Span(540, 1020),),) * 7)
    left_out = datetime(2011, 12, 29, 17, tzinfo=of.zone)
    assert of.opens_next(left_out) == datetime(2011, 12, 31, 9, tzinfo=of.zone)


def test_who_says_no_hours_is_always_there() -> None:
    now = datetime.now(UTC)
    assert ALWAYS.is_open(now)
    assert ALWAYS.opens_next(now) == now
    assert ALWAYS.business_seconds(now, now + timedelta(days=40)) == 40 * 86_400


def test_who_is_never_there_never_opens() -> None:
    of = Hours(BERLIN, ((),) * 7)
    assert of.opens_next(at("2026-04-02T12:00")) is None
    assert of.business_seconds(at("2026-04-02T12:00"), at("2027-04-02T12:00")) == 0
