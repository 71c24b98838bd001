"""The one line of log that tells how a turn went."""

from __future__ import annotations

import hashlib

import structlog

from graph.turn import TurnRecord

log = structlog.get_logger()


def turn_line(record: TurnRecord, **extra: object) -> None:
    """Log `turn.finished`: numbers and names, people and threads only as hashes."""
    log.info("turn.finished", **turn_fields(record), **extra)


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


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 1)
