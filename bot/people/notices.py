"""What a help desk is told of a handoff, and what it may answer: pure, as JSON.

A notice has the shape of Standard Webhooks: `type`, `timestamp` and `data`. What people wrote is redacted.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias, cast

from bot.people.changes import last_change
from bot.people.store import OPEN, Handoff
from graph.records.redact import redact

Wish: TypeAlias = Literal["claim", "reply", "resolve", "hand_back"]
WISHES: tuple[Wish, ...] = ("claim", "reply", "resolve", "hand_back")
AGENT = "@"
"""What the name of somebody at the help desk begins with, where else a user's id stands."""
MOST_NAME, MOST_TEXT, MOST_SUMMARY = 80, 12_000, 4_000
"""Characters."""


class Nonsense(Exception):
    """What a help desk sent is not what it may send; says what is wrong."""


@dataclass(frozen=True, slots=True)
class Action:
    """What somebody at the help desk wants."""

    wish: Wish
    by: str
    """Their name."""
    text: str = ""
    """What the customer is to read; empty for nothing."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that a help desk is told; the same thing always has the same name."""

    name: str
    body: str


def handoff_id(handoff: Handoff) -> str:
    """Return the name of a handoff outside: its conversation, and which of that conversation's it is."""
    return f"{handoff.conversation}:{_short(handoff.turn)}"


def conversation_of(name: str) -> str:
    """Return the conversation that a handoff's name begins with."""
    return name.rpartition(":")[0]


def change_notice(handoff: Handoff) -> Notice:
    """Make the notice of how a handoff stands now."""
    kind = "opened" if handoff.state == OPEN else handoff.state
    name = _short(f"{handoff_id(handoff)} {kind} {last_change(handoff)}", 32)
    data = {**_ids(handoff), "state": handoff.state, "by": handoff.by.removeprefix(AGENT)}
    data |= {
        "reason": redact(handoff.reason),
        "summary": redact(handoff.summary[:MOST_SUMMARY]),
        "link": handoff.link,
        "asked_at": _time(handoff.opened_at),
        "changed_at": _time(handoff.changed_at or handoff.opened_at),
    }
    return _notice(name, f"handoff.{kind}", handoff.changed_at or handoff.opened_at, data)


def message_notice(handoff: Handoff, message: str, text: str, at: float) -> Notice:
    """Make the notice of what a customer wrote to the help desk that has their conversation."""
    name = _short(f"{handoff_id(handoff)} message {message}", 32)
    data = {**_ids(handoff), "message": message, "text": redact(text[:MOST_TEXT])}
    return _notice(name, "handoff.message", at, data)


def ping_notice(at: float) -> Notice:
    """Make the notice by which is found out whether the help desk is there."""
    return _notice(f"ping_{int(at * 1000)}", "ping", at, {})


def read_action(body: object) -> Action | None:
    """Read what a help desk wants; None where it wants nothing. Raises Nonsense."""
    if not isinstance(body, dict):
        raise Nonsense("it must be a JSON object")
    wish, by, text = (body.get(name) for name in ("action", "by", "text"))
    if wish is None:
        return None
    if wish not in WISHES:
        raise Nonsense(f"`action` must be one of {', '.join(WISHES)}")
    if not isinstance(by, str) or not _plain(by):
        raise Nonsense("`by` must be the name of whoever does it")
    if text is not None and not isinstance(text, str):
        raise Nonsense("`text` must be what the customer is to read")
    said = _writable(text or "").strip()
    if len(said) > MOST_TEXT:
        raise Nonsense(f"`text` must have at most {MOST_TEXT} characters")
    if wish == "reply" and not said:
        raise Nonsense("`text` is missing: it is what the customer is to read")
    return Action(cast("Wish", wish), _plain(by)[:MOST_NAME], said)


def parsed(raw: bytes) -> object:
    """Read JSON; raises Nonsense."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise Nonsense("it must be JSON") from None


def _plain(name: str) -> str:
    """Return a name without what would break a line or the colours of a terminal."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in _writable(name)).split())


def _writable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _ids(handoff: Handoff) -> dict[str, Any]:
    name = handoff_id(handoff)
    return {
        "id": name,
        "conversation": handoff.conversation,
        "customer": handoff.customer,
        "turn": handoff.turn,
        "reply_to": f"/handoffs/{name}",
    }


def _notice(name: str, kind: str, at: float, data: dict[str, Any]) -> Notice:
    whole = {"type": kind, "timestamp": _time(at), "data": data}
    return Notice(name, json.dumps(whole, ensure_ascii=False, separators=(",", ":")))


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _short(text: str, length: int = 8) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:length]
