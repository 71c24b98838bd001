"""Every type that flows through a turn, in the order in which it flows.

A `Turn` goes in; `Chunk`s come out, and the last of them is always `Finished` with the turn's
`TurnRecord`. Nothing here knows Slack, a terminal or a model's SDK.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

By: TypeAlias = Literal["rule", "classifier", "model", "person", "budget"]
"""Who decided: a rule of escalation.md, the learned classifier, the model's own `escalate`, a person, or the
day's budget."""

Outcome: TypeAlias = Literal["answered", "handed_off", "stopped", "failed"]
Thumb: TypeAlias = Literal["up", "down"]
Who: TypeAlias = Literal["asker", "bystander", "staff"]

Audience: TypeAlias = Literal["everyone", "internal"]
"""Who reads an answer: colleagues, for whom every article is, or anybody, for whom those are that say so."""

PERSON = "person"
"""The rung above the largest model: where a route ends when no model should answer."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the customer, as it was written."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with the turn; `text` is what could be read of it."""

    name: str
    type: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known about the turn beside its words; None means that the graph finds it out itself."""

    rating: Thumb | None = None
    """The customer's last rating in this conversation."""
    language: str | None = None
    """ISO 639-1 code."""
    repeat: bool | None = None
    """Whether the customer asks the same again."""
    person: bool = False
    """Whether the customer pressed "talk to a person"."""
    withheld: str = ""
    """Why no model may answer, so that it goes to a person; empty where one may."""
    people: bool | None = None
    """Whether a person can be reached from this conversation."""
    limited: str = ""
    """The phrase that answers in place of a model, where the customer writes too much; else empty."""
    seen: bool = False
    """Whether any colleague who takes over can read the conversation where it is."""
    people_back: datetime | None = None
    """When people are back, on their own clock, where none is there at this time of the day; else None."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What the customer said since the bot spoke last, to be answered as one."""

    id: str
    conversation: str
    customer: str
    messages: tuple[Message, ...]
    received_at: float
    """When the first message reached this process, in seconds since the epoch."""
    attachments: tuple[Attachment, ...] = ()
    signals: Signals = Signals()
    attempt: int = 1
    audience: Audience = "everyone"
    """Which articles the answer may rest on; who does not say is taken for a stranger."""

    @property
    def text(self) -> str:
        """The messages joined by line breaks."""
        return "\n".join(message.text for message in self.messages)


@dataclass(frozen=True, slots=True)
class Fence:
    """Where it stands in Redis that a turn is this process's: another holder writes another value there."""

    key: str
    """A hash with the same hash tag as the conversations."""
    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Route:
    """Which tier answers, and why."""

    tier: str
    reason: str
    """One sentence in words that a support lead understands."""
    by: By = "rule"
    confidence: float | None = None
    """0 to 1 where a classifier decided; None where a rule did."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one model call; `input_tokens` includes the cached ones, whoever the vendor is."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a model, whether or not it came to anything."""

    tier: str
    provider: str
    model: str
    outcome: str
    """`ok`, `escalated`, or the name of the error's kind (see errors.py)."""
    prompt_versions: dict[str, str]
    """Name of each prompt in force -> its version."""
    usage: Usage | None = None
    """None when the vendor sent none, as with a stream that was cut."""
    cost_usd: float | None = None
    """None when the price or the usage is unknown; never 0 for unknown."""
    ttft_ms: float | None = None
    total_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """An article that the answer rests on."""

    article: str
    """The file's path in the knowledge folder."""
    title: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """The numbers and names of a finished turn, and no text of anybody's."""

    turn_id: str
    messages: tuple[str, ...]
    """Ids of the customer's messages that this turn answered."""
    attempt: int
    conversation: str
    customer: str
    received_at: float
    route: Route
    calls: tuple[Call, ...]
    sources: tuple[Source, ...]
    outcome: Outcome
    language: str
    total_ms: float
    first_words_ms: float | None = None
    """From the customer's message to the acknowledgement of the first words of the answer."""
    queue_ms: float | None = None
    delivery_ms: float | None = None
    cost_usd: float | None = None
    """Sum over the calls; None as soon as one call's cost is unknown; 0.0 when no call was made."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Words of the answer, to be shown after those before."""

    text: str


@dataclass(frozen=True, slots=True)
class Escalated:
    """A higher tier takes over; what was shown stays as the opening."""

    route: Route
    said: str = ""
    """What the customer may read of it, in their language."""


@dataclass(frozen=True, slots=True)
class Restarted:
    """What was shown is void: the whole answer follows from its first word."""

    reason: str


@dataclass(frozen=True, slots=True)
class HandedOff:
    """A person takes over, with a summary of the conversation."""

    summary: str
    reason: str


@dataclass(frozen=True, slots=True)
class Finished:
    """Always the last chunk of a turn."""

    record: TurnRecord
    passages: tuple[str, ...] = ()
    """Ids of what was found in the articles for it, best first."""


Chunk: TypeAlias = TextDelta | Escalated | Restarted | HandedOff | Finished


@dataclass(frozen=True, slots=True)
class Review:
    """What a person made of a draft before a customer saw it."""

    draft: str
    """What the bot would have said; the transcript's answer is what was sent."""
    by: str
    how: Literal["same", "edited", "discarded"]
    at: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """The redacted words of a turn, kept apart from the ledger under a retention of their own."""

    turn_id: str
    conversation: str
    customer: str
    at: float
    language: str
    asked: tuple[str, ...]
    answer: str
    tier: str
    outcome: Outcome
    review: Review | None = None
    """None where the answer went to the customer as the bot gave it."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """One person's rating of one turn; `value` None takes an earlier one back."""

    turn_id: str
    who: Who
    person: str
    value: Thumb | None
    via: Literal["button", "reaction"]
    at: float
