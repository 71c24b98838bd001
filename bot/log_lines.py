"""How a log line is made; the step before it is drawn takes out what nobody may read."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

import structlog
from rich.console import Console
from structlog.typing import EventDict, Processor, WrappedLogger

from graph.records.redact import redact, redact_secrets

WORDS = frozenset({
    "text", "texts", "message_text", "question", "questions", "query", "asked", "answer", "reply", "summary",
    "handover", "context", "prompt", "system", "content", "body", "messages", "passages", "transcript",
    "blocks", "attachments", "arguments", "title", "input",
})  # fmt: skip
"""Fields that may hold a customer's words, or the answer to them."""

SECRETS = frozenset({
    "token", "bot_token", "app_token", "api_key", "apikey", "key", "secret", "signing_secret", "password",
    "authorization", "cookie", "set-cookie", "x-api-key", "x-slack-signature", "redis_url",
})  # fmt: skip

_NAMES_AND_NUMBERS = frozenset({"timestamp", "level", "logger"})
_DEEPEST = 8


def line_formatter(*, console: bool, log_text: bool) -> logging.Formatter:
    """Return the formatter of every line, ours and the libraries'."""
    renderer = _console() if console else structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            _add_fields,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            Redaction(log_text=log_text),
            renderer,
        ],
        use_get_message=True,
    )


def _console() -> Processor:
    # rich knows NO_COLOR, FORCE_COLOR and terminals that cannot show colours.
    colors = Console(stderr=True).color_system is not None and not Console(stderr=True).no_color
    return structlog.dev.ConsoleRenderer(
        colors=colors, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
    )


def _add_fields(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    record: logging.LogRecord = event["_record"]
    event.update(getattr(record, "fields", {}))
    return event


class Redaction:
    """A processor that leaves no secret in a line, no personal data, and no words unless they are wanted."""

    def __init__(self, *, log_text: bool) -> None:
        self._log_text = log_text

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Return the event with every value redacted, however deep it lies."""
        return {
            redact_secrets(name): value if name in _NAMES_AND_NUMBERS else self._field(name, value, 0)
            for name, value in event.items()
        }

    def _field(self, name: object, value: object, depth: int) -> object:
        if isinstance(value, (int, float, type(None))):
            return value
        lowered = str(name).lower()
        if lowered in SECRETS:
            return "[secret]"
        if lowered in WORDS and not self._log_text:
            return "[text]"
        if isinstance(value, str) and (lowered in WORDS or lowered in {"event", "exception", "stack"}):
            return redact(value)
        return self._value(value, depth)

    def _value(self, value: object, depth: int) -> object:
        if isinstance(value, (int, float, type(None))):
            return value
        if isinstance(value, str):
            # Ids and addresses of servers are full of digits; only words of people are searched for numbers.
            return redact_secrets(value)
        if depth == _DEEPEST:
            return "[...]"
        if is_dataclass(value) and not isinstance(value, type):
            value = {field.name: getattr(value, field.name) for field in fields(value)}
        if isinstance(value, Mapping):
            # A field's name can be somebody's input too.
            pairs = value.items()
            return {redact_secrets(str(name)): self._field(name, item, depth + 1) for name, item in pairs}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self._value(item, depth + 1) for item in value]
        return redact(repr(value))
