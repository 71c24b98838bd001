"""Whether a customer asks the same again."""

from __future__ import annotations

from collections.abc import Iterable

from prompts.matching import words

FEWEST_WORDS = 3
"""Shorter messages ("and then?") repeat words, not questions."""
LETTERS = 6
"""Of a word count: `returned` and `returning` are the same question."""


def overlap(text: str, earlier: Iterable[str]) -> float:
    """Return the largest share of words, 0 to 1, that a message has in common with an earlier one."""
    said = _stems(text)
    if len(said) < FEWEST_WORDS:
        return 0.0
    return max((_jaccard(said, _stems(other)) for other in earlier), default=0.0)


def _jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b) if b else 0.0


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:LETTERS] for word in words(text) if word != ".")
