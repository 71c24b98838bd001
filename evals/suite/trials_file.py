"""`cases.jsonl`: one trial a line, written as trials end, read back one case at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, overload

from evals.suite.case import Case
from evals.suite.report import CaseResult
from evals.suite.trial import Source, Status, Trial
from graph.errors import InputError
from graph.records.codec import RecordError, from_line, to_line
from graph.records.files import unwritable

NAME = "cases.jsonl"
KNOWN: tuple[Status, ...] = ("passed", "failed")


@dataclass(slots=True)
class TrialsFile:
    """The trials of a run by case and number; keeps where each line begins, never what it holds.

    Of two lines for the same trial, the later one counts. A last line that was cut off, as by a crash, is
    skipped, said in `torn`, and taken away before the next one is written. Raises InputError naming the line
    that is not a trial.
    """

    path: Path
    torn: str = ""
    sources: set[Source] = field(default_factory=set)
    """Where the words of the trials came from."""
    _places: dict[str, dict[int, tuple[int, Status]]] = field(default_factory=dict)
    _end: int = 0
    """Where the last whole line ends."""
    _file: BinaryIO | None = None

    def __post_init__(self) -> None:
        if self.path.exists():
            with self.path.open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    self._scan(number, line)

    def append(self, trial: Trial) -> None:
        """Write a trial at the end; returns when the file has it, and raises InputError where it cannot."""
        line = to_line(trial).encode() + b"\n"
        try:
            file = self._open()
            file.seek(self._end)
            file.write(line)
            file.flush()
        except OSError as error:
            raise InputError(unwritable(self.path, error)) from None
        self._note(trial, len(line))

    @property
    def source(self) -> Source:
        """Where the run's words came from; a single one of a stand-in makes it one."""
        return next((source for source in ("stand-in", "live") if source in self.sources), "none")

    def known(self, case: str, number: int) -> bool:
        """Tell whether a trial is there that says something about the bot."""
        _, status = self._places.get(case, {}).get(number, (0, "error"))
        return status in KNOWN

    def written(self, case: str, number: int) -> bool:
        """Tell whether a trial is there, whatever came of it."""
        return number in self._places.get(case, {})

    def of(self, case: str) -> tuple[Trial, ...]:
        """Read the trials of a case, in order of their numbers."""
        places = sorted(self._places.get(case, {}).items())
        if not places:
            return ()
        with self.path.open("rb") as file:
            return tuple(_trial_at(file, place) for _, (place, _) in places)

    def close(self) -> None:
        """Close what is written to; reading opens the file for itself."""
        if self._file:
            self._file.close()
            self._file = None

    def _open(self) -> BinaryIO:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch()
            self._file = self.path.open("r+b")
            self._file.truncate(self._end)
        return self._file

    def _scan(self, number: int, line: bytes) -> None:
        if not line.endswith(b"\n"):
            self.torn = f"{self.path}:{number}: the last line was cut off and is skipped."
            return
        try:
            trial = from_line(Trial, line)
        except RecordError as error:
            raise InputError(f"{self.path}:{number}: this is no trial of a run: {error}") from None
        self._note(trial, len(line))

    def _note(self, trial: Trial, length: int) -> None:
        self._places.setdefault(trial.case, {})[trial.number] = (self._end, trial.status)
        self.sources.add(trial.source)
        self._end += length


def _trial_at(file: BinaryIO, place: int) -> Trial:
    file.seek(place)
    return from_line(Trial, file.readline())


class Results(Sequence[CaseResult]):
    """The results of a run, read from its file whenever they are looked at: thousands take no memory.

    `times` is how often each case was to be played; None leaves it to the case.
    """

    def __init__(self, cases: Sequence[Case], trials: TrialsFile, times: int | None = None) -> None:
        self._cases = cases
        self._trials = trials
        self._times = times

    def __len__(self) -> int:
        return len(self._cases)

    @overload
    def __getitem__(self, place: int) -> CaseResult: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[CaseResult]: ...
    def __getitem__(self, place: int | slice) -> CaseResult | Sequence[CaseResult]:
        """Return one result, or some of them."""
        if isinstance(place, slice):
            return Results(self._cases[place], self._trials, self._times)
        case = self._cases[place]
        return CaseResult(case, self._trials.of(case.id), self._times or case.trials.n)

    def __iter__(self) -> Iterator[CaseResult]:
        return (self[place] for place in range(len(self)))
