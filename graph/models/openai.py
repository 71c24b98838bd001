"""OpenAI's Chat Completions API, which local servers speak too."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any

import openai

from graph.errors import CutOff, ModelError, TooSlow, Unreachable
from graph.models import Done, Event, Request, Stop, Text, Thinking, ToolCall, ToolStarted
from graph.models.connections import connections
from graph.models.faults import from_status, transport_faults, was_reset
from graph.models.sse import FIRST_WORDS, Streams, json_events, merged
from graph.tiers import Deadlines
from graph.turn import Usage

STOPS: dict[str, Stop] = {
    "stop": "end",
    "tool_calls": "tool",
    "function_call": "tool",
    "length": "length",
    "content_filter": "refusal",
}


class OpenAIModel:
    """Streams from Chat Completions; retries nothing by itself."""

    provider = "openai"

    def __init__(
        self, api_key: str, base_url: str | None, deadlines: Deadlines, streams: Streams | None = None
    ) -> None:
        self._streams = streams or Streams()
        self._client = openai.AsyncOpenAI(
            api_key=api_key,
            base_url=base_url,
            max_retries=0,
            http_client=openai.DefaultAioHttpClient(**connections(deadlines)),
        )

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Stream the events of one call; raises a ModelError where it comes to nothing."""
        create = self._client.chat.completions.with_streaming_response.create
        try:
            async with transport_faults(), create(**_parameters(request), stream=True) as response:
                reader = _Reader()
                batches = json_events(response, self._streams, lambda: reader.pieces >= FIRST_WORDS)
                async for event in reader.read(batches):
                    yield event
        except openai.APIError as error:
            raise _mapped(error) from error

    async def models(self) -> set[str]:
        """Return the names of the models that the server offers with this key."""
        try:
            async with transport_faults():
                return {model.id async for model in self._client.models.list()}
        except openai.APIError as error:
            raise _mapped(error) from error

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.close()


def _hosted(model: str) -> bool:
    return model.startswith(("gpt-", "o1", "o3", "o4")) and not model.startswith("gpt-oss")


def _parameters(request: Request) -> dict[str, Any]:
    messages = [{"role": message.role, "content": message.text} for message in request.messages]
    if request.context:
        # One string, because the chat templates of local servers take no lists; the words come first, so that
        # the next turn's history has the same bytes up to here.
        messages[-1]["content"] += "\n\n" + request.context
    parameters: dict[str, Any] = {
        "model": request.model,
        "messages": [{"role": "system", "content": request.system}, *messages],
        "stream_options": {"include_usage": True},
    }
    if _hosted(request.model):
        parameters["max_completion_tokens"] = request.max_output_tokens
        parameters["stream_options"]["include_obfuscation"] = False
        if request.cache_key:
            parameters["prompt_cache_key"] = request.cache_key
    else:  # local servers know the older name, and not all of them OpenAI's own fields
        parameters["max_tokens"] = request.max_output_tokens
    if request.effort:
        parameters["reasoning_effort"] = "none" if request.effort == "off" else request.effort
    if request.tools:
        parameters["tools"] = [
            {
                "type": "function",
                "function": {"name": t.name, "description": t.description, "parameters": t.parameters},
            }
            for t in request.tools
        ]
    return parameters


class _Reader:
    """Turns the vendor's chunks into our events."""

    def __init__(self) -> None:
        self._usage: Usage | None = None
        self._stop: Stop | None = None
        self._refused = False
        self._tools: dict[int, tuple[str, list[str]]] = {}
        self.pieces = 0

    async def read(self, batches: AsyncIterator[list[dict[str, Any]]]) -> AsyncIterator[Event]:
        async for batch in batches:
            for event in merged(self._chunks(batch)):
                yield event
        for name, arguments in self._tools.values():
            yield ToolCall(name, "".join(arguments))
        if self._stop is None:
            raise CutOff("the stream ended without a finish reason")
        yield Done("refusal" if self._refused else self._stop, self._usage)

    def _chunks(self, batch: list[dict[str, Any]]) -> Iterator[Event]:
        for chunk in batch:
            if error := chunk.get("error"):
                kind = str(error.get("code") or error.get("type") or "")
                raise from_status(200, kind, str(error.get("message", "")), {})
            if usage := chunk.get("usage"):
                self._usage = _usage(usage)
            for choice in chunk.get("choices") or ():
                yield from self._events(choice.get("delta") or {})
                if reason := choice.get("finish_reason"):
                    self._stop = STOPS.get(reason, "end")

    def _events(self, delta: dict[str, Any]) -> list[Event]:
        events: list[Event] = []
        if content := delta.get("content"):
            self.pieces += 1
            events.append(Text(content))
        elif delta.get("reasoning_content"):  # local servers show that they think
            events.append(Thinking())
        self._refused = self._refused or bool(delta.get("refusal"))
        for call in delta.get("tool_calls") or ():
            function = call.get("function") or {}
            index = call.get("index", 0)
            if index not in self._tools:
                self._tools[index] = (function.get("name") or "", [])
                events.append(ToolStarted(self._tools[index][0]))
            self._tools[index][1].append(function.get("arguments") or "")
        return events


def _usage(usage: dict[str, Any]) -> Usage:
    details = usage.get("prompt_tokens_details") or {}
    return Usage(
        usage.get("prompt_tokens") or 0,
        usage.get("completion_tokens") or 0,
        details.get("cached_tokens") or 0,
        details.get("cache_write_tokens") or 0,
    )


def _mapped(error: openai.APIError) -> ModelError:
    if isinstance(error, openai.APITimeoutError) and not was_reset(error):
        return TooSlow("no answer in time")
    if isinstance(error, openai.APIStatusError):
        kind = error.code or error.type or ""
        return from_status(error.status_code, kind, str(error.message), dict(error.response.headers))
    if isinstance(error, openai.APIConnectionError):
        return Unreachable(f"no connection: {error.__cause__ or error}")
    return CutOff(str(error))
