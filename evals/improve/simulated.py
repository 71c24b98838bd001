"""Tables of passed and failed cases with planted chances, and how often each decision over them is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evals.improve.cause import Arm, Arms, Cause, Gold, cause
from evals.improve.choosing import ALPHA, choose
from evals.improve.ladder import MARGIN
from graph.records.significance import mcnemar_exact, non_inferior

RUNS = 200
ALIKE = 0.6
"""Share of what decides a case that all rungs have in common: hard cases are hard for each."""
LADDERS: dict[str, tuple[Mapping[str, float], int, str]] = {
    "quoting is enough": ({"extractive": 0.9, "small": 0.9, "effort": 0.9, "large": 0.9}, 500, "extractive"),
    "small is enough": ({"extractive": 0.5, "small": 0.9, "effort": 0.9, "large": 0.9}, 500, "small"),
    "effort is needed": ({"extractive": 0.4, "small": 0.6, "effort": 0.9, "large": 0.9}, 500, "effort"),
    "large is needed": ({"extractive": 0.3, "small": 0.5, "effort": 0.6, "large": 0.9}, 500, "large"),
    "bad neighbours": ({"extractive": 0.3, "small": 0.3, "effort": 0.3, "large": 0.9}, 500, "large"),
}
"""Planted chances by rung, cases, and the rung that should be found."""
FEW = 20
CAUSES: dict[Cause, tuple[tuple[float, float, float, float], bool, Gold]] = {
    "knowledge missing": ((0.0, 0.0, 0.0, 0.0), False, "missing"),
    "not found": ((0.0, 0.0, 0.95, 0.95), False, "there"),
    "ignored": ((0.0, 0.0, 0.95, 0.95), True, "there"),
    "capability": ((0.0, 0.5, 0.05, 0.95), True, "there"),
    "label": ((0.0, 0.0, 0.0, 0.0), True, "there"),
    "flake": ((0.7, 0.95, 0.95, 0.95), True, "there"),
}
"""Planted chances as is, larger, gold and both; whether gold is retrieved, and what it is."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something came out in seeded runs, and how often it should at least, or at most."""

    what: str
    found: int
    runs: int
    at_least: float | None = None
    at_most: float | None = None


def simulate(runs: int = RUNS, seed: int = 0) -> tuple[Rate, ...]:
    """Return the rates of every decision over simulated tables."""
    random = np.random.default_rng(seed)
    rates = [_ladder(name, runs, random) for name in LADDERS]
    rates.append(_underpowered(runs, random))
    rates += [_cause(planted, runs, random) for planted in CAUSES]
    rates += [_wrong_choice(runs, random), _wrongly_accepted(runs, random), _false_alarm(runs, random)]
    return tuple(rates)


def passes(
    chances: Sequence[float], cases: int, random: np.random.Generator, alike: float = ALIKE
) -> npt.NDArray[np.bool_]:
    """Return which case each of several models passes, a row a model; the same cases are hard for all.

    With the given chance a case's difficulty is one number for all models, else each model draws its own, so
    that each passes with its own chance and yet they agree more often than chance makes them.
    """
    shared = random.random(cases)
    own = random.random((len(chances), cases))
    difficulty = np.where(random.random(cases) < alike, shared, own)
    return difficulty < np.asarray(chances)[:, None]


def _chosen(planted: Mapping[str, float], cases: int, random: np.random.Generator) -> str:
    table = passes(tuple(planted.values()), cases, random)
    shares = {rung: row.astype(float).tolist() for rung, row in zip(planted, table, strict=True)}
    choice = choose(shares, margin=MARGIN)
    return choice.rung if choice.word == "chosen" else "undecided"


def _ladder(name: str, runs: int, random: np.random.Generator) -> Rate:
    planted, cases, right = LADDERS[name]
    found = _count(runs, lambda: _chosen(planted, cases, random) == right)
    return Rate(f"ladder: {name}, {cases} cases: picks {right}", found, runs, at_least=0.8)


def _underpowered(runs: int, random: np.random.Generator) -> Rate:
    planted = {"extractive": 0.75, "small": 0.85, "effort": 0.87, "large": 0.88}
    found = _count(runs, lambda: _chosen(planted, FEW, random) == "undecided")
    return Rate(f"ladder: {FEW} cases, rungs close: says undecided", found, runs, at_least=0.9)


def _wrong_choice(runs: int, random: np.random.Generator) -> Rate:
    """Plant every lower rung exactly at the margin below the top, where a wrong choice is likeliest."""
    planted = {"extractive": 0.85, "small": 0.85, "effort": 0.85, "large": 0.85 + MARGIN}
    wrong = _count(runs, lambda: _chosen(planted, 200, random) not in ("large", "undecided"))
    return Rate("ladder: every rung loses just the margin: picks one of them", wrong, runs, at_most=ALPHA)


def _wrongly_accepted(runs: int, random: np.random.Generator) -> Rate:
    def accepted() -> bool:
        small, large = passes((0.85, 0.85 + MARGIN), 200, random).astype(float).tolist()
        return non_inferior(small, large, margin=MARGIN).verdict == "non_inferior"

    said = "comparison: loses just the margin: is called non-inferior"
    return Rate(said, _count(runs, accepted), runs, at_most=0.05)


def _false_alarm(runs: int, random: np.random.Generator) -> Rate:
    def alarmed() -> bool:
        before, after = passes((0.8, 0.8), 120, random)
        broke, fixed = int((before & ~after).sum()), int((after & ~before).sum())
        return broke > fixed and mcnemar_exact(broke, fixed) < 0.05

    return Rate("gate: nothing changed: says regressed", _count(runs, alarmed), runs, at_most=0.05)


def _cause(planted: Cause, runs: int, random: np.random.Generator) -> Rate:
    chances, retrieved, gold = CAUSES[planted]

    def found() -> bool:
        passed = [Arm(int((random.random(3) < chance).sum()), 3) for chance in chances]
        return cause(Arms(*passed), retrieved, gold) == planted

    return Rate(f"diagnose: {planted}: finds it", _count(runs, found), runs, at_least=0.9)


def _count(runs: int, happens: Callable[[], bool]) -> int:
    return sum(happens() for _ in range(runs))
