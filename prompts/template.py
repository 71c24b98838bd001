"""Texts with `{{ variables }}`: nothing but names, so that a text can be checked without running it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from prompts.errors import PromptError

VARIABLE = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)\s*\}\}")
_OPENING = re.compile(r"\{\{")


def variables_in(text: str, file: Path, line: int) -> dict[str, int]:
    """Return the names that a text uses, each with the line of its first use; `line` is the text's own."""
    found: dict[str, int] = {}
    for opening in _OPENING.finditer(text):
        at = line + text.count("\n", 0, opening.start())
        match = VARIABLE.match(text, opening.start())
        if match is None:
            shown = text[opening.start() : opening.start() + 30].split("\n", maxsplit=1)[0]
            problem = (
                f"`{shown}` is not a variable; write `{{{{ name }}}}` with lower-case letters, digits and _"
            )
            raise PromptError(problem, file=file, line=at)
        found.setdefault(match[1], at)
    return found


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put the values in; what a value holds is never itself taken for a variable."""
    return VARIABLE.sub(lambda match: values[match[1]], text)
