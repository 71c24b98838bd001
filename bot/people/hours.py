"""When people are there: opening hours on the clock of one place, daylight saving time and holidays included.

A span is open from the first moment at which that clock shows its beginning, until the last at which it
shows less than its end. So an hour that the clock shows twice is open both times, and one that it leaves out
is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTES = 24 * 60
"""Of a day; a span that ends after midnight ends after so many."""
AHEAD_DAYS = 750
"""How far ahead is looked for the next opening."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a day, in minutes since its midnight; one over midnight ends after MINUTES."""

    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class Hours:
    """When people are there; times that go in know their zone, times that come out are in `zone`."""

    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    """The spans that begin on each day of a week, Monday first."""
    days: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)
    """The spans that begin on a date, in place of those of its weekday; none on a holiday."""
    remind_after: tuple[float, ...] = (15.0, 60.0)
    """After how many open minutes a handoff that nobody has taken is called to mind."""

    def is_open(self, at: datetime) -> bool:
        """Tell whether somebody is there."""
        return any(begins <= at < ends for begins, ends in self._from(at, most=2))

    def opens_next(self, at: datetime) -> datetime | None:
        """Return when somebody is there: `at` itself while it is open; None where it is closed for good."""
        for begins, ends in self._from(at):
            if at < ends:
                return max(at, begins).astimezone(self.zone)
        return None

    def business_seconds(self, begin: datetime, end: datetime) -> float:
        """Return for how many seconds between two times somebody was there; 0 where `end` comes first."""
        # In one zone, times are subtracted as its clock shows them.
        reached, end, total = begin.astimezone(UTC), end.astimezone(UTC), 0.0
        for begins, ends in self._from(begin):
            if begins >= end:
                break
            # Spans that overlap count once.
            first, last = max(begins, reached), min(ends, end)
            if last > first:
                total += (last - first).total_seconds()
                reached = last
        return total

    def _from(self, at: datetime, most: int = AHEAD_DAYS) -> Iterator[tuple[datetime, datetime]]:
        """Yield what is open (from, until, in UTC), in order, from the day before a time."""
        first = at.astimezone(self.zone).date() - DAY
        for number in range(most + 1):
            day = first + number * DAY
            for span in self.days.get(day, self.week[day.weekday()]):
                begins, ends = self._moment(day, span.begins), self._moment(day, span.ends, last=True)
                if begins < ends:
                    yield begins, ends

    def _moment(self, day: date, minute: int, *, last: bool = False) -> datetime:
        """Return when the clock shows a time: the first or the last time, or when it jumps over it."""
        shown = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001
        moment = shown.replace(tzinfo=self.zone, fold=int(last)).astimezone(UTC)
        if moment.astimezone(self.zone).replace(tzinfo=None) == shown:
            return moment
        return self._jump(shown)

    def _jump(self, shown: datetime) -> datetime:
        """Return when the clock jumps over a time that it never shows."""
        before, after = (shown.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (1, 0))
        while after - before > timedelta(seconds=1):
            middle = before + (after - before) / 2
            if middle.astimezone(self.zone).replace(tzinfo=None) < shown:
                before = middle
            else:
                after = middle
        return after.replace(microsecond=0)


ALWAYS = Hours(ZoneInfo("UTC"), ((Span(0, MINUTES),),) * 7)
"""The hours of who says none."""
