"""The log: events with fields, without anybody's words and without secrets.

Readable lines on a terminal, JSON elsewhere, both on standard error. What libraries log takes the same way.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from typing import Literal, TextIO, TypeAlias
from urllib.parse import quote

import structlog
from rich.console import Console
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from graph.records.redact import redact, redact_secrets

Format: TypeAlias = Literal["auto", "console", "json"]

OURS = ("bot", "evals", "graph", "prompts")
LIBRARIES = ("anthropic", "openai", "httpx", "httpx2", "httpcore", "httpcore2", "slack_bolt", "slack_sdk")
"""Whose debug lines hold whole requests, and so customers' words."""

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

SENTENCES = frozenset({"event", "exception", "stack", "why", "error"})
"""Fields that programs write sentences in, which may quote a person."""

_SHORTEST = 6
"""Characters of a secret that is looked for as it is: a shorter one is a part of too many words."""
_NAMES_AND_NUMBERS = frozenset({"timestamp", "level", "logger"})
_DEEPEST = 8


def configure_log(
    *,
    format: Format = "auto",
    level: str = "info",
    log_text: bool = False,
    stream: TextIO | None = None,
    secrets: Iterable[str] = (),
    without: tuple[str, ...] = (),
) -> None:
    """Send this process's log, and that of its libraries, to the stream (standard error by default).

    `auto` is `console` on a terminal. `log_text` lets customers' words in, still without personal data.
    `secrets` are this process's own: no line holds one of them, whatever it looks like. `without` names
    loggers that are left out.
    """
    target = sys.stderr if stream is None else stream
    console = format == "console" or (format == "auto" and target.isatty())
    handler = _Handler(target)
    handler.setFormatter(_formatter(console=console, redaction=Redaction(log_text=log_text, secrets=secrets)))
    handler.addFilter(lambda record: record.name not in without)
    root = logging.getLogger()
    for old in [h for h in root.handlers if isinstance(h.formatter, ProcessorFormatter)]:
        root.removeHandler(old)
    root.addHandler(handler)
    _set_levels(logging.getLevelNamesMapping()[level.upper()], log_text=log_text)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_BEFORE, ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        # Kept loggers would go on as they were configured first.
        cache_logger_on_first_use=False,
    )


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # as logging calls it
        """Say which logger's line could not be written; Python would print its arguments as they are."""
        with suppress(OSError, ValueError):
            kind = getattr(sys.exc_info()[0], "__name__", "")
            self.stream.write(f"log.unwritable logger={redact_secrets(record.name)} why={kind}\n")


def _set_levels(level: int, *, log_text: bool) -> None:
    logging.getLogger().setLevel(max(level, logging.INFO))
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    for name in LIBRARIES:
        quiet = logging.DEBUG if log_text else logging.INFO
        logging.getLogger(name).setLevel(
            max(level, quiet) if level < logging.INFO else max(level, logging.WARNING)
        )


_BEFORE: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def _formatter(*, console: bool, redaction: Processor) -> logging.Formatter:
    return ProcessorFormatter(
        foreign_pre_chain=_BEFORE,
        processors=[
            ProcessorFormatter.remove_processors_meta,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            redaction,  # last: nothing is added to a line behind it
            _console() if console else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        use_get_message=True,
    )


def _console() -> Processor:
    # rich knows NO_COLOR, FORCE_COLOR and terminals that cannot show colours.
    terminal = Console(stderr=True)
    return structlog.dev.ConsoleRenderer(
        colors=terminal.color_system is not None and not terminal.no_color,
        pad_event_to=0,
        exception_formatter=structlog.dev.plain_traceback,
    )


class Redaction:
    """A processor that leaves no secret in a line, no personal data, and no words unless they are wanted."""

    def __init__(self, *, log_text: bool, secrets: Iterable[str] = ()) -> None:
        self._log_text = log_text
        forms = {form for secret in secrets for form in (secret, quote(secret, safe=""))}
        long = sorted((form for form in forms if len(form) >= _SHORTEST), key=len, reverse=True)
        self._own = re.compile("|".join(map(re.escape, long))) if long else None

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Return the event with every value redacted, however deep it lies."""
        return {
            self._told(name): value if name in _NAMES_AND_NUMBERS else self._field(name, value, 0)
            for name, value in event.items()
        }

    def _told(self, text: str, clean: Callable[[str], str] = redact_secrets) -> str:
        return clean(self._own.sub("[secret]", text) if self._own else text)

    def _field(self, name: object, value: object, depth: int) -> object:
        if isinstance(value, (int, float, type(None))):
            return value
        lowered = str(name).lower()
        if lowered in SECRETS:
            return "[secret]"
        if lowered in WORDS and not self._log_text:
            return "[text]"
        if isinstance(value, str) and (lowered in WORDS or lowered in SENTENCES):
            return self._told(value, redact)
        return self._value(value, depth)

    def _value(self, value: object, depth: int) -> object:
        if isinstance(value, (int, float, type(None))):
            return value
        if isinstance(value, str):
            # Ids and addresses of servers are full of digits; only words of people are searched for numbers.
            return self._told(value)
        if depth == _DEEPEST:
            return "[...]"
        if is_dataclass(value) and not isinstance(value, type):
            value = {field.name: getattr(value, field.name) for field in fields(value)}
        if isinstance(value, Mapping):
            # A field's name can be somebody's input too.
            pairs = value.items()
            return {self._told(str(name)): self._field(name, item, depth + 1) for name, item in pairs}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self._value(item, depth + 1) for item in value]
        return self._told(repr(value), redact)
