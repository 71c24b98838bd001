"""The trial that is being played, as its models see it: a context that reaches them through the graph.

A miss or a refusal is noted here and not raised: the graph would take it for a vendor's fault, ask the next
model, and open a breaker that other trials share.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace

from evals.recording.changes import Miss
from evals.recording.recording import RecordedSource, Recording, TurnTimes, source_of_all
from evals.recording.store import Store
from graph.models import Done, Event, Text
from graph.tiers import EXTRACTIVE
from graph.turn import Call, TurnRecord, Usage

NOTHING: tuple[Event, ...] = (Text("(There is no answer.)"), Done("end", Usage()))
"""Played where there is nothing to play: it ends the turn, and nobody reads it as the trial is void."""


@dataclass(slots=True)
class Playing:
    """What the models of one trial did."""

    case: str
    number: int
    calls: list[Recording] = field(default_factory=list)
    """Calls that came to something, in their order, the trial's own and those that were played back."""
    fresh: set[str] = field(default_factory=set)
    """Fingerprints of those that were made now."""
    faults: set[str] = field(default_factory=set)
    """Fingerprints of calls that came to nothing."""
    misses: list[Miss] = field(default_factory=list)
    refused: str = ""
    """Why the budget let a call not be made; empty where it did not come to that."""
    waited: bool = False
    """Whether a call of this turn waited for the budget, so that the turn's times are no one's."""
    store: Store | None = None
    """Where the trial is to be kept."""
    _told: int = 0

    @property
    def whole(self) -> bool:
        """Whether every call came to something in the end: only such a trial is worth keeping."""
        return self.faults <= {call.fingerprint for call in self.calls}

    @property
    def over(self) -> bool:
        """Whether going on is in vain: nothing that follows can count."""
        return bool(self.misses or self.refused)

    @property
    def source(self) -> RecordedSource | None:
        """Where the words came from; None where no model said any."""
        return source_of_all(call.source for call in self.calls)

    def finished(self, record: TurnRecord) -> TurnRecord:
        """Take a turn's record, and return it with the times that customers would have seen."""
        mine, self._told = self.calls[self._told :], len(self.calls)
        waited, self.waited = self.waited, False
        played = [call for call in mine if call.fingerprint not in self.fresh]
        if mine and not played:
            times = None if waited else TurnTimes(record.first_words_ms, record.total_ms)
            self.calls[-1] = replace(mine[-1], turn=times)
            return record
        return _with_times(record, mine, played) if played else record


_now: ContextVar[Playing | None] = ContextVar("playing", default=None)


@contextmanager
def playing(case: str, number: int) -> Iterator[Playing]:
    """Tell every model that is asked within which trial of which case this is."""
    played = Playing(case, number)
    token = _now.set(played)
    try:
        yield played
    finally:
        _now.reset(token)


def now_playing() -> Playing | None:
    """Return the trial that is being played; None outside of one."""
    return _now.get()


def timed(record: TurnRecord) -> TurnRecord:
    """Return a finished turn's record with the times that customers would have seen; call it once a turn."""
    played = now_playing()
    return played.finished(record) if played else record


def _with_times(record: TurnRecord, mine: list[Recording], played: list[Recording]) -> TurnRecord:
    """Put recorded times in place of those of a replay, which waits for nothing."""
    times = mine[-1].turn if len(played) == len(mine) else None
    if times is None:
        waits = sum(call.total_ms for call in played)
        times = TurnTimes(None, round(record.total_ms + waits, 1))
    calls = [call for call in record.calls if call.provider != EXTRACTIVE]
    timed = dict(zip(map(id, calls), mine, strict=False)) if len(calls) == len(mine) else {}
    return replace(
        record,
        calls=tuple(_timed(call, timed.get(id(call))) for call in record.calls),
        first_words_ms=times.first_words_ms,
        total_ms=times.total_ms,
    )


def _timed(call: Call, recording: Recording | None) -> Call:
    return replace(call, ttft_ms=recording.ttft_ms, total_ms=recording.total_ms) if recording else call
