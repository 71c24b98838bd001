"""Reading a ledger: finished turns with the ratings that people gave them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from graph.errors import StateError
from graph.records.codec import E, RecordError, from_line
from graph.turn import Feedback, Transcript, TurnRecord

TURNS = "turns.jsonl"
FEEDBACK = "feedback.jsonl"
TRANSCRIPTS = "transcripts.jsonl"


@dataclass(frozen=True, slots=True)
class RatedTurn:
    """A turn and the ratings in force: at most one a person, none that was taken back."""

    record: TurnRecord
    ratings: tuple[Feedback, ...] = ()


@dataclass(frozen=True, slots=True)
class LedgerView:
    """A ledger as it stood when it was read, oldest turn first."""

    turns: tuple[RatedTurn, ...]
    notes: tuple[str, ...] = ()
    """One sentence for each thing that could not be read."""


def read_ledger(folder: Path) -> LedgerView:
    """Read the turns and ratings of a folder that may be written to meanwhile; a missing one is empty.

    Raises StateError where a file is there and cannot be opened.
    """
    turns, broken = read_entries(TurnRecord, folder / TURNS)
    feedback, broken_too = read_entries(Feedback, folder / FEEDBACK)
    return join(turns, feedback, (*broken, *broken_too))


def read_transcripts(folder: Path) -> tuple[tuple[Transcript, ...], tuple[str, ...]]:
    """Read the transcripts of a folder, the newest of each turn, and the notes on what could not be read."""
    entries, notes = read_entries(Transcript, folder / TRANSCRIPTS)
    return tuple({entry.turn_id: entry for entry in entries}.values()), notes


def join(turns: Iterable[TurnRecord], feedback: Iterable[Feedback], notes: Iterable[str] = ()) -> LedgerView:
    """Join turns with their ratings: the last record of a turn counts, and a person's latest rating."""
    records = {record.turn_id: record for record in turns}
    latest: dict[tuple[str, str], Feedback] = {}
    for entry in feedback:
        seen = latest.get((entry.turn_id, entry.person))
        if seen is None or entry.at >= seen.at:
            latest[entry.turn_id, entry.person] = entry
    ratings: dict[str, list[Feedback]] = {}
    for entry in latest.values():
        if entry.value is not None:
            ratings.setdefault(entry.turn_id, []).append(entry)
    rated = [RatedTurn(record, tuple(ratings.get(turn_id, ()))) for turn_id, record in records.items()]
    strays = sum(len(given) for turn_id, given in ratings.items() if turn_id not in records)
    more = (f"{strays} rating(s) are of turns that are not in the ledger.",) if strays else ()
    return LedgerView(tuple(sorted(rated, key=lambda turn: turn.record.received_at)), (*notes, *more))


def read_entries(kind: type[E], path: Path) -> tuple[list[E], tuple[str, ...]]:
    """Read one file in the order of writing; lines that cannot be read are skipped and said."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return [], ()
    except OSError as error:
        raise StateError(f"{path} cannot be read ({error.strerror}). Check who owns the file.") from None
    lines = data.split(b"\n")
    entries: list[E] = []
    notes: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            entries.append(from_line(kind, line))
        except RecordError as error:
            # What follows the last line break was cut while it was written, or is being written now.
            torn = number == len(lines)
            notes.append(_torn(path, number) if torn else f"{path.name} line {number} is skipped: {error}.")
    return entries, tuple(notes)


def _torn(path: Path, number: int) -> str:
    return f"{path.name} line {number}, the last, is skipped: it was not written to its end."
