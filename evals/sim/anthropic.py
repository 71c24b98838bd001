"""Anthropic's Messages API: what is refused, and the events of an answer."""

from __future__ import annotations

from typing import Any

from evals.sim.anthropic_checks import BUDGETED, check, display
from evals.sim.script import Body, ToolUse
from evals.sim.wire import Answer, Refused, Rendered, encode

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
THOUGHT = "The customer asks about an order; the passages answer it."


class AnthropicFormat:
    """The Messages API's wire format."""

    def check(self, body: Body, headers: dict[str, str], models: tuple[str, ...]) -> None:
        """Raise Refused where the vendor would not take the request."""
        check(body, headers, models)

    def thinks(self, body: Body) -> bool:
        """Newer models think unless told not to; older ones only when told to."""
        kind = (body.get("thinking") or {}).get("type")
        if str(body["model"]).startswith(BUDGETED):
            return kind == "enabled"
        return kind in (None, "adaptive")

    def stream(self, answer: Answer) -> Rendered:
        """Render an answer as server-sent events."""
        opening = event(
            "message_start", {"message": {**_message(answer, []), "usage": _usage(answer, started=True)}}
        )
        thought = b""
        index = 0
        if answer.thinks:
            opening += _start(0, {"type": "thinking", "thinking": "", "signature": ""})
            thought = _thought(answer.body)
            index = 1
        opening += event("ping", {})
        rendered: list[bytes] = []
        words: list[bool] = []
        if answer.pieces:
            rendered += _texts(index, answer.pieces)
            words += [True] * len(answer.pieces)
            index += 1
        for tool in answer.tools:
            use = _tool(index, tool, f"toolu_{answer.id}{index}")
            rendered += use
            words += [False] * len(use)
            index += 1
        stop = {"stop_reason": stop_reason(answer), "stop_sequence": None, **_details(answer)}
        closing = event("message_delta", {"delta": stop, "usage": _usage(answer)}) + event("message_stop", {})
        return Rendered(
            opening,
            thought,
            rendered,
            words,
            closing,
            event("ping", {}),
            OVERLOADED,
            b"event: content_block_delta\n" + BROKEN,
        )

    def whole(self, answer: Answer) -> bytes:
        """Render an answer as one JSON document."""
        content: list[dict[str, Any]] = []
        if answer.thinks:
            content.append({"type": "thinking", "thinking": "", "signature": "c2ln"})
        if answer.pieces:
            content.append({"type": "text", "text": "".join(answer.pieces)})
        for place, tool in enumerate(answer.tools):
            use = {"type": "tool_use", "id": f"toolu_{answer.id}{place}", "name": tool.name}
            content.append({**use, "input": tool.parsed})
        message = _message(answer, content) | {"stop_reason": stop_reason(answer), **_details(answer)}
        return encode({**message, "usage": _usage(answer)}).encode()

    def error(self, refused: Refused, request_id: str) -> bytes:
        """Render an HTTP error's body."""
        error: dict[str, Any] = {"type": TYPES.get(refused.status, "api_error"), "message": refused.message}
        if refused.code == "spend_limit":
            error["details"] = {"error_code": "enforced_spend_limit_reached"}
        return encode({"type": "error", "error": error, "request_id": request_id}).encode()

    def models(self, names: tuple[str, ...]) -> bytes:
        """Render the list of models."""
        kept = {"type": "model", "created_at": "2026-09-01T00:00:00Z", "lifecycle": "active"}
        data = [{"id": name, "display_name": name, **kept} for name in names]
        page = (
            {"has_more": False, "first_id": names[0], "last_id": names[-1]} if names else {"has_more": False}
        )
        return encode({"data": data, **page}).encode()


def event(name: str, fields: dict[str, Any]) -> bytes:
    """Render one event."""
    return f"event: {name}\ndata: {encode({'type': name, **fields})}\n\n".encode()


BROKEN = b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_del\n\n'
OVERLOADED = event("error", {"error": {"type": "overloaded_error", "message": "Overloaded"}})


def stop_reason(answer: Answer) -> str:
    """Return the vendor's word for why the answer ended."""
    if answer.reply.stop == "end":
        return "tool_use" if answer.tools else "end_turn"
    return "max_tokens" if answer.reply.stop == "length" else "refusal"


def _details(answer: Answer) -> dict[str, Any]:
    if answer.reply.stop != "refusal":
        return {"stop_details": None}
    return {"stop_details": {"type": "refusal", "category": "general_harms", "explanation": None}}


def _message(answer: Answer, content: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": f"msg_{answer.id}",
        "type": "message",
        "role": "assistant",
        "model": answer.body["model"],
        "content": content,
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
    }


def _usage(answer: Answer, *, started: bool = False) -> dict[str, Any]:
    used = answer.used
    usage: dict[str, Any] = {
        "input_tokens": used.fresh,
        "cache_creation_input_tokens": used.cache_write,
        "cache_read_input_tokens": used.cache_read,
        "output_tokens": min(1, used.output) if started else used.output,
    }
    if started:
        return usage | {"service_tier": "standard"}
    return usage | {"output_tokens_details": {"thinking_tokens": used.thinking}}


def _start(index: int, block: dict[str, Any]) -> bytes:
    return event("content_block_start", {"index": index, "content_block": block})


def _stop(index: int) -> bytes:
    return event("content_block_stop", {"index": index})


def _delta(index: int, delta: dict[str, Any]) -> bytes:
    return event("content_block_delta", {"index": index, "delta": delta})


def _thought(body: Body) -> bytes:
    # The newer models keep their thoughts to themselves unless asked to sum them up.
    shown = display(body) == "summarized"
    told = _delta(0, {"type": "thinking_delta", "thinking": THOUGHT}) if shown else b""
    return told + _delta(0, {"type": "signature_delta", "signature": "c2ln"}) + _stop(0)


def _texts(index: int, pieces: list[str]) -> list[bytes]:
    # By hand, because this is what a stream mostly consists of.
    head = f'event: content_block_delta\ndata: {{"type":"content_block_delta","index":{index},'
    head += '"delta":{"type":"text_delta","text":'
    rendered = [f"{head}{encode(piece)}}}}}\n\n".encode() for piece in pieces]
    rendered[0] = _start(index, {"type": "text", "text": ""}) + rendered[0]
    rendered[-1] += _stop(index)
    return rendered


def _tool(index: int, tool: ToolUse, name: str) -> list[bytes]:
    start = _start(index, {"type": "tool_use", "id": name, "name": tool.name, "input": {}})
    rendered = [
        _delta(index, {"type": "input_json_delta", "partial_json": part}) for part in ["", *tool.pieces]
    ]
    rendered[0] = start + rendered[0]
    rendered[-1] += _stop(index)
    return rendered
