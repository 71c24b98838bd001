"""Typed access to JSON of which nothing is certain."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_ID = re.compile(r"[A-Za-z0-9_.-]{1,128}", re.ASCII)
_TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}", re.ASCII)


class Missing(Exception):
    """A field that is needed is not there or not what it must be; says which."""


class Fields:
    """An object in a payload; what is no object has no fields."""

    __slots__ = ("_values",)

    def __init__(self, values: object) -> None:
        self._values: Mapping[str, Any] = values if isinstance(values, Mapping) else {}

    def __bool__(self) -> bool:
        return bool(self._values)

    def value(self, name: str) -> Any:
        """Return a field as it is; None where there is none."""
        return self._values.get(name)

    def at(self, name: str) -> Fields:
        """Return the object in a field."""
        return Fields(self.value(name))

    def first(self, name: str) -> Fields:
        """Return the first object of a list."""
        return next(iter(self.each(name)), Fields(None))

    def each(self, name: str) -> list[Fields]:
        """Return the objects of a list."""
        values = self.value(name)
        return [Fields(value) for value in values] if isinstance(values, list) else []

    def text(self, name: str) -> str:
        """Return a text that can be written as UTF-8; empty where there is none."""
        return writable(self.value(name))

    def number(self, name: str) -> int:
        """Return a whole number that is not negative; 0 where there is none."""
        value = self.value(name)
        return max(0, value) if isinstance(value, int) else 0

    def word(self, name: str) -> str:
        """Return an id or a name of Slack's own; empty where there is none, or one with other characters."""
        text = self.text(name)
        return text if _ID.fullmatch(text) else ""

    def timestamp(self, name: str) -> str:
        """Return one of Slack's timestamps; empty where there is none."""
        text = self.text(name)
        return text if _TS.fullmatch(text) else ""

    def timestamps(self, name: str) -> tuple[str, ...]:
        """Return the timestamps of a list."""
        values = self.value(name)
        listed = values if isinstance(values, list) else []
        return tuple(value for value in listed if isinstance(value, str) and _TS.fullmatch(value))

    def present(self, name: str) -> str:
        """Return a text; raises Missing where it is empty."""
        return self._needed(name, self.text(name))

    def id(self, name: str) -> str:
        """Return an id; raises Missing where there is none."""
        return self._needed(name, self.word(name))

    def ts(self, name: str) -> str:
        """Return a timestamp; raises Missing where there is none."""
        return self._needed(name, self.timestamp(name))

    @staticmethod
    def _needed(name: str, found: str) -> str:
        if not found:
            raise Missing(name)
        return found


def writable(value: object) -> str:
    """Return a text without the halves of characters that JSON can hold and UTF-8 cannot; else empty."""
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""
