"""Why a case fails: knowledge, its use, or the model; one table, so that it can be argued about.

    as is      gold first   larger   both     gold is     | cause
    passes once at least                                  | flake: no cause can be told from chance
    fails                   passes            not needed  | capability: nothing is to be known, only done
    fails                   fails             not needed  | label
    fails                                     missing     | knowledge missing
    fails                   passes            unnamed     | capability: the larger model got by on the same
    fails                   fails             unnamed     | knowledge missing: nobody has said where it is
    fails      passes                         retrieved   | ignored: it was there, and crowded out
    fails      passes                         else        | not found
    fails      fails        passes            there       | capability
    fails      fails                 passes   there       | capability
    fails      fails        fails    fails    there       | label: the case, a rule or the tools are wrong

An arm passes where more than half of its trials do. Where an arm that the table asks for was not played to
its end, the cause is `untold`: a guess would send somebody to do the wrong work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Cause: TypeAlias = Literal[
    "knowledge missing", "not found", "ignored", "capability", "label", "flake", "untold"
]
Gold: TypeAlias = Literal["there", "missing", "unnamed", "not needed"]
"""Whether the articles hold what the case names as gold; `not needed` where no answer is asked for."""

WRITERS: tuple[Cause, ...] = ("knowledge missing", "not found", "ignored")
ROUTING: tuple[Cause, ...] = ("capability",)

ADVICE: dict[Cause, str] = {
    "knowledge missing": "write the article, or name the passage that answers it in the case",
    "not found": "use the customer's words in the article's title, headings or text",
    "ignored": "make the passage shorter and plainer, and take out what competes with it",
    "capability": "send such questions to the larger tier, by a rule or a reason in escalation.md",
    "label": "read the case again: what it expects, a rule, or a check is wrong",
    "flake": "play it more often, or ask for fewer passes in trials.need",
    "untold": "play what is missing: with --replay or --live, and a larger tier",
}


@dataclass(frozen=True, slots=True)
class Arm:
    """How often a case passed under one condition, of the trials that say something."""

    passed: int
    of: int

    @property
    def passes(self) -> bool:
        """Whether more than half of the trials passed."""
        return 2 * self.passed > self.of


@dataclass(frozen=True, slots=True)
class Arms:
    """The four conditions; None for one that was not played, or in which a trial came to nothing."""

    as_is: Arm | None
    larger: Arm | None = None
    gold: Arm | None = None
    both: Arm | None = None


def cause(arms: Arms, retrieved: bool, gold_known: Gold) -> Cause:  # noqa: FBT001  # as in the table
    """Return the cause that the table gives; `retrieved` is whether the failing trials had all the gold."""
    if arms.as_is is None:
        return "untold"
    if arms.as_is.passed:
        return "flake"
    if gold_known == "missing":
        return "knowledge missing"
    if gold_known in ("unnamed", "not needed"):
        if arms.larger is None:
            return "untold"
        if arms.larger.passes:
            return "capability"
        return "label" if gold_known == "not needed" else "knowledge missing"
    if arms.gold is None:
        return "untold"
    if arms.gold.passes:
        return "ignored" if retrieved else "not found"
    if any(arm and arm.passes for arm in (arms.both, arms.larger)):
        return "capability"
    return "untold" if arms.both is None or arms.larger is None else "label"
