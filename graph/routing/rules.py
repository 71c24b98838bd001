"""The rules of escalation.md, applied: the first one that holds decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from graph.turn import Thumb
from prompts import Complex, Condition, Covered, LongerThan, Rated, Repeat, Rule, Says


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules ask about a turn."""

    text: str
    repeat: float
    """0 to 1: how much of the message was asked before in this conversation."""
    rating: Thumb | None
    covered: bool | None
    """None where the word index cannot judge: no rule about it holds then."""
    person: bool = False
    """Whether the customer pressed "talk to a person"."""


def first_rule(rules: Iterable[Rule], facts: Facts) -> Rule | None:
    """Return the first rule that holds, or None: then the smallest model answers."""
    return next((rule for rule in rules if _holds(rule.on, facts)), None)


def _holds(on: Condition, facts: Facts) -> bool:
    match on:
        case Says():
            return bool(on.phrases.found(facts.text))
        case Repeat():
            return facts.repeat >= on.overlap
        case Rated():
            return facts.rating == on.thumb
        case Complex():
            return on.count(facts.text) >= on.at_least
        case Covered():
            return facts.covered is on.value
        case LongerThan():
            return len(facts.text) > on.characters
    assert_never(on)
