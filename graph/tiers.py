"""The tiers as data: which models answer, in which order, and within which limits."""

from __future__ import annotations

import tomllib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from graph.errors import TiersError
from graph.turn import PERSON

EXTRACTIVE = "extractive"
SHIPPED = Path(__file__).with_name("tiers.toml")
PROVIDERS = ("anthropic", "openai", "scripted", EXTRACTIVE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model that can serve a tier."""

    provider: str
    model: str
    effort: str | None = None
    tools: bool = True


@dataclass(frozen=True, slots=True)
class Tier:
    """A rung of the ladder; the first candidate leads, the others take over on a fault."""

    name: str
    candidates: tuple[Candidate, ...]
    escalates_to: str = PERSON
    top: bool = True
    """Whether it is the largest tier, which can pass a turn on to a person only."""
    max_output_tokens: int = 800
    first_token: float | None = None
    """Seconds; None is the deadline for all tiers. A model that thinks first needs longer."""
    redact: bool = False
    """Whether personal data is taken out of everybody's words before this tier's models read them."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long is waited, in seconds."""

    connect: float = 5
    first_token: float = 8
    stall: float = 10
    answer: float = 45


@dataclass(frozen=True, slots=True)
class Tiers:
    """The whole ladder, smallest tier first."""

    ladder: tuple[Tier, ...]
    deadlines: Deadlines = Deadlines()
    history_tokens: int = 2000

    def named(self, name: str) -> Tier | None:
        """Return the tier with this name; None for `person` and for one that has no usable candidate."""
        return next((tier for tier in self.ladder if tier.name == name), None)

    @property
    def first(self) -> Tier:
        """The smallest tier, where a turn starts."""
        return self.ladder[0]


FLOOR = Tier(EXTRACTIVE, (Candidate(EXTRACTIVE, EXTRACTIVE, tools=False),))
"""What answers when no model can: it quotes."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class _Candidate(_Strict):
    provider: str
    model: str = Field(min_length=1)
    effort: str | None = None
    tools: bool = True


class _Tier(_Strict):
    candidates: list[_Candidate] = Field(min_length=1)
    escalates_to: str = PERSON
    max_output_tokens: int = Field(default=800, gt=0)
    first_token: float | None = Field(default=None, gt=0)
    redact: bool = False


class _Deadlines(_Strict):
    connect: float = Field(default=5, gt=0)
    first_token: float = Field(default=8, gt=0)
    stall: float = Field(default=10, gt=0)
    answer: float = Field(default=45, gt=0)


class _History(_Strict):
    tokens: int = Field(default=2000, ge=0)


class _File(_Strict):
    tiers: dict[str, _Tier] = Field(min_length=1)
    deadlines: _Deadlines = _Deadlines()
    history: _History = _History()


def load_tiers(path: Path = SHIPPED) -> Tiers:
    """Read a tiers file; raises TiersError naming the file, the key and what it must be."""
    try:
        parsed = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise TiersError(f"{path}: there is no such file; `bot init DIR` writes one") from None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TiersError(f"{path}: not readable as TOML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise TiersError(f"{path}: {key}: {first['msg']}") from None
    ladder = tuple(_tier(name, tier) for name, tier in parsed.tiers.items())
    _check(path, ladder)
    return Tiers(ladder, Deadlines(**parsed.deadlines.model_dump()), parsed.history.tokens)


def _tier(name: str, tier: _Tier) -> Tier:
    candidates = tuple(Candidate(c.provider, c.model, c.effort, c.tools) for c in tier.candidates)
    return Tier(
        name,
        candidates,
        tier.escalates_to,
        tier.escalates_to == PERSON,
        tier.max_output_tokens,
        tier.first_token,
        tier.redact,
    )


def _check(path: Path, ladder: tuple[Tier, ...]) -> None:
    names = [tier.name for tier in ladder]
    for place, tier in enumerate(ladder):
        above = [*names[place + 1 :], PERSON]
        if tier.name in (PERSON, EXTRACTIVE):
            raise TiersError(f"{path}: tiers.{tier.name}: this name is taken; choose another")
        if tier.escalates_to not in above:
            raise TiersError(
                f"{path}: tiers.{tier.name}.escalates_to: {tier.escalates_to!r} is not a tier above it;"
                f" it must be one of {', '.join(above)}"
            )
        for candidate in tier.candidates:
            if candidate.provider not in PROVIDERS:
                raise TiersError(
                    f"{path}: tiers.{tier.name}: unknown provider {candidate.provider!r};"
                    f" it must be one of {', '.join(PROVIDERS[:3])}"
                )


def usable(tiers: Tiers, providers: AbstractSet[str]) -> Tiers:
    """Keep what can be called with these providers; `extractive` alone where nothing can.

    A tier that escalates to one without a usable candidate escalates to that one's next, in the end to a
    person.
    """
    kept: list[Tier] = []
    for tier in reversed(tiers.ladder):
        candidates = tuple(c for c in tier.candidates if c.provider in providers)
        if candidates:
            up = _next_usable(tier, tiers, {t.name for t in kept})
            kept.append(replace(tier, candidates=candidates, escalates_to=up))
    ladder = tuple(reversed(kept)) or (FLOOR,)
    return Tiers(ladder, tiers.deadlines, tiers.history_tokens)


def _next_usable(tier: Tier, tiers: Tiers, kept: set[str]) -> str:
    up = tier.escalates_to
    while up != PERSON and up not in kept:
        above = tiers.named(up)
        up = above.escalates_to if above else PERSON
    return up
