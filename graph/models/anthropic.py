"""Anthropic's Messages API."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any

import anthropic
from anthropic.types import CacheControlEphemeralParam, TextBlockParam

from graph.errors import CutOff, ModelError, TooSlow, Unreachable
from graph.models import ChatMessage, Done, Event, Request, Stop, Text, Thinking, ToolCall, ToolStarted
from graph.models.connections import connections
from graph.models.faults import from_status, transport_faults, was_reset
from graph.models.sse import FIRST_WORDS, Streams, json_events, merged
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

    def __init__(
        self, api_key: str, base_url: str | None, deadlines: Deadlines, streams: Streams | None = None
    ) -> None:
        self._streams = streams or Streams()
        self._client = anthropic.AsyncAnthropic(
            api_key=api_key,
            base_url=base_url,
            max_retries=0,
            http_client=anthropic.DefaultAioHttpClient(**connections(deadlines)),
        )

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Stream the events of one call; raises a ModelError where it comes to nothing."""
        try:
            async with transport_faults():
                create = self._client.messages.with_streaming_response.create
                async with create(**_parameters(request), stream=True) as response:
                    reader = _Reader()
                    batches = json_events(response, self._streams, lambda: reader.pieces >= FIRST_WORDS)
                    async for event in reader.read(batches):
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
        self._usage: dict[str, int] = {}
        self._stop: Stop | None = None
        self._tool = ""
        self._arguments: list[str] = []
        self.pieces = 0

    async def read(self, batches: AsyncIterator[list[dict[str, Any]]]) -> AsyncIterator[Event]:
        async for batch in batches:
            for event in merged(self._events(batch)):
                yield event
        if self._tool:
            yield self._end_tool()
        if self._stop is None:
            raise CutOff("the stream ended without a stop reason")
        yield Done(self._stop, self._used())

    def _events(self, batch: list[dict[str, Any]]) -> Iterator[Event]:
        for event in batch:
            match event["type"]:
                case "content_block_delta":
                    delta = event["delta"]
                    if delta["type"] == "text_delta":
                        self.pieces += 1
                        yield Text(delta["text"])
                    elif delta["type"] == "input_json_delta":
                        self._arguments.append(delta["partial_json"])
                case "content_block_start":
                    block = event["content_block"]
                    if block["type"] == "tool_use":
                        self._tool = block["name"]
                        yield ToolStarted(self._tool)
                    elif block["type"] == "thinking":
                        yield Thinking()
                case "content_block_stop" if self._tool:
                    yield self._end_tool()
                case "message_start":
                    self._count(event["message"]["usage"])
                case "message_delta":
                    self._count(event["usage"])
                    self._stop = STOPS.get(event["delta"].get("stop_reason") or "")
                case "error":
                    error = event["error"]
                    raise from_status(200, error.get("type", ""), error.get("message", ""), {})

    def _end_tool(self) -> ToolCall:
        call = ToolCall(self._tool, "".join(self._arguments))
        self._tool, self._arguments = "", []
        return call

    def _count(self, usage: dict[str, Any]) -> None:
        # Counts are cumulative, and the later event may leave out the input side.
        self._usage.update({key: value for key, value in usage.items() if isinstance(value, int)})

    def _used(self) -> Usage | None:
        if "output_tokens" not in self._usage:
            return None
        fresh = self._usage.get("input_tokens", 0)
        read = self._usage.get("cache_read_input_tokens", 0)
        write = self._usage.get("cache_creation_input_tokens", 0)
        return Usage(fresh + read + write, self._usage["output_tokens"], read, write)


def _mapped(error: anthropic.APIError) -> ModelError:
    if isinstance(error, anthropic.APITimeoutError) and not was_reset(error):
        return TooSlow("no answer in time")
    if isinstance(error, anthropic.APIStatusError):
        return from_status(error.status_code, error.type or "", _said(error), dict(error.response.headers))
    if isinstance(error, anthropic.APIConnectionError):
        return Unreachable(f"no connection: {error.__cause__ or error}")
    return CutOff(str(error))


def _said(error: anthropic.APIStatusError) -> str:
    """Return the vendor's own sentence; the SDK's message is the whole body."""
    body = error.body
    inner = body.get("error") if isinstance(body, dict) else None
    said = str(inner["message"] if isinstance(inner, dict) and "message" in inner else error.message)
    return f"{said} ({error.error_code})" if error.error_code else said
