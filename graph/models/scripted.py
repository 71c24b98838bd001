"""The shipped fake: plays listed replies and records the requests."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field

from graph.errors import ModelError
from graph.models import Done, Event, Request, Stop, Text, ToolCall, ToolStarted
from graph.turn import Usage


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model does with one request: words, then perhaps a tool call, then a stop or an error."""

    text: str = ""
    tool: ToolCall | None = None
    stop: Stop = "end"
    error: ModelError | None = None
    """Raised after the words, instead of stopping."""
    delay_s: float = 0.0
    """Before the first word."""
    pause_s: float = 0.0
    """Between words."""
    usage: Usage = Usage(input_tokens=1000, output_tokens=50)


@dataclass(slots=True)
class ScriptedModel:
    """Plays its replies in order; a model that has run out of them says so by an AssertionError."""

    replies: deque[Reply] = field(default_factory=deque)
    provider: str = "scripted"
    requests: list[Request] = field(default_factory=list)

    @classmethod
    def of(cls, *replies: Reply | str, provider: str = "scripted") -> ScriptedModel:
        """Make a model from replies; a plain string is a reply of these words."""
        return cls(deque(_replies(replies)), provider)

    def then(self, *replies: Reply | str) -> None:
        """Add replies at the end."""
        self.replies.extend(_replies(replies))

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Play the next reply."""
        self.requests.append(request)
        if not self.replies:
            raise AssertionError(f"request {len(self.requests)} came, but no reply is left to play")
        reply = self.replies.popleft()
        await asyncio.sleep(reply.delay_s)
        for word in _words(reply.text):
            yield Text(word)
            await asyncio.sleep(reply.pause_s)
        if reply.error:
            raise reply.error
        if reply.tool:
            yield ToolStarted(reply.tool.name)
            yield reply.tool
        yield Done("tool" if reply.tool else reply.stop, reply.usage)

    async def models(self) -> set[str]:
        """Return the one name that it answers to."""
        return {"scripted"}

    async def close(self) -> None:
        """Do nothing: there is no connection."""


def _replies(given: Iterable[Reply | str]) -> list[Reply]:
    return [Reply(reply) if isinstance(reply, str) else reply for reply in given]


def _words(text: str) -> list[str]:
    """Split before each space, so that the pieces join to the text again."""
    pieces = text.split(" ")
    return [pieces[0], *(" " + piece for piece in pieces[1:])] if text else []
