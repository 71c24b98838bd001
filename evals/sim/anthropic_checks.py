"""What the Messages API refuses."""

from __future__ import annotations

from typing import Any

from evals.sim.script import Body
from evals.sim.usage import LIFETIMES
from evals.sim.wire import Refused

VERSION = "2026-10-21"
VERSIONS = (VERSION, "2023-06-01")
# fmt: off
FIELDS = frozenset(
    {
        "model", "messages", "max_tokens", "system", "tools", "tool_choice", "thinking", "output_config",
        "cache_control", "metadata", "service_tier", "speed", "stop_sequences", "stream", "container",
        "diagnostics", "inference_geo", "user_profile_id", "workspace_id",
    }
)
# fmt: on
SAMPLING = ("temperature", "top_p", "top_k")
BLOCKS = ("text", "image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking")
MOST_BREAKPOINTS = 4

BUDGETED = ("claude-haiku-4", "claude-sonnet-4", "claude-opus-4")
"""Models before adaptive thinking: they think by a budget, and may be given the start of their answer."""
ALWAYS_THINKING = ("claude-opus-5-5", "claude-fable", "claude-mythos")


def check(body: Body, headers: dict[str, str], models: tuple[str, ...]) -> None:
    """Raise Refused where the API would not take the request."""
    version = headers.get("anthropic-version")
    if version not in VERSIONS:
        raise Refused(400, f"anthropic-version: {version!r} is not a valid version")
    _check_fields(body, version)
    if body["model"] not in models:
        raise Refused(404, f"model: {body['model']}")
    _check_messages(body["messages"])
    _check_model_rules(body)
    _check_tools(body)
    _check_breakpoints(body)


def display(body: Body) -> str:
    """Return how thinking is to be shown: `omitted` or `summarized`."""
    thinking = body.get("thinking") or {}
    return str(thinking.get("display", "summarized" if thinking.get("type") == "enabled" else "omitted"))


def _check_fields(body: Body, version: str) -> None:
    for name in ("model", "max_tokens", "messages"):
        if name not in body:
            raise Refused(400, f"{name}: Field required")
    allowed = FIELDS if version == VERSION else FIELDS | set(SAMPLING)
    for name in body:
        if name in SAMPLING and (version == VERSION or not _budgeted(body)):
            raise Refused(400, f"{name}: sampling parameters are not supported")
        if name not in allowed:
            raise Refused(400, f"{name}: Extra inputs are not permitted")
    most = body["max_tokens"]
    if not isinstance(most, int) or isinstance(most, bool) or most < 0:
        raise Refused(400, "max_tokens: Input should be an integer of at least 0")


def _budgeted(body: Body) -> bool:
    return str(body["model"]).startswith(BUDGETED)


def _check_messages(messages: object) -> None:
    if not isinstance(messages, list) or not messages:
        raise Refused(400, "messages: at least one message is required")
    for place, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ("user", "assistant"):
            raise Refused(400, f"messages.{place}.role: Input should be 'user' or 'assistant'")
        _check_content(f"messages.{place}.content", message.get("content"))
    if messages[0]["role"] != "user":
        raise Refused(400, 'messages: first message must use the "user" role')


def _check_content(where: str, content: object) -> None:
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if not isinstance(blocks, list) or not blocks:
        raise Refused(400, f"{where}: content must be a non-empty string or list of blocks")
    for block in blocks:
        if not isinstance(block, dict) or block.get("type") not in BLOCKS:
            raise Refused(400, f"{where}: unknown type of content block")
        if block["type"] != "text":
            continue
        if not isinstance(block.get("text"), str) or not block["text"]:
            raise Refused(400, "messages: text content blocks must be non-empty")
        if not block["text"].strip():
            raise Refused(400, "messages: text content blocks must contain non-whitespace text")


def _check_model_rules(body: Body) -> None:
    thinking = body.get("thinking") or {}
    if not isinstance(thinking, dict):
        raise Refused(400, "thinking: Input should be an object")
    model = str(body["model"])
    if _budgeted(body):
        return
    if "budget_tokens" in thinking or thinking.get("type") == "enabled":
        raise Refused(400, f"thinking.enabled.budget_tokens: not supported by {model}; use adaptive thinking")
    if thinking.get("type") == "disabled" and model.startswith(ALWAYS_THINKING):
        raise Refused(400, f"thinking.disabled: {model} always thinks")
    if body["messages"][-1]["role"] == "assistant":
        raise Refused(400, f"Prefilling assistant messages is not supported by {model}")


def _check_tools(body: Body) -> None:
    tools = body.get("tools") or []
    if body.get("tool_choice") and not tools:
        raise Refused(400, "tool_choice: may only be given together with tools")
    for place, tool in enumerate(tools):
        if not isinstance(tool, dict) or not tool.get("name"):
            raise Refused(400, f"tools.{place}.name: Field required")
        schema = tool.get("input_schema")
        if not isinstance(schema, dict) or schema.get("type") != "object":
            raise Refused(400, f"tools.{place}.input_schema.type: Input should be 'object'")
    choice = body.get("tool_choice") or {"type": "auto"}
    if choice.get("type") not in ("auto", "any", "tool", "none"):
        raise Refused(400, "tool_choice.type: Input should be 'auto', 'any', 'tool' or 'none'")
    if choice["type"] == "tool" and choice.get("name") not in {tool["name"] for tool in tools}:
        raise Refused(400, f"tool_choice.name: tool {choice.get('name')!r} not found in tools")


def _check_breakpoints(body: Body) -> None:
    controls = [body["cache_control"]] if body.get("cache_control") else []
    controls += [part["cache_control"] for part in _parts(body) if part.get("cache_control")]
    if len(controls) > MOST_BREAKPOINTS:
        found = f"Found {len(controls)}."
        raise Refused(
            400, f"A maximum of {MOST_BREAKPOINTS} blocks with cache_control may be provided. {found}"
        )
    for control in controls:
        if control.get("type") != "ephemeral" or control.get("ttl", "5m") not in LIFETIMES:
            raise Refused(400, "cache_control: type must be 'ephemeral' and ttl '5m' or '1h'")


def _parts(body: Body) -> list[dict[str, Any]]:
    system = body.get("system")
    if isinstance(system, list):
        _check_content("system", system)
    elif not isinstance(system, str | None):
        raise Refused(400, "system: Input should be a string or a list of text blocks")
    parts = [*(body.get("tools") or []), *(system if isinstance(system, list) else [])]
    for message in body["messages"]:
        parts += message["content"] if isinstance(message["content"], list) else []
    return parts
