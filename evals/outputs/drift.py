"""Whether a model answers otherwise than it did, under the same name and asked the same.

The last nights are compared with those before, case by case: where nothing drifted, a case's nights are
exchangeable, so the labels "recent" and "before" are dealt out anew within each case, and p is the share of
deals with as large a difference. Two comparisons: the last night with the week before, for what breaks; the
last week with the month before, for what creeps. All tests of a night together raise a false alarm in at
most one of a hundred.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evals.outputs.history import Night

ALPHA = 0.01
"""Of all tests of a night together."""
BATCHES = (500, 9_500)
"""Deals; the second batch only where the first leaves it open."""
ENOUGH = 25
"""Deals as large as what was seen, after which p is far from any limit."""
FEWEST_BEFORE = 3
"""Nights without which a case is not compared."""
FEWEST_CASES = 5
"""Cases without which nothing is said."""
Measure: TypeAlias = Literal["passed", "escalated", "usd"]
MEASURES: tuple[Measure, ...] = ("passed", "escalated", "usd")


@dataclass(frozen=True, slots=True)
class Window:
    """How many nights are compared with how many before them."""

    recent: int
    before: int
    says: str


WINDOWS = (
    Window(1, 7, "the last night against the week before"),
    Window(7, 28, "the last week against the month before"),
)


@dataclass(frozen=True, slots=True)
class Moved:
    """A case whose nights differ."""

    case: str
    before: float
    recent: float


@dataclass(frozen=True, slots=True)
class Shift:
    """One measure in one window."""

    measure: Measure
    window: Window
    cases: int
    before: float
    recent: float
    p: float
    moved: tuple[Moved, ...]
    """The cases that moved most, the most first."""

    @property
    def drifted(self) -> bool:
        """Whether chance does not explain it."""
        return self.p < ALPHA / (len(MEASURES) * len(WINDOWS))


@dataclass(frozen=True, slots=True)
class Drift:
    """All comparisons of the last night."""

    run: str
    models: dict[str, str]
    nights: int
    """How many there are in all."""
    shifts: tuple[Shift, ...]
    """Empty where there is too little to compare."""

    @property
    def drifted(self) -> bool:
        """Whether any measure did."""
        return any(shift.drifted for shift in self.shifts)


def find_drift(nights: Sequence[Night]) -> Drift:
    """Compare the last run of a history, which is in the order of time, with those before it."""
    if not nights:
        return Drift("", {}, 0, ())
    last = nights[-1]
    cases = _alike([night for night in nights if night.run == last.run], nights)
    found = (_shift(measure, window, cases) for window in WINDOWS for measure in MEASURES)
    runs = len({night.run for night in nights})
    return Drift(last.run, last.models, runs, tuple(shift for shift in found if shift))


def _alike(last: Sequence[Night], nights: Sequence[Night]) -> dict[str, list[Night]]:
    """Return for each case of the last run its nights that can be compared, the last one at the end."""
    wanted = {night.case: night for night in last}
    found: dict[str, list[Night]] = {}
    for night in nights:
        now = wanted.get(night.case)
        if (
            now
            and night.trials
            and (night.like, night.source) == (now.like, now.source)
            and _same(night, now)
        ):
            found.setdefault(night.case, []).append(night)
    return found


def _same(night: Night, other: Night) -> bool:
    """Tell whether the same models answered; a tier that was not asked in one of them tells nothing."""
    shared = night.models.keys() & other.models.keys()
    return bool(shared) and all(night.models[tier] == other.models[tier] for tier in shared)


def _shift(measure: Measure, window: Window, cases: dict[str, list[Night]]) -> Shift | None:
    rows: list[tuple[str, NDArray[np.float64]]] = []
    for case, nights in cases.items():
        values = [value for night in nights if (value := _value(measure, night)) is not None]
        kept = values[-(window.recent + window.before) :]
        if len(kept) >= window.recent + FEWEST_BEFORE:
            rows.append((case, np.array(kept)))
    if len(rows) < FEWEST_CASES:
        return None
    moved = [
        Moved(case, float(v[: -window.recent].mean()), float(v[-window.recent :].mean())) for case, v in rows
    ]
    before, recent = (
        float(np.mean([getattr(each, part) for each in moved])) for part in ("before", "recent")
    )
    most = sorted((m for m in moved if m.recent != m.before), key=lambda m: -abs(m.recent - m.before))
    p = _p([values for _, values in rows], window.recent)
    return Shift(measure, window, len(rows), before, recent, p, tuple(most[:10]))


def _value(measure: Measure, night: Night) -> float | None:
    if measure == "usd":
        # By what factor, not by how much: or the longest conversations would decide alone.
        return None if not night.usd else float(np.log(night.usd))
    return (night.passes if measure == "passed" else night.escalated) / night.trials


def _p(rows: Sequence[NDArray[np.float64]], recent: int, seed: int = 0) -> float:
    """Return the two-sided p of the sum over cases of recent mean minus mean before."""
    draw = np.random.default_rng(seed)
    seen = sum(float(values[-recent:].mean() - values[:-recent].mean()) for values in rows)
    varied = [values for values in rows if np.ptp(values) > 0]
    as_large = deals = 0
    for batch in BATCHES:
        sums = sum((_dealt(values, recent, batch, draw) for values in varied), np.zeros(batch))
        # As large as seen, but for what sums of floats differ by.
        as_large += int(np.count_nonzero(np.abs(sums) >= abs(seen) - 1e-9))
        deals += batch
        if as_large >= ENOUGH:
            break
    return (1 + as_large) / (1 + deals)


def _dealt(
    values: NDArray[np.float64], recent: int, deals: int, draw: np.random.Generator
) -> NDArray[np.float64]:
    """Deal the labels anew so many times; return the difference of means of each deal."""
    if recent == 1:
        mean = values[draw.integers(0, len(values), deals)]
    else:
        places = np.argpartition(draw.random((deals, len(values))), recent, axis=1)[:, :recent]
        mean = values[places].mean(axis=1)
    others: NDArray[np.float64] = (values.sum() - mean * recent) / (len(values) - recent)
    return mean - others
