"""A case: what a customer says, turn by turn, and what must come of it.

`evals/suite/case_file.py` reads them from YAML. The case is the unit of every statistic:
its trials are repetitions of the same thing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from graph.turn import Audience, Thumb

Verdict: TypeAlias = Literal["must", "may", "must_not"]
To: TypeAlias = Literal["large", "person"]
Risk: TypeAlias = Literal["low", "normal", "high"]
OriginKind: TypeAlias = Literal["written", "feedback", "incident", "public"]


@dataclass(frozen=True, slots=True)
class Cites:
    """Each of these articles (or `article#heading`) is a source of the answer."""

    articles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Says:
    """The answer holds each of these phrases; whole words, as in escalation.md."""

    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SaysOneOf:
    """The answer holds at least one of these phrases."""

    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SaysNoneOf:
    """The answer holds none of these phrases."""

    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InLanguage:
    """The answer is in this language (ISO 639-1)."""

    code: str


@dataclass(frozen=True, slots=True)
class AsksBack:
    """The answer asks the customer something, or, for False, does not."""

    wanted: bool = True


@dataclass(frozen=True, slots=True)
class Escalates:
    """This turn goes to the large model or to a person, or, for False, stays with the first tier."""

    wanted: bool = True


@dataclass(frozen=True, slots=True)
class SaysUnknown:
    """The answer says that the articles do not tell, or, for False, does not."""

    wanted: bool = True


Expectation: TypeAlias = (
    Cites | Says | SaysOneOf | SaysNoneOf | InLanguage | AsksBack | Escalates | SaysUnknown
)


@dataclass(frozen=True, slots=True)
class CaseTurn:
    """One scripted message of the customer."""

    user: str
    expect: tuple[Expectation, ...] = ()
    rating: Thumb | None = None
    """What the customer thought of the answer before it."""


@dataclass(frozen=True, slots=True)
class EscalationLabel:
    """Whether the conversation belongs with the large model or a person, who said so, and until when."""

    verdict: Verdict
    reason: str | None = None
    """A reason's or a rule's name in escalation.md; None where it does not matter."""
    by_turn: int | None = None
    """From 1; later counts as late. None: any turn."""
    to: To | None = None
    """None: either. `person` is not met by the large model; `large` is met by a person."""


@dataclass(frozen=True, slots=True)
class Rubric:
    """A question that only a judge can answer, about the whole conversation; yes is good."""

    id: str
    ask: str
    gate: bool = False
    """Whether a no fails the case; only with a judge that holds a certificate."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a trial of the case may take; None is no limit."""

    usd: float | None = None
    first_words_ms: float | None = None
    """Of each turn."""
    total_ms: float | None = None
    """Of each turn."""
    model_calls: int | None = None
    """Of the whole conversation."""


@dataclass(frozen=True, slots=True)
class Trials:
    """How often a case is played, and how many of those must pass."""

    n: int = 1
    need: int = 1


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a case comes from, and who labelled it."""

    kind: OriginKind
    ref: str | None = None
    licence: str | None = None
    added: str | None = None
    """A date, YYYY-MM-DD."""
    labelled_by: str | None = None
    """None: nobody yet, so it is a draft."""


@dataclass(frozen=True, slots=True)
class Case:
    """One conversation to be played, and how it is judged."""

    id: str
    """The pairing key of every comparison: it stays when the case is edited."""
    origin: Origin
    turns: tuple[CaseTurn, ...]
    escalation: EscalationLabel = EscalationLabel("may")
    tags: tuple[str, ...] = ()
    gold_passages: tuple[str, ...] = ()
    """Articles (or `article#heading`) that hold what a right answer needs."""
    rubric: tuple[Rubric, ...] = ()
    limits: Limits = Limits()
    trials: Trials = Trials()
    risk: Risk = "normal"
    draft: bool = False
    """Drafts are played and shown, and never gate."""
    where: str = ""
    """File and line."""
    audience: Audience = field(default="internal", repr=False)
    """Whose articles the answers may rest on: a colleague's, which are all, or anybody's."""
    needs: Literal["model", "any"] = "any"
    """`model`: nothing that quotes can pass it; the keyless run shows it and does not gate on it."""
