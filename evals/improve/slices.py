"""Slices of a suite, what each rung comes to on each of them, and what a choice would move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evals.improve.choosing import Choice, choose
from evals.improve.ground import share
from evals.suite.case import Case
from evals.suite.trial import Trial
from graph.records.significance import clustered_interval
from graph.records.statistics import percentile

ALL = "all"
RULE = "rule: "

Trials = Mapping[str, tuple[Trial, ...]]
"""By case."""


@dataclass(frozen=True, slots=True)
class Row:
    """One rung on one slice; money and time are None where words came from a stand-in."""

    rung: str
    passed: float
    low: float | None
    high: float | None
    usd: float | None
    """A conversation."""
    p95_ms: float | None
    """Of a turn's whole answer."""


@dataclass(frozen=True, slots=True)
class Slice:
    """What the climb came to on some of the cases."""

    name: str
    cases: tuple[str, ...]
    """Those that every rung could be played on."""
    unknown: int
    """Those that it could not, as where a recording is missing."""
    rows: tuple[Row, ...]
    choice: Choice | None
    """None where no case is left, or there is no second rung."""


def slices_of(cases: Sequence[Case], now: Trials) -> dict[str, tuple[str, ...]]:
    """Return the cases of each slice: all, each tag, each rule that sends to the large model now."""
    found: dict[str, list[str]] = {ALL: []}
    for case in cases:
        turns = [turn for trial in now.get(case.id, ()) for turn in trial.turns]
        rules = {turn.rule for turn in turns if turn.escalated == "large" and turn.rule}
        for name in (ALL, *case.tags, *(f"{RULE}{rule}" for rule in sorted(rules))):
            found.setdefault(name, []).append(case.id)
    return {name: tuple(ids) for name, ids in found.items()}


def climb_slice(name: str, ids: Sequence[str], rungs: Mapping[str, Trials], *, margin: float) -> Slice:
    """Choose a slice's rung; `rungs` holds every rung's trials, smallest first."""
    shares = {rung: {case: share(trials[case]) for case in ids} for rung, trials in rungs.items()}
    known = tuple(case for case in ids if all(of[case] is not None for of in shares.values()))
    if not known:
        return Slice(name, (), len(ids), (), None)
    values = {rung: [of[case] or 0.0 for case in known] for rung, of in shares.items()}
    rows = tuple(_row(rung, [trials[case] for case in known]) for rung, trials in rungs.items())
    choice = choose(values, margin=margin) if len(rungs) > 1 else None
    return Slice(name, known, len(ids) - len(known), rows, choice)


def _row(rung: str, trials: Sequence[tuple[Trial, ...]]) -> Row:
    passed = [[float(trial.passed) for trial in of_case] for of_case in trials]
    flat = [trial for of_case in trials for trial in of_case]
    interval = clustered_interval(passed)
    mean = sum(map(sum, passed)) / len(flat)
    low, high = interval[1:] if interval else (None, None)
    return Row(rung, mean, low, high, usd_of(flat), _p95(flat))


def usd_of(trials: Sequence[Trial]) -> float | None:
    """Return the mean cost of a conversation; None where words are a stand-in's, or a cost is unknown."""
    costs = [trial.usd for trial in trials]
    if not trials or None in costs or any(trial.source == "stand-in" for trial in trials):
        return None
    return sum(cost or 0.0 for cost in costs) / len(costs)


def _p95(trials: Sequence[Trial]) -> float | None:
    """Return it of vendors' answers only: what quotes is as fast as the machine that measures."""
    if any(trial.source != "live" for trial in trials):
        return None
    return percentile([turn.record.total_ms for trial in trials for turn in trial.turns], 95)
