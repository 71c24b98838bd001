"""The accepted baseline of a suite and mode: what a run is compared with until somebody accepts another."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from evals.suite.bare_turn import bare_turn
from evals.suite.case import To
from evals.suite.report import CaseResult
from evals.suite.tally import Tally, shown, tally
from evals.suite.trial import Mode, PlayedTurn, Source, Status, Trial
from graph.records.codec import to_dict
from graph.records.files import read_record, write_whole
from graph.turn import By, Outcome, Route

LONGEST_ANSWER = 1000
"""Characters of an answer that are kept: enough to see what flipped."""


@dataclass(frozen=True, slots=True)
class KeptTurn:
    """A turn in short."""

    asked: str
    answer: str
    outcome: Outcome
    escalated: To | None
    tier: str
    by: By
    reason: str
    rule: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A case as it was accepted."""

    tally: Tally
    turns: tuple[KeptTurn, ...]
    """Of one trial; empty where none was known."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was accepted, by whom, when and why."""

    suite: str
    mode: Mode
    source: Source
    who: str
    when: str
    """A date, YYYY-MM-DD."""
    why: str
    run: str
    passed: int
    """How many of the cases passed: for whoever reads the file."""
    cases: tuple[Kept, ...] = ()

    @property
    def line(self) -> str:
        """Who accepted it, when and why."""
        return f"accepted by {self.who} on {self.when}: {self.why}"

    @property
    def by_case(self) -> Mapping[str, Kept]:
        """Id -> case."""
        return {kept.tally.case: kept for kept in self.cases}


def read_baseline(file: Path) -> Baseline | None:
    """Read a baseline; None where none was accepted yet. Raises InputError where it cannot be read."""
    return read_record(Baseline, file, "a baseline") if file.exists() else None


def write_baseline(file: Path, baseline: Baseline) -> None:
    """Write a baseline, one that can be read in a diff: a line a value, cases by their id."""
    ordered = replace(baseline, cases=tuple(sorted(baseline.cases, key=lambda kept: kept.tally.case)))
    write_whole(file, json.dumps(to_dict(ordered), indent=1, ensure_ascii=False) + "\n")


def keep(results: Iterable[CaseResult], source: Source) -> tuple[Kept, ...]:
    """Return what a baseline keeps of a run."""
    return tuple(Kept(tally(result, source), _kept(shown(result))) for result in results)


def merged(baseline: Baseline | None, cases: tuple[Kept, ...]) -> tuple[Kept, ...]:
    """Return the cases with those of the baseline that a run of a part did not play."""
    played = {kept.tally.case for kept in cases}
    before = baseline.cases if baseline else ()
    return (*cases, *(kept for kept in before if kept.tally.case not in played))


def trial_of(kept: Kept, mode: Mode, source: Source) -> Trial | None:
    """Return the trial that was kept, without its numbers; None where none was."""
    if not kept.turns:
        return None
    turns = tuple(_turn(turn) for turn in kept.turns)
    status: Status = "passed" if kept.tally.passed else "failed"
    return Trial(kept.tally.case, 1, mode, status, turns, source=source, usd=kept.tally.usd)


def _kept(trial: Trial | None) -> tuple[KeptTurn, ...]:
    return tuple(
        KeptTurn(
            asked=turn.asked,
            answer=_short(turn.answer),
            outcome=turn.outcome,
            escalated=turn.escalated,
            tier=turn.record.route.tier,
            by=turn.record.route.by,
            reason=turn.reason,
            rule=turn.rule,
            sources=turn.sources,
        )
        for turn in (trial.turns if trial else ())
    )


def _turn(kept: KeptTurn) -> PlayedTurn:
    return bare_turn(
        kept.asked,
        kept.answer,
        kept.outcome,
        Route(kept.tier, kept.reason, kept.by),
        escalated=kept.escalated,
        reason=kept.reason,
        rule=kept.rule,
        sources=kept.sources,
    )


def _short(answer: str) -> str:
    return answer if len(answer) <= LONGEST_ANSWER else answer[: LONGEST_ANSWER - 1].rstrip() + "…"
