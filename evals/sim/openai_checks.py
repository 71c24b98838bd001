"""What the Chat Completions API refuses."""

from __future__ import annotations

from evals.sim.script import Body
from evals.sim.wire import Refused

# fmt: off
FIELDS = frozenset(
    {
        "model", "messages", "max_completion_tokens", "max_tokens", "reasoning_effort", "verbosity",
        "response_format", "prediction", "prompt_cache_key", "prompt_cache_options",
        "prompt_cache_retention", "safety_identifier", "seed", "service_tier", "stop", "store", "stream",
        "stream_options", "temperature", "top_p", "tools", "tool_choice", "parallel_tool_calls",
        "moderation", "metadata", "modalities", "audio", "frequency_penalty", "presence_penalty",
        "logit_bias", "logprobs", "top_logprobs", "n", "user", "function_call", "functions",
        "web_search_options",
    }
)
# fmt: on
ROLES = ("system", "developer", "user", "assistant", "tool", "function")
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


def check(body: Body, models: tuple[str, ...]) -> None:
    """Raise Refused where the API would not take the request."""
    for name in ("model", "messages"):
        if name not in body:
            raise _refuse(f"Missing required parameter: '{name}'.", "missing_required_parameter", name)
    for name in body:
        if name not in FIELDS:
            raise _refuse(f"Unknown parameter: '{name}'.", "unknown_parameter", name)
    model = str(body["model"])
    if model not in models:
        message = f"The model `{model}` does not exist or you do not have access to it."
        raise Refused(404, message, code="model_not_found")
    _check_messages(body["messages"])
    _check_together(body)
    if model.startswith("gpt-"):
        _check_model_rules(body, model)


def _refuse(message: str, code: str, param: str) -> Refused:
    return Refused(400, message, code=code, param=param)


def _check_messages(messages: object) -> None:
    if not isinstance(messages, list) or not messages:
        raise _refuse("Invalid 'messages': empty array. Expected at least one.", "empty_array", "messages")
    for place, message in enumerate(messages):
        where = f"messages[{place}]"
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise _refuse(f"Invalid value for '{where}.role'.", "invalid_value", f"{where}.role")
        content = message.get("content")
        if content is None and not message.get("tool_calls"):
            raise _refuse(
                f"Invalid value for '{where}.content': got null.", "invalid_value", f"{where}.content"
            )
        if not isinstance(content, str | list | None):
            raise _refuse(f"Invalid type for '{where}.content'.", "invalid_type", f"{where}.content")


def _check_together(body: Body) -> None:
    if body.get("stream_options") and not body.get("stream"):
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise _refuse(message, "invalid_value", "stream_options")
    if not body.get("tools"):
        for name in ("tool_choice", "parallel_tool_calls"):
            if name in body:
                raise _refuse(f"'{name}' is only allowed when 'tools' are specified.", "invalid_value", name)
    for place, tool in enumerate(body.get("tools") or ()):
        if not isinstance(tool, dict) or not (tool.get("function") or {}).get("name"):
            where = f"tools[{place}].function.name"
            raise _refuse(f"Missing required parameter: '{where}'.", "missing_required_parameter", where)


def _check_model_rules(body: Body, model: str) -> None:
    if "max_tokens" in body:
        message = "Unsupported parameter: 'max_tokens' is not supported with this model."
        raise _refuse(
            f"{message} Use 'max_completion_tokens' instead.", "unsupported_parameter", "max_tokens"
        )
    effort = body.get("reasoning_effort") or "medium"
    if effort not in EFFORTS or (model.startswith("gpt-6.2") and effort in ("none", "minimal")):
        message = f"Unsupported value: 'reasoning_effort' does not support '{effort}' with this model."
        raise _refuse(message, "unsupported_value", "reasoning_effort")
    if effort != "none":
        for name in ("temperature", "top_p"):
            if name in body:
                message = f"Unsupported parameter: '{name}' is only supported with reasoning_effort 'none'."
                raise _refuse(message, "unsupported_parameter", name)
        if model.startswith("gpt-6-luna") and body.get("tools"):
            message = f"Function calling is only supported with reasoning_effort 'none' for {model}."
            raise _refuse(message, "unsupported_parameter", "tools")
    if body.get("prediction") and model.startswith("gpt-6.1-terra"):
        raise _refuse("Unsupported parameter: 'prediction'.", "unsupported_parameter", "prediction")
