"""Token counts, and what the vendors' prompt caches would have kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from evals.sim.script import Body

STEP = 128
"""OpenAI caches in steps of so many tokens."""
LOOKBACK = 20
"""Anthropic looks for an earlier entry at so many blocks before a breakpoint."""
LIFETIMES = {"5m": 300.0, "1h": 3600.0}


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of one request; the three kinds of input do not overlap."""

    fresh: int
    cache_read: int
    cache_write: int
    output: int = 0
    thinking: int = 0
    """Of the output."""

    @property
    def prompt(self) -> int:
        """All of the input."""
        return self.fresh + self.cache_read + self.cache_write


def count(text: str) -> int:
    """Estimate a text's tokens at four characters each, at least one unless it is empty."""
    return max(1, len(text) // 4) if text else 0


@dataclass(frozen=True, slots=True)
class Block:
    """A part of the prompt that a cache breakpoint may follow."""

    text: str
    lifetime: float | None
    """Seconds that the prefix up to here is to be kept; None where there is no breakpoint."""


class PromptCache:
    """The prefixes that a vendor remembers, per model; times are in seconds on one clock."""

    def __init__(self, minimum: int, lifetimes: dict[str, float] | None = None) -> None:
        self.minimum = minimum
        self.lifetimes = lifetimes or LIFETIMES
        self._until: dict[bytes, float] = {}

    def clear(self) -> None:
        """Forget every prefix."""
        self._until.clear()

    def anthropic(self, body: Body, now: float) -> Tokens:
        """Count a request's input, reading and writing the cache at the request's breakpoints."""
        blocks = list(self._blocks(body))
        prefix = hashlib.blake2b(str(body.get("model")).encode(), digest_size=16)
        ends: list[tuple[bytes, int]] = []
        characters = 0
        for block in blocks:
            prefix.update(block.text.encode())
            characters += len(block.text)
            ends.append((prefix.digest(), characters // 4))
        marks = [place for place, block in enumerate(blocks) if block.lifetime is not None]
        read = 0
        for place in {p for mark in marks for p in range(max(0, mark - LOOKBACK), mark + 1)}:
            key, size = ends[place]
            if self._until.get(key, 0.0) > now:
                read = max(read, size)
        written = read
        for mark in marks:
            key, size = ends[mark]
            if size >= self.minimum:
                self._until[key] = now + (blocks[mark].lifetime or 0.0)
                written = max(written, size)
        return Tokens(characters // 4 - written, read, written - read)

    def openai(self, body: Body, now: float) -> Tokens:
        """Count a request's input, reading and writing the cache in whole steps."""
        text = _canonical(body.get("tools")) + "".join(_canonical(m) for m in body.get("messages") or ())
        total = count(text)
        prefix = hashlib.blake2b(str(body.get("model")).encode(), digest_size=16)
        read = written = 0
        for size in range(STEP, total + 1, STEP):
            prefix.update(text[(size - STEP) * 4 : size * 4].encode())
            if size < self.minimum:
                continue
            key = prefix.digest()
            if self._until.get(key, 0.0) > now:
                read = size
            self._until[key] = now + self.lifetimes["5m"]
            written = size
        return Tokens(total - written, read, written - read)

    def _blocks(self, body: Body) -> Iterator[Block]:
        found = [*_content("tool", body.get("tools")), *_content("system", body.get("system"))]
        for message in body.get("messages") or ():
            found += _content(str(message.get("role")), message.get("content"))
        for place, (text, control) in enumerate(found):
            mark = (body.get("cache_control") or control) if place == len(found) - 1 else control
            lifetime = self.lifetimes[str(mark.get("ttl", "5m"))] if mark else None
            yield Block(text, lifetime)


def _content(kind: str, content: object) -> Iterator[tuple[str, dict[str, Any] | None]]:
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    for part in parts if isinstance(parts, list) else ():
        bare = {name: value for name, value in part.items() if name != "cache_control"}
        yield (
            kind + (bare["text"] if bare.get("type") == "text" else _canonical(bare)),
            part.get("cache_control"),
        )


def _canonical(value: object) -> str:
    if isinstance(value, dict) and isinstance(value.get("content"), str) and "tool_calls" not in value:
        return f"{value.get('role')}\n{value['content']}\n"
    return json.dumps(value, sort_keys=True, separators=(",", ":")) if value else ""
