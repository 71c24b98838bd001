"""What a conversation remembers between turns and nodes: plain data, small, no articles, no prompts."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from graph.turn import Audience, Thumb


class Draft(TypedDict):
    """What one tier made of the turn; written by `answer`, judged by `check`."""

    tier: str
    text: str
    """The whole answer, its opening by a lower tier included."""
    stop: str
    """`end`, `length`, `refusal`, `escalated`, `broke` a rule, or `fault` when every candidate failed."""
    reason: str
    """Why it escalated, what rule it broke, or what the last fault was; empty when all is well."""
    handover: str
    """What the tier that escalated tells the next one."""
    broke: str
    """Name of the hard rule that the text broke; empty when none."""


class Exchange(TypedDict):
    """One finished turn, as later turns see it."""

    id: str
    asked: str
    answer: str
    outcome: str
    summary: str
    """For the person who took over; empty where nobody did."""
    messages: NotRequired[list[str]]
    """Ids of the messages that `asked` holds, or of what a colleague wrote."""
    at: NotRequired[float]
    """When it was, in seconds since the epoch: it stays no longer than text may."""
    audience: NotRequired[Audience]
    """Whose articles the answer may rest on; not there where that was not kept."""


class State(TypedDict, total=False):
    """The keys that nodes read and write; who writes each stands beside it."""

    turn_id: str  # run_turn
    audience: Audience  # run_turn: whose articles the turn at work may rest on
    edition: str  # run_turn: the promoted version of the prompts that it goes by; not there for git's
    language: str  # retrieve
    passages: list[list[str]]  # retrieve: [id, hash], best first
    covered: bool | None  # retrieve, and route once and for all: None where the word index cannot judge
    asked: bool  # route, check: whether the customer asked for a person
    route: dict[str, Any]  # route, check
    phrase: str  # route: the phrase that answers, where no model does
    unknown: bool  # route: whether the model is told that nothing covers the question
    hold: bool  # route: whether the whole answer is checked before a word is shown
    draft: Draft | None  # answer
    shown: str  # answer, check, handoff: what the customer sees so far
    calls: list[dict[str, Any]]  # answer, handoff
    history: list[Exchange]  # check, handoff: finished turns within the token budget
    records: list[dict[str, Any]]  # check, handoff: records of the last turns, to answer a repeated one from
    rating: Thumb | None  # remember: the customer's last thumb


def seen_by(audience: Audience, state: State) -> list[Exchange]:
    """Return the finished turns that an audience may hear of, oldest first.

    An answer to colleagues holds what only they may read, also where others have joined the conversation
    since; one of which it is not known counts as such.
    """
    history = state.get("history") or []
    return [exchange for exchange in history if may_see(audience, exchange.get("audience"))]


def may_see(audience: Audience, made_for: Audience | None) -> bool:
    """Tell whether an audience may see what was made for one; None is unknown."""
    return audience == "internal" or made_for == "everyone"
