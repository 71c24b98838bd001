"""What a case looks like in YAML: the one description from which files are checked and the schema is made."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from evals.suite import case as made
from evals.suite.case import OriginKind, Risk, To, Verdict
from graph.turn import Audience, Thumb

ID = "^[a-z0-9]+(-[a-z0-9]+)*$"
TAG = "^(?!risk:)[a-z0-9][a-z0-9._:-]*$"
LANGUAGE = "^[a-z]{2}$"
DATE = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
RULE = "^[A-Za-z0-9][A-Za-z0-9 _-]*$"

Text: TypeAlias = Annotated[str, Field(pattern=r"\S")]
Texts: TypeAlias = Annotated[list[Text], Field(min_length=1)]


class Model(BaseModel):
    """A mapping that knows all of its names; what a value means is the docstring below it."""

    model_config = ConfigDict(
        extra="forbid", strict=True, use_attribute_docstrings=True, regex_engine="python-re"
    )


class OriginModel(Model):
    """Where the case comes from, and who labelled it."""

    kind: OriginKind
    ref: Text | None = None
    """Where it can be found again, for example `slack:C1/169` or a data set's name and row."""
    licence: Text | None = None
    """SPDX name of the licence of public data."""
    added: Annotated[str, Field(pattern=DATE)] | None = None
    """The day on which it came in, YYYY-MM-DD."""
    labelled_by: Text | None = None
    """Who says that the labels are right; without it the case must be a draft."""


class ExpectModel(Model):
    """One thing that the answer to this message must be; exactly one name."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    cites: Texts | None = None
    """Each of these articles (or `article#heading`) is a source of the answer."""
    says: Texts | None = None
    """The answer holds each of these phrases; whole words, `...` for up to four in between."""
    says_one_of: Texts | None = None
    """The answer holds at least one of these phrases."""
    says_none_of: Texts | None = None
    """The answer holds none of these phrases."""
    language: Annotated[str, Field(pattern=LANGUAGE)] | None = None
    """The answer is in this language: ISO 639-1, such as `de`."""
    asks_back: bool | None = None
    """The answer asks the customer something; false: it does not."""
    escalates: bool | None = None
    """The turn goes to the large model or a person; false: it stays with the first tier."""
    says_unknown: bool | None = None
    """The answer says that the articles do not tell; false: it does not."""


class TurnModel(Model):
    """One message of the customer."""

    user: Text
    """What the customer writes."""
    expect: Annotated[list[ExpectModel], Field(min_length=1)] | None = None
    """What the answer to it must be, one `- name: value` each."""
    rating: Thumb | None = None
    """What the customer thought of the answer before: up or down."""


class EscalationModel(Model):
    """Whether the conversation belongs with the large model or a person."""

    verdict: Verdict
    """must: it belongs there; may: either is fine; must_not: the first tier is enough."""
    reason: Annotated[str, Field(pattern=RULE)] | None = None
    """A reason's or a rule's name in escalation.md."""
    by_turn: Annotated[int, Field(ge=1)] | None = None
    """The last turn, from 1, at which it is not yet late."""
    to: To | None = None
    """large or person; without it, either."""


class RubricModel(Model):
    """A question for the judge about the whole conversation, to which yes is good."""

    id: Annotated[str, Field(pattern=ID)]
    ask: Text
    gate: bool = False
    """Whether a no fails the case."""


class LimitsModel(Model):
    """What one trial may take at most."""

    usd: Annotated[float, Field(ge=0)] | None = None
    first_words_ms: Annotated[float, Field(ge=0)] | None = None
    total_ms: Annotated[float, Field(ge=0)] | None = None
    model_calls: Annotated[int, Field(ge=0)] | None = None


class TrialsModel(Model):
    """How often the case is played, and how many of those must pass."""

    n: Annotated[int, Field(ge=1, le=100)]
    need: Annotated[int, Field(ge=1, le=100)] | None = None
    """Without it, all of them."""


class CaseModel(Model):
    """One conversation to be played, and how it is judged."""

    id: Annotated[str, Field(pattern=ID)]
    """The pairing key of every comparison: it stays when the case is edited."""
    origin: OriginModel
    tags: list[Annotated[str, Field(pattern=TAG)]] = []
    """For choosing and for tables, such as `refunds` or `prompt:voice`."""
    risk: Risk = "normal"
    """high: one failed trial fails the run."""
    needs: Literal["model", "any"] = "any"
    """model: nothing that only quotes articles can pass it."""
    draft: bool = False
    """Drafts are played and shown, and never gate."""
    audience: Audience = "internal"
    """everyone: who asks is no colleague; articles that say `audience: everyone` are read alone."""
    turns: Annotated[list[TurnModel], Field(min_length=1)]
    escalation: EscalationModel = EscalationModel(verdict="may")
    gold_passages: list[Text] = []
    """Articles (or `article#heading`) that hold what a right answer needs."""
    rubric: list[RubricModel] = []
    limits: LimitsModel = LimitsModel()
    trials: TrialsModel = TrialsModel(n=1)


EXPECTATIONS: dict[str, type[Any]] = {
    "cites": made.Cites,
    "says": made.Says,
    "says_one_of": made.SaysOneOf,
    "says_none_of": made.SaysNoneOf,
    "language": made.InLanguage,
    "asks_back": made.AsksBack,
    "escalates": made.Escalates,
    "says_unknown": made.SaysUnknown,
}
"""Name in YAML -> type."""
