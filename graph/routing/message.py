"""What kind of message it is, before anybody thinks about it."""

from __future__ import annotations

import unicodedata
from typing import Literal, TypeAlias

MOST_CHARACTERS = 12_000
"""About 3,500 tokens; what is longer is a document, and the customer is asked for the question in it."""

Oddity: TypeAlias = Literal["empty_message", "no_words", "not_readable", "too_long"]
"""Also the name of the phrase that answers it."""


def oddity(text: str) -> Oddity | None:
    """Say why a message cannot be answered as it is, or None where it can."""
    if not text.strip():
        return "empty_message"
    if len(text) > MOST_CHARACTERS:
        return "too_long"
    if _looks_binary(text):
        return "not_readable"
    if not any(character.isalnum() for character in text):
        return "no_words"
    return None


def _looks_binary(text: str) -> bool:
    strange = sum(
        character == "\ufffd"
        # Not Cn: it would take in the emoji that are newer than this Python.
        or (unicodedata.category(character) in ("Cc", "Co", "Cs") and not character.isspace())
        for character in text
    )
    return strange * 10 > len(text)
