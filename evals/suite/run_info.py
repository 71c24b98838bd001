"""`run.json`: what a run is of, so that it can go on later and be compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from evals.suite.case import Case
from evals.suite.trial import Mode, Source
from evals.suite.trials_file import NAME as TRIALS
from evals.suite.trials_file import TrialsFile
from graph.errors import InputError
from graph.records.codec import to_dict
from graph.records.files import read_record, write_whole

if TYPE_CHECKING:
    from graph.support import Support

NAME = "run.json"


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a run plays, and with what; `cases` and `bot` are fingerprints."""

    id: str
    mode: Mode
    source: Source
    suite: str
    folder: str
    """Of the cases."""
    only: tuple[str, ...]
    """Ids and tags that it is limited to; empty for all."""
    times: int | None
    """Trials of each case; None leaves it to the case."""
    cases: str
    bot: str
    started: str
    """ISO 8601, UTC."""
    seconds: float = 0.0
    """How long it has taken."""
    finished: bool = False


def write_info(folder: Path, info: RunInfo) -> None:
    """Write a run's description into its folder."""
    write_whole(folder / NAME, json.dumps(to_dict(info), indent=1, ensure_ascii=False) + "\n")


def read_info(folder: Path) -> RunInfo:
    """Read a run's description; raises InputError where there is none."""
    if not (folder / NAME).exists():
        raise InputError(f"{folder} holds no run ({NAME} is missing); `evals run` makes one")
    return read_record(RunInfo, folder / NAME, "the description of a run")


def latest(runs: Path, mode: Mode | None = None) -> Path:
    """Return the folder of the latest finished run; raises InputError where there is none."""
    found = sorted(path.parent for path in runs.glob(f"*/{NAME}"))
    finished = (
        path for path in reversed(found) if (info := read_info(path)).finished and mode in (None, info.mode)
    )
    folder = next(finished, None)
    if folder is None:
        raise InputError(f"{runs} holds no finished run; `evals run` makes one")
    return folder


def same_run(info: RunInfo, cases: Iterable[Case], support: Support) -> None:
    """Raise InputError where a run cannot go on, because what it began with has changed."""
    changed = [
        what
        for what, before, now in (
            ("the cases", info.cases, cases_fingerprint(cases)),
            ("the prompts, the tiers or the articles", info.bot, bot_fingerprint(support)),
        )
        if before != now
    ]
    if changed:
        raise InputError(
            f"Run {info.id} cannot go on: {' and '.join(changed)} changed since it began. Start a new one."
        )


def case_fingerprint(case: Case) -> str:
    """Return what tells whether a case was edited; where it stands does not matter."""
    # What is as it was before there were audiences counts as unedited.
    audience = "" if case.audience == "internal" else case.audience
    return _digest(repr(replace(case, where="")) + audience)


def cases_fingerprint(cases: Iterable[Case]) -> str:
    """Return what tells whether any of these cases was edited."""
    return _digest("".join(case_fingerprint(case) for case in cases))


def bot_fingerprint(support: Support) -> str:
    """Return what tells whether prompts, tiers or articles have changed."""
    services = support.services
    versions = sorted(services.prompts.versions.items())
    return _digest(repr((versions, services.tiers, support.knowledge.version)))


def trials_of(folder: Path) -> TrialsFile:
    """Open the trials of a run."""
    return TrialsFile(folder / TRIALS)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]
