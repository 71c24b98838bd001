"""Asks both stand-ins through the real SDKs, and sums up what came."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import anthropic
import openai


@dataclass
class Heard:
    """What a client made of a stream, as far as it came."""

    text: list[str] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    tools: dict[int, tuple[str, list[str]]] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)
    stop: str | None = None
    refusal: str = ""
    usage: Any = None
    error: BaseException | None = None

    @property
    def words(self) -> str:
        return "".join(self.text)

    def say(self, text: str) -> None:
        self.text.append(text)
        self.at.append(time.perf_counter())

    @property
    def calls(self) -> list[tuple[str, str]]:
        return [(name, "".join(parts)) for name, parts in self.tools.values()]


HELLO: list[dict[str, Any]] = [{"role": "user", "content": "Where is my order?"}]
CLAUDE_TOOL = {"name": "escalate", "description": "d", "input_schema": {"type": "object", "properties": {}}}
GPT_TOOL = {"type": "function", "function": {"name": "escalate", "parameters": {"type": "object"}}}
READ_S = 0.75
"""How long the clients wait for the next byte."""


async def ask_claude(client: anthropic.AsyncAnthropic, heard: Heard | None = None, **changed: Any) -> Heard:
    """Stream one answer; errors are raised, and `heard` keeps what came before."""
    heard = heard or Heard()
    asked: dict[str, Any] = {
        "model": "claude-haiku-5-5",
        "max_tokens": 900,
        "messages": HELLO,
        "thinking": {"type": "disabled"},
    }
    asked |= changed
    async with await client.messages.create(**asked, stream=True) as events:
        async for event in events:
            heard.kinds.append(event.type)
            if event.type == "content_block_start" and event.content_block.type == "tool_use":
                heard.tools[event.index] = (event.content_block.name, [])
            elif event.type == "content_block_delta" and event.delta.type == "text_delta":
                heard.say(event.delta.text)
            elif event.type == "content_block_delta" and event.delta.type == "input_json_delta":
                heard.tools[event.index][1].append(event.delta.partial_json)
            elif event.type == "message_start":
                heard.usage = event.message.usage
            elif event.type == "message_delta":
                heard.stop, heard.usage = event.delta.stop_reason, event.usage
                details = event.delta.stop_details
                heard.refusal = (details.category or "") if details else ""
    return heard


async def ask_gpt(client: openai.AsyncOpenAI, heard: Heard | None = None, **changed: Any) -> Heard:
    """Stream one answer; errors are raised, and `heard` keeps what came before."""
    heard = heard or Heard()
    asked: dict[str, Any] = {"model": "gpt-6-luna", "messages": HELLO, "reasoning_effort": "none"}
    asked |= {"stream_options": {"include_usage": True}} | changed
    async with await client.chat.completions.create(**asked, stream=True) as chunks:
        async for chunk in chunks:
            heard.usage = chunk.usage or heard.usage
            heard.kinds.append("obfuscated" if chunk.obfuscation else "plain")
            for choice in chunk.choices:
                if choice.delta.content:
                    heard.say(choice.delta.content)
                heard.refusal += choice.delta.refusal or ""
                for call in choice.delta.tool_calls or ():
                    if call.id:
                        heard.tools[call.index] = (call.function.name, [])
                    heard.tools[call.index][1].append(call.function.arguments or "")
                heard.stop = choice.finish_reason or heard.stop
    return heard
