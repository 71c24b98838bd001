"""Typed reading of front matter: every error names the key, its line and what it must be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any, Final

from prompts.errors import PromptError
from prompts.frontmatter import Document


class _Required:
    pass


REQUIRED: Final = _Required()


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean ...?` for a word that is close to a known one, else what is known."""
    known = sorted(known)
    close = difflib.get_close_matches(word.lower(), known, 1, 0.6)
    if close:
        return f"; did you mean `{close[0]}`?"
    return f"; known are {', '.join(f'`{name}`' for name in known)}"


class Fields:
    """One mapping of the front matter, read key by key."""

    def __init__(self, document: Document, *path: str | int) -> None:
        self.document = document
        self.path = path
        value: Any = document.front
        for step in path:
            value = value[step]
        if not isinstance(value, dict):
            raise document.error("this must be a mapping: lines of `name: value`", *path)
        self.values: dict[str, Any] = value

    def error(self, problem: str, *more: str | int) -> PromptError:
        """Make an error that points at a key below this mapping."""
        return self.document.error(problem, *self.path, *more)

    def only(self, *known: str) -> None:
        """Refuse keys that are not known, suggesting the nearest one."""
        for key in self.values:
            if key not in known:
                raise self.error(f"`{key}` is not a setting here{nearest(key, known)}", key)

    def text(self, key: str, default: str | _Required = REQUIRED) -> str:
        """Return a text that is not empty."""
        value = self._get(key, default)
        if not isinstance(value, str) or not value.strip():
            raise self.error(f"`{key}` must be a text", key)
        return value

    def flag(self, key: str) -> bool:
        """Return true or false; false where it is not said."""
        value = self._get(key, default=False)
        if not isinstance(value, bool):
            raise self.error(f"`{key}` must be true or false", key)
        return value

    def number(self, key: str, low: float, high: float, default: float | _Required = REQUIRED) -> float:
        """Return a number within bounds, both included."""
        value = self._get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self.error(f"`{key}` must be a number from {low:g} to {high:g}", key)
        return value

    def choice(self, key: str, options: tuple[str, ...]) -> str:
        """Return one of the options."""
        value = self._get(key, REQUIRED)
        if value not in options:
            raise self.error(
                f"`{key}` must be {', '.join(options[:-1])} or {options[-1]}, not `{value}`", key
            )
        return str(value)

    def texts(self, key: str, default: list[str] | _Required = REQUIRED) -> list[str]:
        """Return a list of texts, none of them empty or twice there."""
        value = self._get(key, default)
        if not isinstance(value, list):
            raise self.error(f"`{key}` must be a list", key)
        for place, item in enumerate(value):
            if not isinstance(item, str) or not item.strip():
                raise self.error(f"`{key}` must hold texts only; put `{item}` in quotes", key, place)
            if item in value[:place]:
                raise self.error(f"`{item}` is there twice", key, place)
        return value

    def text_mapping(self, key: str) -> dict[str, str]:
        """Return a mapping of names to texts; an empty one where the key is missing."""
        if key not in self.values:
            return {}
        below = self.below(key)
        return {name: below.text(name) for name in below.values}

    def below(self, key: str) -> Fields:
        """Return the mapping under a key."""
        self._get(key, REQUIRED)
        return Fields(self.document, *self.path, key)

    def each(self, key: str) -> Iterator[Fields]:
        """Yield the mappings of a list; none where the key is missing."""
        value = self.values.get(key, [])
        if not isinstance(value, list):
            raise self.error(f"`{key}` must be a list: each entry begins with `- `", key)
        for place in range(len(value)):
            yield Fields(self.document, *self.path, key, place)

    def _get(self, key: str, default: Any) -> Any:
        if key in self.values:
            return self.values[key]
        if default is REQUIRED:
            raise self.error(f"`{key}:` is missing")
        return default
