"""OpenAI's Chat Completions API: what is refused, and the chunks of an answer."""

from __future__ import annotations

import secrets
from typing import Any

from evals.sim.openai_checks import check
from evals.sim.script import Body
from evals.sim.wire import Answer, Refused, Rendered, encode

TYPES = {429: "requests", 500: "server_error", 503: "server_error", 504: "server_error", 529: "server_error"}
CODES = {
    "too_long": "context_length_exceeded",
    "spend_limit": "insufficient_quota",
    "no_credit": "billing_not_active",
    "tools_unsupported": None,
}
BY_STATUS = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}
FINISHES = {"length": "length", "refusal": "content_filter"}
REFUSAL = "I cannot help with that."


class OpenAIFormat:
    """The Chat Completions API's wire format."""

    def check(self, body: Body, _headers: dict[str, str], models: tuple[str, ...]) -> None:
        """Raise Refused where the vendor would not take the request."""
        check(body, models)

    def thinks(self, body: Body) -> bool:
        """Hosted models think unless the effort is `none`; they show nothing of it."""
        return str(body["model"]).startswith("gpt-") and body.get("reasoning_effort") != "none"

    def stream(self, answer: Answer) -> Rendered:
        """Render an answer as server-sent events."""
        options = answer.body.get("stream_options") or {}
        chunk = _Chunk(answer, obfuscated=options.get("include_obfuscation", True))
        opening = chunk.choice(
            {"role": "assistant", "content": "" if answer.pieces else None, "refusal": None}
        )
        rendered = [chunk.text(piece) for piece in answer.pieces]
        words = [True] * len(rendered)
        for place, tool in enumerate(answer.tools):
            calls: list[dict[str, Any]] = [
                {
                    "id": f"call_{answer.id}{place}",
                    "type": "function",
                    "function": {"name": tool.name, "arguments": ""},
                }
            ]
            calls += [{"function": {"arguments": part}} for part in tool.pieces]
            rendered += [chunk.choice({"tool_calls": [{"index": place, **call}]}) for call in calls]
            words += [False] * len(calls)
        closing = chunk.choice({"refusal": REFUSAL}) if answer.reply.stop == "refusal" else b""
        closing += chunk.choice({}, finish_reason(answer))
        if options.get("include_usage"):
            closing += chunk.usage()
        return Rendered(
            opening,
            b"",
            rendered,
            words,
            closing + b"data: [DONE]\n\n",
            b": keep-alive\n\n",
            SERVER_ERROR,
            BROKEN,
        )

    def whole(self, answer: Answer) -> bytes:
        """Render an answer as one JSON document."""
        message: dict[str, Any] = {"role": "assistant", "content": "".join(answer.pieces) or None}
        message["refusal"] = REFUSAL if answer.reply.stop == "refusal" else None
        if answer.tools:
            message["tool_calls"] = [
                {
                    "id": f"call_{answer.id}{place}",
                    "type": "function",
                    "function": {"name": tool.name, "arguments": "".join(tool.pieces)},
                }
                for place, tool in enumerate(answer.tools)
            ]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason(answer)}
        return encode(
            {**_head(answer, "chat.completion"), "choices": [choice], "usage": usage(answer)}
        ).encode()

    def error(self, refused: Refused, _request_id: str) -> bytes:
        """Render an HTTP error's body."""
        kind = TYPES.get(refused.status, "invalid_request_error")
        code: str | None = CODES.get(refused.code, refused.code or None)
        if refused.code == "spend_limit":
            kind = "insufficient_quota"
        elif refused.code == "tools_unsupported":
            kind = "api_error"
        elif code is None:
            code = BY_STATUS.get(refused.status)
        error = {"message": refused.message, "type": kind, "param": refused.param, "code": code}
        return encode({"error": error}).encode()

    def models(self, names: tuple[str, ...]) -> bytes:
        """Render the list of models."""
        data = [
            {"id": name, "object": "model", "created": 1788220800, "owned_by": "system"} for name in names
        ]
        return encode({"object": "list", "data": data}).encode()


BROKEN = b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[{"index":0,"del\n\n'
_ERROR = {"message": "The server had an error while processing your request.", "type": "server_error"}
SERVER_ERROR = f"data: {encode({'error': {**_ERROR, 'param': None, 'code': None}})}\n\n".encode()


def finish_reason(answer: Answer) -> str:
    """Return the vendor's word for why the answer ended."""
    return FINISHES.get(answer.reply.stop, "tool_calls" if answer.tools else "stop")


def usage(answer: Answer) -> dict[str, Any]:
    """Render the usage; the prompt includes what was cached."""
    used = answer.used
    return {
        "prompt_tokens": used.prompt,
        "completion_tokens": used.output,
        "total_tokens": used.prompt + used.output,
        "prompt_tokens_details": {"cached_tokens": used.cache_read, "cache_write_tokens": used.cache_write},
        "completion_tokens_details": {"reasoning_tokens": used.thinking},
    }


def _head(answer: Answer, kind: str) -> dict[str, Any]:
    name = f"chatcmpl-{answer.id}"
    return {"id": name, "object": kind, "created": answer.created, "model": answer.body["model"]}


class _Chunk:
    """Renders the chunks of one answer, which share their head."""

    def __init__(self, answer: Answer, *, obfuscated: bool) -> None:
        self._answer = answer
        self._head = f"data: {encode(_head(answer, 'chat.completion.chunk'))[:-1]},"
        # As in the API: padding, so that nobody can read token lengths off the sizes of packets.
        self._pad = f',"obfuscation":"{secrets.token_urlsafe(8)}"' if obfuscated else ""
        # With include_usage, every chunk has the field.
        options = answer.body.get("stream_options") or {}
        self._tail = (',"usage":null' if options.get("include_usage") else "") + self._pad + "}\n\n"

    def text(self, piece: str) -> bytes:
        # By hand, because this is what a stream mostly consists of.
        delta = f'{{"content":{encode(piece)}}}'
        choices = f'[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":null}}]'
        return f'{self._head}"choices":{choices}{self._tail}'.encode()

    def choice(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
        return f'{self._head}"choices":{encode(choices)}{self._tail}'.encode()

    def usage(self) -> bytes:
        return f'{self._head}"choices":[],"usage":{encode(usage(self._answer))}{self._pad}}}\n\n'.encode()
