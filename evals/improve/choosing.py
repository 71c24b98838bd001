"""The smallest rung that works, from shares of passed trials by case alone: pure, so that it can be tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from graph.records.significance import NonInferiority, non_inferior

ALPHA = 0.05
"""The chance, over a whole slice, of choosing a rung that loses the margin or more against a larger one."""

Word: TypeAlias = Literal["chosen", "undecided"]


@dataclass(frozen=True, slots=True)
class Compared:
    """One rung against a larger one over the same cases."""

    smaller: str
    larger: str
    result: NonInferiority


@dataclass(frozen=True, slots=True)
class Choice:
    """The smallest rung that works, or where it could not be told."""

    word: Word
    rung: str
    """The chosen one; of `undecided`, the smallest that could neither be chosen nor ruled out."""
    cases: int
    compared: tuple[Compared, ...]
    more_cases: int | None = None
    """Of `undecided`: about how many more cases would tell; None where no number would."""


def choose(shares: Mapping[str, Sequence[float]], *, margin: float, alpha: float = ALPHA) -> Choice:
    """Go up from the smallest rung to the first that is non-inferior within the margin to all above it.

    `shares` holds, smallest rung first, the share of passed trials of each case in the same order. To compare
    with the next rung alone would stop at a rung that is bad because its neighbour is as bad. A rung that is
    shown to lose more than the margin against any larger one is left behind; the first about which neither
    can be shown ends the climb. As each rung below the top could be chosen wrongly, each gets its part of
    alpha (Bonferroni). Raises ValueError without rungs.
    """
    names = list(shares)
    if not names:
        raise ValueError("there is no rung to choose from")
    cases = len(shares[names[0]])
    confidence = 1 - 2 * alpha / max(1, len(names) - 1)
    done: list[Compared] = []
    for place, name in enumerate(names):
        here = [
            Compared(
                name,
                larger,
                non_inferior(shares[name], shares[larger], margin=margin, confidence=confidence),
            )
            for larger in names[place + 1 :]
        ]
        done += here
        verdicts = {compared.result.verdict for compared in here}
        if "inferior" in verdicts:
            continue
        if "undecided" in verdicts:
            return Choice("undecided", name, cases, tuple(done), _more(here))
        return Choice("chosen", name, cases, tuple(done))
    raise AssertionError("the top rung has nothing above it, so it is chosen")


def _more(here: Sequence[Compared]) -> int | None:
    wanted = [compared.result.more_cases for compared in here if compared.result.verdict == "undecided"]
    return None if None in wanted else max(more or 0 for more in wanted)
