"""Models behind one protocol: a `Request` goes in, `Event`s stream out.

The adapters map every SDK error to errors.py; nothing else in the project knows an SDK.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from graph.knowledge import Passage
from graph.turn import Usage

Stop: TypeAlias = Literal["end", "tool", "length", "refusal"]


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of the conversation as the model sees it."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call; `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: dict[str, object]


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a model, the stable parts first so that vendors can cache them."""

    model: str
    system: str
    """The same bytes for every turn while the prompts are unchanged."""
    messages: tuple[ChatMessage, ...]
    """The history and the customer's message: a prefix of the next turn's."""
    context: str
    """What only this turn needs (passages, handover): sent after the messages, never cached."""
    question: str
    passages: tuple[Passage, ...]
    tools: tuple[Tool, ...] = ()
    effort: str | None = None
    """`off` for no thinking at all, else the vendor's word; None leaves the vendor's default."""
    max_output_tokens: int = 800
    cache_key: str = ""
    """Names the stable prefix, where a vendor routes by it."""


@dataclass(frozen=True, slots=True)
class Text:
    """Words of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """The model works without words: it is alive, so that no first-token deadline is due."""


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """The model began to call a tool; its arguments are still to come."""

    name: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A whole tool call; `arguments` is the JSON as the model wrote it, perhaps broken."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Done:
    """Always the last event: why the model stopped and what it used."""

    stop: Stop
    usage: Usage | None


Event: TypeAlias = Text | Thinking | ToolStarted | ToolCall | Done


class ChatModel(Protocol):
    """A model that streams; raises a ModelError where the call comes to nothing."""

    provider: str

    def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Stream the events of one call; a stream without a stop reason raises CutOff."""
        ...

    async def models(self) -> set[str]:
        """Return the names of the models that the vendor offers with this key."""
        ...

    async def close(self) -> None:
        """Give the connections back."""
        ...
