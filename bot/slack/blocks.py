"""What stands around the words, as Block Kit: sources, buttons, the team's cards, the home tab."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from graph.turn import Source
from prompts.phrases import Phrases

Block: TypeAlias = dict[str, Any]
CardState: TypeAlias = Literal["open", "claimed", "handed_back"]

RATE, PERSON, CLAIM, HAND_BACK = "rate", "person", "claim", "hand_back"


def mention(user_id: str) -> str:
    """Return the mark-up that mentions a person; raises ValueError for what is no user id."""
    raise NotImplementedError


def answer_blocks(
    phrases: Phrases,
    language: str,
    *,
    turn_id: str,
    sources: Sequence[Source],
    person: bool,
    hosts: frozenset[str],
) -> list[Block]:
    """Return what stands below a finished answer: sources, rating buttons, the way to a person."""
    raise NotImplementedError


def whole_blocks(text: str, *more: Block) -> tuple[str, list[Block]]:
    """Return (`text` for notifications, blocks) of a message whose words are Markdown, already cleaned."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Card:
    """What a person needs to know to take a conversation over."""

    conversation: str
    customer: str
    """The user's id."""
    summary: str
    reason: str
    link: str
    """The permalink of the thread."""
    state: CardState = "open"
    by: str | None = None
    """The id of who claimed it, or handed it back."""


def handoff_card(phrases: Phrases, language: str, card: Card) -> tuple[str, list[Block]]:
    """Return (`text`, blocks) of the card in the team's channel."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Missed:
    """A message that nobody answered."""

    customer: str
    text: str
    link: str


def catch_up_card(phrases: Phrases, language: str, entries: Sequence[Missed]) -> tuple[str, list[Block]]:
    """Return (`text`, blocks) of the one card that lists what was missed."""
    raise NotImplementedError


def home_view(phrases: Phrases, language: str, prompts: Sequence[str]) -> dict[str, Any]:
    """Return the view for views.publish."""
    raise NotImplementedError


def suggested_prompts(prompts: Sequence[str]) -> list[dict[str, str]]:
    """Return the `prompts` of assistant.threads.setSuggestedPrompts."""
    raise NotImplementedError
