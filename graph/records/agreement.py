"""How far a judge may be trusted: its yes and no against people's, about the same items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graph.records.statistics import wilson


@dataclass(frozen=True, slots=True)
class Agreement:
    """A judge against human labels; what had nothing to be computed from is None."""

    both_yes: int
    only_judge: int
    """The judge says yes where people say no: it lets through what is bad."""
    only_human: int
    both_no: int

    @property
    def items(self) -> int:
        """How many both have judged."""
        return self.both_yes + self.only_judge + self.only_human + self.both_no

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa: 1 is full agreement, 0 what chance gives; None where both always say the same."""
        chance = self._chance
        return None if chance is None or chance == 1 else (self._agreed / self.items - chance) / (1 - chance)

    @property
    def kappa_interval(self) -> tuple[float, float] | None:
        """Bounds of kappa at 95 %.

        Wilson's for the observed agreement, with the chance agreement as it is: unlike the usual standard
        error it keeps a width where few items agree without exception.
        """
        chance, agreed = self._chance, wilson(self._agreed, self.items)
        if chance is None or chance == 1 or agreed is None:
            return None
        low, high = ((bound - chance) / (1 - chance) for bound in agreed)
        return low, high

    @property
    def tpr(self) -> float | None:
        """Of what people say yes to, the share that the judge says yes to."""
        return _share(self.both_yes, self.both_yes + self.only_human)

    @property
    def tpr_interval(self) -> tuple[float, float] | None:
        """Wilson's bounds of the true positive rate at 95 %."""
        return wilson(self.both_yes, self.both_yes + self.only_human)

    @property
    def tnr(self) -> float | None:
        """Of what people say no to, the share that the judge says no to."""
        return _share(self.both_no, self.both_no + self.only_judge)

    @property
    def tnr_interval(self) -> tuple[float, float] | None:
        """Wilson's bounds of the true negative rate at 95 %."""
        return wilson(self.both_no, self.both_no + self.only_judge)

    @property
    def _agreed(self) -> int:
        return self.both_yes + self.both_no

    @property
    def _chance(self) -> float | None:
        if not self.items:
            return None
        judge, human = self.both_yes + self.only_judge, self.both_yes + self.only_human
        both_no = (self.items - judge) * (self.items - human)
        return (judge * human + both_no) / self.items**2


def agreement(judge: Sequence[bool], human: Sequence[bool]) -> Agreement:
    """Count how a judge and people agree; the n-th of each is about the n-th item.

    Raises ValueError where the two differ in length.
    """
    pairs = list(zip(judge, human, strict=True))
    return Agreement(
        both_yes=pairs.count((True, True)),
        only_judge=pairs.count((True, False)),
        only_human=pairs.count((False, True)),
        both_no=pairs.count((False, False)),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
