"""How a model says that a turn is beyond it: a tool call, or a marker in its first line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from graph.models import Tool

ESCALATE = "escalate"
MARKER = "ESCALATE:"


@dataclass(frozen=True, slots=True)
class Escalation:
    """Why the model escalates, and what it tells the next one; both empty where it did not get that far."""

    reason: str = ""
    handover: str = ""


def escalate_tool(reasons: Iterable[str], description: str) -> Tool:
    """Make the one tool that a small model has."""
    return Tool(
        ESCALATE,
        description,
        {
            "type": "object",
            "properties": {
                "reason": {"type": "string", "enum": list(reasons)},
                "handover": {"type": "string", "description": "At most 40 words."},
            },
            "required": ["reason", "handover"],
            "additionalProperties": False,
        },
    )


def parse_arguments(arguments: str) -> Escalation:
    """Read the tool's arguments; what is broken or cut counts as an escalation without handover."""
    try:
        parsed = json.loads(arguments)
    except (ValueError, RecursionError):
        return Escalation()
    if not isinstance(parsed, dict):
        return Escalation()
    reason, handover = parsed.get("reason"), parsed.get("handover")
    return Escalation(
        reason if isinstance(reason, str) else "", handover if isinstance(handover, str) else ""
    )


@dataclass(slots=True)
class MarkerReader:
    """Holds the first line back until it is told apart from the marker."""

    _line: str = ""
    _decided: bool = False
    found: bool = False

    def feed(self, text: str) -> str:
        """Take the model's next words; return those that belong to the answer."""
        if self._decided:
            return text
        self._line += text
        if self.found:
            return ""
        start = self._line.lstrip()
        if start.startswith(MARKER):
            self.found = True
            return ""
        if MARKER.startswith(start):
            return ""
        self._decided = True
        return self._line

    def finish(self) -> str:
        """Return what was held and is no marker after all, the stream being over."""
        return "" if self.found or self._decided else self._line

    @property
    def escalation(self) -> Escalation:
        """Read `ESCALATE: reason | handover`."""
        first_line = self._line.lstrip()[len(MARKER) :].split("\n", 1)[0]
        reason, _, handover = first_line.partition("|")
        return Escalation(reason.strip(" `*"), handover.strip())
