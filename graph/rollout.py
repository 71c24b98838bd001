"""Which versions of the prompts are promoted, for how many conversations, by whom, when and why.

Pure: graph/prompt_versions.py keeps it in Redis, graph/editions.py deals the conversations.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from graph.editions import EVERYBODY
from graph.errors import InputError
from graph.records.certificate import Certificate

What: TypeAlias = Literal["promoted", "rolled back", "ended by a deploy"]


@dataclass(frozen=True, slots=True)
class Step:
    """One version, and for whom it is in force."""

    version: str
    percent: int
    by: str
    reason: str
    at: float
    """Seconds since the epoch."""
    certificate: Certificate | None = None
    """None: an emergency, of which the gate has said nothing."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """What is promoted over a version in git; it ends when another version is deployed."""

    base: str
    """The version in git that the bots served when it began."""
    steps: tuple[Step, ...] = ()
    """Oldest first; one for everybody hides those before it, which are there to go back to."""

    @property
    def in_force(self) -> tuple[Step, ...]:
        """The steps that conversations can go by, newest first."""
        kept: list[Step] = []
        for step in reversed(self.steps):
            kept.append(step)
            if step.percent >= EVERYBODY:
                break
        return tuple(kept)


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the history."""

    at: float
    by: str
    what: What
    version: str
    percent: int
    reason: str
    emergency: bool = False


def promote(rollout: Rollout, step: Step) -> Rollout:
    """Bring a version into force, or change its share; raises InputError where that makes no sense."""
    newest = rollout.steps[-1] if rollout.steps else None
    if newest and newest.version == step.version:
        if newest.percent == step.percent:
            raise InputError(f"{step.version} is in force for {step.percent} % already.")
        kept = replace(step, certificate=step.certificate or newest.certificate)
        return replace(rollout, steps=(*rollout.steps[:-1], kept))
    if newest and newest.percent < EVERYBODY:
        raise InputError(
            f"{newest.version} is under way with {newest.percent} %: bring it to {EVERYBODY} %, or take it"
            " back with `bot prompts rollback`, before another one begins."
        )
    if step.version == (newest.version if newest else rollout.base):
        raise InputError(f"{step.version} is what all conversations go by already.")
    if step.version == rollout.base or any(earlier.version == step.version for earlier in rollout.steps):
        raise InputError(
            f"{step.version} was in force before: `bot prompts rollback --to {step.version}` goes back to it."
        )
    return replace(rollout, steps=(*rollout.steps, step))


def roll_back(rollout: Rollout, to: str | None) -> Rollout:
    """Withdraw the newest version, or every one after `to`; raises InputError where there is none."""
    if not rollout.steps:
        raise InputError("Nothing is promoted: all conversations go by the version in git.")
    if to is None:
        return replace(rollout, steps=rollout.steps[:-1])
    if to == rollout.base:
        return replace(rollout, steps=())
    for place, step in enumerate(rollout.steps[:-1]):
        if step.version == to:
            return replace(rollout, steps=rollout.steps[: place + 1])
    if rollout.steps[-1].version == to:
        raise InputError(f"{to} is the newest version that is in force; nothing is after it.")
    known = ", ".join((rollout.base, *(step.version for step in rollout.steps[:-1])))
    raise InputError(f"{to} was not in force since the last deploy; what can be gone back to is: {known}.")
