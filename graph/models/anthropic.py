"""Anthropic's Messages API."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import anthropic
import httpx2
from anthropic.types import (
    CacheControlEphemeralParam,
    MessageDeltaUsage,
    RawContentBlockDeltaEvent,
    RawContentBlockStartEvent,
    RawMessageDeltaEvent,
    RawMessageStartEvent,
    RawMessageStreamEvent,
    TextBlockParam,
)
from anthropic.types import Usage as VendorUsage

from graph.errors import CutOff, ModelError, TooSlow, Unreachable
from graph.models import ChatMessage, Done, Event, Request, Stop, Text, Thinking, ToolCall, ToolStarted
from graph.models.faults import from_status, transport_faults
from graph.tiers import Deadlines
from graph.turn import Usage

CACHED: CacheControlEphemeralParam = {"type": "ephemeral"}
STOPS: dict[str, Stop] = {
    "end_turn": "end",
    "stop_sequence": "end",
    "tool_use": "tool",
    "refusal": "refusal",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
}


class AnthropicModel:
    """Streams from the Messages API; retries nothing by itself."""

    provider = "anthropic"

    def __init__(self, api_key: str, base_url: str | None, deadlines: Deadlines) -> None:
        # The SDK's pool drops idle connections after 5 s, so that a customer who thinks for 6 s waits for TLS.
        limits = httpx2.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=120)
        timeout = httpx2.Timeout(deadlines.answer, connect=deadlines.connect)
        self._client = anthropic.AsyncAnthropic(
            api_key=api_key,
            base_url=base_url,
            max_retries=0,
            http_client=anthropic.DefaultAsyncHttpxClient(limits=limits, timeout=timeout),
        )

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Stream the events of one call; raises a ModelError where it comes to nothing."""
        try:
            async with transport_faults():
                async with await self._client.messages.create(**_parameters(request), stream=True) as events:
                    async for event in _Reader().read(events):
                        yield event
        except anthropic.APIError as error:
            raise _mapped(error) from error

    async def models(self) -> set[str]:
        """Return the names of the models that the vendor offers with this key."""
        try:
            async with transport_faults():
                return {model.id async for model in self._client.models.list(limit=1000)}
        except anthropic.APIError as error:
            raise _mapped(error) from error

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.close()


def _parameters(request: Request) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_output_tokens,
        "system": [TextBlockParam(type="text", text=request.system, cache_control=CACHED)],
        "messages": [_message(message) for message in request.messages],
    }
    # The breakpoint stands on the customer's words, before what only this turn needs: the next turn's
    # history repeats these words, but not the passages.
    last = parameters["messages"][-1]["content"]
    last[0] = {**last[0], "cache_control": CACHED}
    if request.context:
        last.append({"type": "text", "text": request.context})
    if request.tools:
        parameters["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}
            for tool in request.tools
        ]
    if request.effort == "off":
        parameters["thinking"] = {"type": "disabled"}
    elif request.effort:
        parameters["output_config"] = {"effort": request.effort}
    return parameters


def _message(message: ChatMessage) -> dict[str, Any]:
    return {"role": message.role, "content": [{"type": "text", "text": message.text}]}


class _Reader:
    """Turns the vendor's events into ours."""

    def __init__(self) -> None:
        self._usage: Usage | None = None
        self._stop: Stop | None = None
        self._tool = ""
        self._arguments: list[str] = []

    async def read(self, events: AsyncIterator[RawMessageStreamEvent]) -> AsyncIterator[Event]:
        async for event in events:
            if isinstance(event, RawContentBlockDeltaEvent):
                if event.delta.type == "text_delta":
                    yield Text(event.delta.text)
                elif event.delta.type == "input_json_delta":
                    self._arguments.append(event.delta.partial_json)
            elif isinstance(event, RawMessageStartEvent):
                self._usage = _usage(event.message.usage, None)
            elif isinstance(event, RawContentBlockStartEvent):
                for flushed in self._end_tool():
                    yield flushed
                if event.content_block.type == "tool_use":
                    self._tool = event.content_block.name
                    yield ToolStarted(self._tool)
                elif event.content_block.type == "thinking":
                    yield Thinking()
            elif isinstance(event, RawMessageDeltaEvent):
                self._usage = _usage(event.usage, self._usage)
                self._stop = STOPS.get(event.delta.stop_reason or "")
        for flushed in self._end_tool():
            yield flushed
        if self._stop is None:
            raise CutOff("the stream ended without a stop reason")
        yield Done(self._stop, self._usage)

    def _end_tool(self) -> list[Event]:
        if not self._tool:
            return []
        call = ToolCall(self._tool, "".join(self._arguments))
        self._tool, self._arguments = "", []
        return [call]


def _usage(usage: VendorUsage | MessageDeltaUsage, before: Usage | None) -> Usage:
    """Sum the vendor's input side, which leaves out what was cached; keep what a later event leaves out."""
    read, write = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    if usage.input_tokens is None and before:
        return Usage(
            before.input_tokens, usage.output_tokens, before.cache_read_tokens, before.cache_write_tokens
        )
    return Usage((usage.input_tokens or 0) + read + write, usage.output_tokens, read, write)


def _mapped(error: anthropic.APIError) -> ModelError:
    if isinstance(error, anthropic.APITimeoutError):
        return TooSlow("no answer in time")
    if isinstance(error, anthropic.APIStatusError):
        return from_status(
            error.status_code, error.type or "", str(error.message), dict(error.response.headers)
        )
    if isinstance(error, anthropic.APIConnectionError):
        return Unreachable(f"no connection: {error.__cause__ or error}")
    return CutOff(str(error))
