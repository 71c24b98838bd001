"""Recordings in a folder of the repository, one file a case, laid out so that a review can read the diff."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, unquote

from evals.recording.fingerprint import MODEL
from evals.recording.recording import KINDS, RecordedSource, Recording, source_of_all
from graph.errors import InputError
from graph.records.codec import RecordError, from_dict, to_dict
from graph.records.files import write_whole

ITEM = " {"
"""The line on which a recording begins in a file that this module wrote."""
AGAIN = "record the case again, or take the file from the last commit"


class Store:
    """The recordings of one suite; each file is read when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._cases: dict[str, tuple[Recording, ...]] = {}

    def of(self, case: str) -> tuple[Recording, ...]:
        """Return a case's recordings in the order of trial and step; raises InputError with file and line."""
        if case not in self._cases:
            self._cases[case] = _read(self._path(case))
        return self._cases[case]

    def find(self, case: str, trial: int, fingerprint: str) -> Recording | None:
        """Return the recording of this call in this trial."""
        wanted = (trial, fingerprint)
        return next((r for r in self.of(case) if (r.trial, r.fingerprint) == wanted), None)

    def keep(self, case: str, trial: int, calls: Sequence[Recording]) -> None:
        """Put a trial's calls in place of those it had; other trials stay as they are."""
        others = [recording for recording in self.of(case) if recording.trial != trial]
        mine = [replace(call, trial=trial, step=step) for step, call in enumerate(calls, 1)]
        self._replace(case, [*others, *mine])

    def cases(self) -> tuple[str, ...]:
        """Return the ids of all cases that there is a file of, sorted."""
        return tuple(sorted(unquote(path.stem) for path in self.folder.glob("*.json")))

    def providers(self) -> frozenset[str]:
        """Return the vendors whose words are in the suite; reads every file."""
        calls = (recording for case in self.cases() for recording in self.of(case))
        return frozenset(call.components[MODEL].split(" ", 1)[0] for call in calls)

    def source(self) -> RecordedSource | None:
        """Return where the suite's words come from; None where there are none."""
        return source_of_all(recording.source for case in self.cases() for recording in self.of(case))

    def prune(self, trials: Mapping[str, int]) -> tuple[str, ...]:
        """Drop what no case uses any more, and return the ids of the cases that lost something.

        `trials` holds how often each case of the suite is played.
        """
        shrunk = []
        for case in self.cases():
            kept = [recording for recording in self.of(case) if recording.trial <= trials.get(case, 0)]
            if len(kept) < len(self.of(case)) or not kept:
                self._replace(case, kept)
                shrunk.append(case)
        return tuple(shrunk)

    def _replace(self, case: str, recordings: Iterable[Recording]) -> None:
        ordered = tuple(sorted(recordings, key=lambda recording: (recording.trial, recording.step)))
        path = self._path(case)
        if not ordered:
            path.unlink(missing_ok=True)
        elif ordered != self.of(case) or not path.exists():
            _write(path, ordered)
        self._cases[case] = ordered

    def _path(self, case: str) -> Path:
        return self.folder / f"{quote(case, safe='')}.json"


def _read(path: Path) -> tuple[Recording, ...]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); {AGAIN}") from None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        raise InputError(f"{path}:{line}: is not whole JSON ({error}); {AGAIN}") from None
    if not isinstance(found, list):
        raise InputError(f"{path}:1: should be a list of recordings; {AGAIN}")
    lines = [number for number, line in enumerate(text.split("\n"), 1) if line == ITEM]
    return tuple(_recording(path, lines, place, item) for place, item in enumerate(found))


def _recording(path: Path, lines: Sequence[int], place: int, item: object) -> Recording:
    recording: Recording
    try:
        recording = from_dict(Recording, item)
        problem = _problem(recording)
    except RecordError as error:
        problem = str(error)
    if problem:
        line = lines[place] if place < len(lines) else 1
        raise InputError(f"{path}:{line}: recording {place + 1}: {problem}; {AGAIN}")
    return recording


def _problem(recording: Recording) -> str:
    """Return what the types of the fields leave open."""
    if MODEL not in recording.components:
        return f"components.{MODEL} is missing"
    odd = (place for place, event in enumerate(recording.events) if tuple(event) not in KINDS)
    return next((f"events[{place}] is none of the kinds that there are" for place in odd), "")


def _write(path: Path, recordings: Iterable[Recording]) -> None:
    """Write a file whole or not at all."""
    write_whole(path, json.dumps([to_dict(each) for each in recordings], indent=1, ensure_ascii=False) + "\n")
