"""The history of nightly live runs: a line a case and night, in a file that only grows."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.suite.report import CaseResult
from evals.suite.run_info import RunInfo, case_fingerprint
from evals.suite.tally import tally
from evals.suite.trial import Source, Trial
from graph.errors import InputError
from graph.knowledge import Knowledge
from graph.records.codec import RecordError, from_line, to_line


@dataclass(frozen=True, slots=True)
class Night:
    """What one case came to in one nightly run."""

    run: str
    at: str
    """When the run began: ISO 8601, UTC."""
    case: str
    like: str
    """Fingerprint of the case, the prompts and the passages that it met: only alike nights are compared."""
    models: dict[str, str]
    """Tier -> the model that answered in it."""
    source: Source
    trials: int
    passes: int
    escalated: int
    usd: float | None
    """Mean of a conversation."""
    first_words_ms: float | None
    """Mean of a turn."""


def nights_of(info: RunInfo, results: Iterable[CaseResult], knowledge: Knowledge) -> list[Night]:
    """Return a run's lines; cases of which nothing is known have none."""
    known = [result for result in results if result.known]
    models = _models(known)
    versions = _versions(known)
    return [_night(info, result, knowledge, models, versions) for result in known]


def _night(
    info: RunInfo, result: CaseResult, knowledge: Knowledge, models: dict[str, str], versions: str
) -> Night:
    counted = tally(result, info.source)
    return Night(
        run=info.id,
        at=info.started,
        case=result.case.id,
        like=_digest(case_fingerprint(result.case), versions, *_passages(result.known[0], knowledge)),
        models=models,
        source=info.source,
        trials=counted.trials,
        passes=counted.passes,
        escalated=counted.escalated,
        usd=counted.usd,
        first_words_ms=counted.first_words_ms,
    )


def read_history(file: Path) -> tuple[list[Night], str]:
    """Read a history, the oldest night first, and a note on a last line that was cut off.

    Raises InputError naming the line that is none.
    """
    try:
        lines = file.read_bytes().split(b"\n")
    except FileNotFoundError:
        return [], ""
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}); give a file of JSON lines") from None
    torn = f"{file}:{len(lines)}: the last line was cut off and is skipped." if lines[-1] else ""
    nights = [_read(file, number, line) for number, line in enumerate(lines[:-1], 1) if line.strip()]
    return sorted(nights, key=lambda night: night.at), torn


def add_nights(file: Path, nights: Sequence[Night]) -> bool:
    """Add a run's lines at the end; tells whether it did, which it does once a run."""
    there, torn = read_history(file)
    if not nights or nights[0].run in {night.run for night in there}:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as history:
        # A line of its own for what was cut off before would be no line of a history: it is taken away.
        if torn:
            history.truncate(file.read_bytes().rfind(b"\n") + 1)
        history.write("".join(f"{to_line(night)}\n" for night in nights).encode())
    return True


def _read(file: Path, number: int, line: bytes) -> Night:
    try:
        return from_line(Night, line)
    except RecordError as error:
        raise InputError(f"{file}:{number}: this is no line of a history: {error}") from None


def _calls(results: Iterable[CaseResult]) -> Iterator[tuple[str, str, dict[str, str]]]:
    trials = (trial for result in results for trial in result.known)
    for turn in (turn for trial in trials for turn in trial.turns):
        for call in turn.record.calls:
            yield call.tier, call.model, call.prompt_versions


def _models(results: Sequence[CaseResult]) -> dict[str, str]:
    """Return the model of each tier: the one that was asked most, as another may stand in for a while."""
    asked = Counter((tier, model) for tier, model, _ in _calls(results))
    return {tier: model for (tier, model), _ in reversed(asked.most_common())}


def _versions(results: Sequence[CaseResult]) -> str:
    return repr(sorted({each for _, _, versions in _calls(results) for each in versions.items()}))


def _passages(trial: Trial, knowledge: Knowledge) -> Iterator[str]:
    """Yield what the first question found, by its text: later ones depend on the answers."""
    for name in trial.turns[0].passages if trial.turns else ():
        passage = knowledge.open_to("internal").passage(name)
        yield passage.hash if passage else name


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:16]
