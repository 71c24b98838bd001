"""What was measured of a change, apart from how: showing it needs no graph."""

from __future__ import annotations

from dataclasses import dataclass

from evals.suite.report import Change


@dataclass(frozen=True, slots=True)
class Measured:
    """The cases that both editions have live recordings of."""

    cases: tuple[str, ...] = ()
    touched: int = 0
    """Of so many that the change touches."""
    changes: tuple[Change, ...] = ()
    flips: tuple[str, ...] = ()
    """What the models themselves made of it that rules alone do not show, a sentence a case."""
