"""Editions that tests tell apart by a word."""

from __future__ import annotations

from functools import cache

from prompts import Edition, edition_of, read_texts

_PERSON = "reason: The customer asked for a person."


@cache
def texts_of(word: str) -> dict[str, str]:
    """Return the shipped texts, with a word in the reason of the rule for who asks for a person."""
    texts = read_texts()
    return texts | {"escalation": texts["escalation"].replace(_PERSON, f"{_PERSON} {word}", 1)}


@cache
def edition(word: str) -> Edition:
    """Return the shipped prompts with that word."""
    return edition_of(texts_of(word))
