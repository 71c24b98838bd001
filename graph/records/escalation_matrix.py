"""Escalation as a 2x2 against labels: what was missed, what was needless, what came late."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from graph.records.statistics import wilson


@dataclass(frozen=True, slots=True)
class LabelledEscalation:
    """One conversation whose label says whether it had to escalate."""

    must: bool
    """False: it must not. Where either is fine there is no such label, and nothing to count."""
    did: bool
    late: bool = False
    """It did, after the turn by which it should have."""


@dataclass(frozen=True, slots=True)
class EscalationMatrix:
    """The four counts, and what they come to; a share of nothing is None.

    The intervals are Wilson's and take the conversations for independent: with several trials of a case
    they are too narrow.
    """

    hit: int
    """Must, and did, in time or late."""
    missed: int
    needless: int
    """Must not, and did."""
    right: int
    """Must not, and did not."""
    late: int
    """Of the hits."""

    @property
    def precision(self) -> float | None:
        """The share of the escalations that had to be."""
        return _share(self.hit, self.hit + self.needless)

    @property
    def recall(self) -> float | None:
        """The share of what had to escalate that did, in time or late."""
        return _share(self.hit, self.hit + self.missed)

    @property
    def lateness(self) -> float | None:
        """The share of the hits that came late."""
        return _share(self.late, self.hit)

    @property
    def precision_interval(self) -> tuple[float, float] | None:
        """Between which bounds the precision lies with 95 % confidence."""
        return wilson(self.hit, self.hit + self.needless)

    @property
    def recall_interval(self) -> tuple[float, float] | None:
        """Between which bounds the recall lies with 95 % confidence."""
        return wilson(self.hit, self.hit + self.missed)

    @property
    def lateness_interval(self) -> tuple[float, float] | None:
        """Between which bounds the lateness lies with 95 % confidence."""
        return wilson(self.late, self.hit)


def escalation_matrix(items: Iterable[LabelledEscalation]) -> EscalationMatrix:
    """Count labelled conversations."""
    known = list(items)
    return EscalationMatrix(
        hit=sum(item.must and item.did for item in known),
        missed=sum(item.must and not item.did for item in known),
        needless=sum(not item.must and item.did for item in known),
        right=sum(not item.must and not item.did for item in known),
        late=sum(item.must and item.did and item.late for item in known),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
