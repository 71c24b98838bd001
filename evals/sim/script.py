"""What the stand-ins say: replies queued by a test, else a rule that looks at the request."""

from __future__ import annotations

import json
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from evals.sim.faults import Fault

Vendor: TypeAlias = Literal["anthropic", "openai"]
Body: TypeAlias = dict[str, Any]
"""A request's JSON, as it was parsed."""

LARGE = ("sonnet", "opus", "fable", "mythos", "sol", "astra")
"""Parts of the names of models that answer at length and never escalate."""
HARD = "[hard]"
"""In the customer's last message, it makes a small model escalate."""
SENTENCE = " Your order left our warehouse today and will be with you in two or three days."


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One call of a tool; `arguments` is sent as it stands, so it may be broken JSON."""

    name: str = "escalate"
    arguments: str = '{"reason": "complex", "handover": "The customer needs a closer look."}'
    split: bool = True
    """Whether the arguments come in many pieces, or in one."""
    cut: bool = False
    """Whether the arguments end halfway, as with a token limit."""

    @property
    def pieces(self) -> list[str]:
        """The arguments as they are sent."""
        sent = self.arguments[: len(self.arguments) // 2] if self.cut else self.arguments
        return pieces(sent) if self.split else [sent]

    @property
    def parsed(self) -> dict[str, Any]:
        """The arguments as an object; empty where they are broken."""
        try:
            value = json.loads("".join(self.pieces))
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of a model: text, then tool calls (text before a call is its preamble)."""

    text: str = ""
    tools: tuple[ToolUse, ...] = ()
    stop: Literal["end", "length", "refusal"] = "end"
    """`end` stands for `tool` where there are tool calls."""
    ttft_s: float = 0.0
    """From the request (after the thinking, if any) to the first piece."""
    tokens_per_s: float | None = None
    """None sends all at once, in one write."""
    thinking_s: float = 0.0
    """How long a model thinks in silence, unless the request turned it off."""
    split_characters: bool = False
    """Whether each TCP segment ends inside a character, where there is one of several bytes."""
    fault: Fault | None = None


Rule: TypeAlias = Callable[[Vendor, Body], Reply]


class Script:
    """Decides the reply to each request: what was queued for the vendor, then for either, then the rule."""

    def __init__(self, rule: Rule | None = None) -> None:
        self.rule: Rule = rule or DefaultRule()
        self._queues: dict[Vendor | None, deque[Reply]] = {
            "anthropic": deque(),
            "openai": deque(),
            None: deque(),
        }

    def next(self, *replies: Reply, vendor: Vendor | None = None) -> None:
        """Queue replies, first in first out, for one vendor or for whichever is asked first."""
        self._queues[vendor].extend(replies)

    def clear(self) -> None:
        """Forget what is queued."""
        for queue in self._queues.values():
            queue.clear()

    def reply(self, vendor: Vendor, body: Body) -> Reply:
        """Take the reply to this request."""
        for queue in (self._queues[vendor], self._queues[None]):
            if queue:
                return queue.popleft()
        return self.rule(vendor, body)


@dataclass(frozen=True, slots=True)
class DefaultRule:
    """Small models answer in about 85 tokens or escalate at `[hard]`; large ones say three times as much."""

    ttft_s: float = 0.0
    tokens_per_s: float | None = None
    thinking_s: float = 0.0
    tokens: int = 85
    marker: str = "ESCALATE:"
    """What a small model says in its first line where it was given no tools."""

    def __call__(self, _vendor: Vendor, body: Body) -> Reply:
        """Answer one request."""
        large = is_large(str(body.get("model")))
        if HARD in last_words(body) and not large:
            text, tools = self._escalation(body)
        else:
            text, tools = answer(self.tokens * (3 if large else 1)), ()
        return Reply(text, tools, "end", self.ttft_s, self.tokens_per_s, self.thinking_s)

    def _escalation(self, body: Body) -> tuple[str, tuple[ToolUse, ...]]:
        arguments = {"reason": "complex", "handover": "The customer needs a closer look."}
        for tool in body.get("tools") or ():
            function = tool.get("function", tool)
            if function.get("name") == "escalate":
                schema = function.get("parameters") or function.get("input_schema") or {}
                allowed = schema.get("properties", {}).get("reason", {}).get("enum")
                if allowed:
                    arguments["reason"] = next((name for name in allowed if "complex" in name), allowed[0])
                return "", (ToolUse(arguments=json.dumps(arguments)),)
        return f"{self.marker} {arguments['reason']} | {arguments['handover']}", ()


def answer(tokens: int) -> str:
    """Make an answer of so many tokens that starts with words no other answer has."""
    opening = f"Case {uuid.uuid4().hex[:8]}."
    length = tokens * 4
    return (opening + SENTENCE * (length // len(SENTENCE) + 1))[:length]


def pieces(text: str) -> list[str]:
    """Cut a text into pieces the size of tokens."""
    return [text[at : at + 4] for at in range(0, len(text), 4)]


def is_large(model: str) -> bool:
    """Tell whether a model belongs to the large tier, by its name."""
    return any(part in model for part in LARGE)


def last_words(body: Body) -> str:
    """Return the text of the last user message."""
    for message in reversed(body.get("messages") or ()):
        if message.get("role") == "user":
            return content_text(message.get("content"))
    return ""


def content_text(content: object) -> str:
    """Return the text of a message's content, a string or a list of blocks."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
