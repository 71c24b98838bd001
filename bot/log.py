"""The log: events with fields, one `turn.finished` a turn, without anybody's words and without secrets.

Readable lines on a terminal, JSON elsewhere, both on standard error. What libraries log takes the same way.
"""

from __future__ import annotations

import hashlib
import logging
import sys
from typing import Literal, TextIO, TypeAlias

from graph.turn import TurnRecord

Format: TypeAlias = Literal["auto", "console", "json"]

_LOGGER = logging.getLogger("firstline")

_LIBRARIES = ("anthropic", "openai", "httpx", "httpx2", "httpcore", "httpcore2", "slack_bolt", "slack_sdk")
"""Whose debug lines hold whole requests, and so customers' words."""


def configure_log(
    *,
    format: Format = "auto",
    level: str = "info",
    log_text: bool = False,
    stream: TextIO | None = None,
) -> None:
    """Send this process's log, and that of its libraries, to the stream (standard error by default).

    `auto` is `console` on a terminal. `log_text` lets customers' words in, still without personal data.
    """
    target = sys.stderr if stream is None else stream
    console = format == "console" or (format == "auto" and target.isatty())
    number = logging.getLevelNamesMapping()[level.upper()]
    handler = logging.StreamHandler(target)
    handler.setFormatter(_LateFormatter(console=console, log_text=log_text))
    root = logging.getLogger()
    for old in [h for h in root.handlers if isinstance(h.formatter, _LateFormatter)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(max(number, logging.INFO))
    _LOGGER.setLevel(number)
    for name in _LIBRARIES:
        quiet = logging.DEBUG if log_text else logging.INFO
        logging.getLogger(name).setLevel(max(number, quiet) if number < logging.INFO else logging.WARNING)


def log_event(event: str, *, level: int = logging.INFO, exc_info: bool = False, **fields: object) -> None:
    """Log an event: its name has dots (`turn.finished`), all that is special about it is in the fields."""
    _emit(event, level, fields, exc_info=exc_info)


def turn_line(record: TurnRecord, **extra: object) -> None:
    """Log the one line that tells how a turn went: numbers and names, people and threads only as hashes."""
    if _LOGGER.isEnabledFor(logging.INFO):
        _emit("turn.finished", logging.INFO, {**turn_fields(record), **extra})


def turn_fields(record: TurnRecord) -> dict[str, object]:
    """Return what `turn_line` logs of a turn."""
    used = [call.usage for call in record.calls if call.usage is not None]
    last = record.calls[-1] if record.calls else None
    return {
        "turn": record.turn_id,
        "outcome": record.outcome,
        "tier": record.route.tier,
        "by": record.route.by,
        "reason": record.route.reason,
        "confidence": record.route.confidence,
        "provider": last.provider if last else None,
        "model": last.model if last else None,
        "calls": len(record.calls),
        "call_outcomes": [call.outcome for call in record.calls],
        "attempt": record.attempt,
        "input_tokens": sum(usage.input_tokens for usage in used),
        "output_tokens": sum(usage.output_tokens for usage in used),
        "cache_read_tokens": sum(usage.cache_read_tokens for usage in used),
        "cost_usd": record.cost_usd,
        "first_words_ms": _rounded(record.first_words_ms),
        "total_ms": _rounded(record.total_ms),
        "queue_ms": _rounded(record.queue_ms),
        "delivery_ms": _rounded(record.delivery_ms),
        "sources": len(record.sources),
        "language": record.language,
        "conversation": short_hash(record.conversation),
        "customer": short_hash(record.customer),
    }


def short_hash(value: str) -> str:
    """Return 12 hex digits that tell two ids apart without naming either."""
    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()[:12]


def _emit(event: str, level: int, fields: dict[str, object], *, exc_info: bool = False) -> None:
    _LOGGER.log(level, event, exc_info=exc_info, extra={"fields": fields})


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 1)


class _LateFormatter(logging.Formatter):
    """Formats by bot/log_lines.py, which is loaded when there is something to say."""

    def __init__(self, *, console: bool, log_text: bool) -> None:
        super().__init__()
        self._console = console
        self._log_text = log_text
        self._lines: logging.Formatter | None = None

    def format(self, record: logging.LogRecord) -> str:
        if self._lines is None:
            # structlog takes 0.15 s to import, and a terminal chat often ends without a line of log.
            from bot.log_lines import line_formatter

            self._lines = line_formatter(console=self._console, log_text=self._log_text)
        return self._lines.format(record)
