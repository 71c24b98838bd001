"""Reads a method's arguments, whether they came as JSON, as a form or in the address."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from evals.sim.slack.refusal import Refusal

TRUE = (True, 1, "1", "true", "True")


class Arguments:
    """The arguments of one call; what is missing or of a wrong kind is refused as Slack does."""

    __slots__ = ("given",)

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = given

    def need(self, name: str) -> str:
        """Return an argument that the method cannot do without."""
        value = self.given.get(name)
        if value is None or value == "":
            says = [f"[ERROR] missing required field: {name}"]
            raise Refusal("invalid_arguments", response_metadata={"messages": says})
        return str(value)

    def text(self, name: str) -> str | None:
        """Return an argument as text, or None where it was not given."""
        value = self.given.get(name)
        return None if value is None else str(value)

    def flag(self, name: str) -> bool:
        """Tell whether an argument is true, in any of Slack's spellings."""
        return self.given.get(name) in TRUE

    def number(self, name: str, default: int) -> int:
        """Return an argument as a whole number."""
        value = self.given.get(name, default)
        try:
            return int(value)
        except (TypeError, ValueError):
            raise Refusal("invalid_arguments") from None

    def parsed(self, name: str, error: str = "invalid_arguments") -> Any:
        """Return an argument that is JSON, which forms carry as text; refuse with `error` what is none."""
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise Refusal(error) from None
