"""Where finished turns, ratings and transcripts are kept: files without a server, Redis with one."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol

from bot.files import LineFile
from bot.inbox import Write
from graph.errors import StateError
from graph.records.codec import Entry, to_line
from graph.records.ledger import (
    FEEDBACK,
    TRANSCRIPTS,
    TURNS,
    LedgerView,
    read_ledger,
    read_transcripts,
)
from graph.records.redact import redact_transcript
from graph.turn import Feedback, Transcript, TurnRecord

DAY = 86_400.0
KEEP_TURNS_DAYS = 90
KEEP_TEXT_DAYS = 30
ANSWERED_WITHIN_S = DAY
"""A message that waited for longer was answered by nobody, or by a person."""


class Ledger(Protocol):
    """Keeps what happened, each kind for its own number of days; a fault is a StateError."""

    async def write(self, record: TurnRecord) -> None:
        """Keep a finished turn; the same turn written again replaces the first."""
        ...

    def writes(self, record: TurnRecord, transcript: Transcript) -> tuple[Write, ...]:
        """Return what `write` and `transcript` do, for who does it in one step with something else in Redis.

        Empty where the ledger is not in Redis: then both must be called.
        """
        ...

    async def transcript(self, transcript: Transcript) -> None:
        """Keep a turn's words, redacted here whether or not they were before."""
        ...

    async def feedback(self, feedback: Feedback) -> None:
        """Keep a rating; the latest of a person counts for a turn."""
        ...

    async def view(self) -> LedgerView:
        """Read turns and ratings joined, oldest first."""
        ...

    async def recent(self, since: float, most: int) -> LedgerView:
        """Read at most so many of the last turns since a time, with their ratings, oldest first."""
        ...

    async def turns(self) -> tuple[TurnRecord, ...]:
        """Read the turns, oldest first."""
        ...

    async def feedback_entries(self) -> tuple[Feedback, ...]:
        """Read the ratings in force of the turns that are kept."""
        ...

    async def transcripts(self) -> tuple[Transcript, ...]:
        """Read the transcripts, oldest first."""
        ...

    async def forget(self, *, customer: str | None = None, conversation: str | None = None) -> int:
        """Erase what is known of a customer, or of a conversation; with both, only what fits both.

        Returns how many turns, ratings and transcripts were erased.
        """
        ...

    async def erase(self, message: str, at: float) -> int:
        """Erase the words of the turns that answered a message of this time; what they came to stays.

        Returns how many transcripts were erased.
        """
        ...

    async def close(self) -> None:
        """Give files and connections back."""
        ...


class FileLedger:
    """A ledger of three append-only files of JSON lines, which another process may read at any time.

    Writes are not handed to a thread: they go to the page cache, sooner than the handing over is done.
    """

    def __init__(
        self,
        folder: Path,
        *,
        keep_turns_days: int = KEEP_TURNS_DAYS,
        keep_text_days: int = KEEP_TEXT_DAYS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder = folder
        self._clock = clock
        self._turns = LineFile(folder / TURNS)
        self._feedback = LineFile(folder / FEEDBACK)
        self._texts = LineFile(folder / TRANSCRIPTS)
        self._days = {
            self._turns: keep_turns_days,
            self._feedback: keep_turns_days,
            self._texts: keep_text_days,
        }
        self._next_drop = 0.0
        # A full or read-only disk must keep nobody from reading; the first write tries again, and says so.
        with suppress(StateError):
            self._drop_expired()

    async def write(self, record: TurnRecord) -> None:
        self._append(self._turns, record)

    def writes(self, record: TurnRecord, transcript: Transcript) -> tuple[Write, ...]:  # noqa: ARG002  # as the protocol has it
        return ()

    async def transcript(self, transcript: Transcript) -> None:
        if self._days[self._texts]:
            self._append(self._texts, redact_transcript(transcript))

    async def feedback(self, feedback: Feedback) -> None:
        self._append(self._feedback, feedback)

    async def view(self) -> LedgerView:
        return read_ledger(self.folder)

    async def recent(self, since: float, most: int) -> LedgerView:
        view = await self.view()
        found = [turn for turn in view.turns if turn.record.received_at >= since]
        return LedgerView(tuple(found[-most:]), view.notes)

    async def turns(self) -> tuple[TurnRecord, ...]:
        return tuple(turn.record for turn in (await self.view()).turns)

    async def feedback_entries(self) -> tuple[Feedback, ...]:
        return tuple(rating for turn in (await self.view()).turns for rating in turn.ratings)

    async def transcripts(self) -> tuple[Transcript, ...]:
        return tuple(sorted(read_transcripts(self.folder)[0], key=lambda transcript: transcript.at))

    async def forget(self, *, customer: str | None = None, conversation: str | None = None) -> int:
        wanted = fields_wanted(customer, conversation)
        gone = {turn.turn_id for turn in await self.turns() if fits(turn, wanted)}
        gone |= {text.turn_id for text in await self.transcripts() if fits(text, wanted)}
        # A rating names neither customer nor conversation: it goes with its turn, or with its giver.
        rater = customer if conversation is None else None
        erased = self._turns.keep(lambda line: not _about(line, wanted))
        erased += self._texts.keep(lambda line: not _about(line, wanted))
        return erased + self._feedback.keep(lambda line: not _rating_of(line, gone, rater))

    async def erase(self, message: str, at: float) -> int:  # noqa: ARG002  # as the protocol has it
        answered = {turn.turn_id for turn in await self.turns() if message in turn.messages}
        return self._texts.keep(lambda line: (_parsed(line) or {}).get("turn_id") not in answered)

    async def close(self) -> None:
        for file in self._days:
            file.close()

    def _append(self, file: LineFile, entry: Entry) -> None:
        if not self._days[file]:
            return
        if self._clock() >= self._next_drop:
            self._drop_expired()
        file.append(to_line(entry))

    def _drop_expired(self) -> None:
        now = self._clock()
        for file, days in self._days.items():
            file.keep(partial(_is_since, now - days * DAY))
        self._next_drop = now + DAY


_AT = re.compile(rb'"(?:received_at|at)": ?(-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)')


def _is_since(since: float, line: bytes) -> bool:
    found = _AT.search(line)
    # A line that does not say when it was goes: nobody's words outstay their time because they were torn.
    return found is not None and float(found[1]) > since


def fields_wanted(customer: str | None, conversation: str | None) -> dict[str, str]:
    """Return the fields that an entry must have to be forgotten; raises ValueError where none is named."""
    fields = {"customer": customer, "conversation": conversation}
    wanted = {name: value for name, value in fields.items() if value is not None}
    if not wanted:
        raise ValueError("Name the customer or the conversation that is to be forgotten.")
    return wanted


def fits(entry: TurnRecord | Transcript, wanted: dict[str, str]) -> bool:
    """Tell whether an entry is of the customer and conversation wanted."""
    return all(getattr(entry, name) == value for name, value in wanted.items())


def _about(line: bytes, wanted: dict[str, str]) -> bool:
    data = _parsed(line)
    if data is None:  # torn: what names them is erased all the same
        return all(value.encode("utf-8", "replace") in line for value in wanted.values())
    return all(data.get(name) == value for name, value in wanted.items())


def _rating_of(line: bytes, turns: set[str], rater: str | None) -> bool:
    data = _parsed(line) or {}
    return data.get("turn_id") in turns or (rater is not None and data.get("person") == rater)


def _parsed(line: bytes) -> dict[str, object] | None:
    try:
        data = json.loads(line)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None
