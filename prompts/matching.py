"""Finding phrases in what a customer wrote: whole words; case, accents and punctuation do not matter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

GAP = "..."
"""In a phrase: up to four words of any kind, within one sentence."""
LONGEST_GAP = 4

_STOP = "."
_TOKENS = re.compile(r"[.!?;:\n]+(?=\s|$)|\w+")


# Rules, held topics and small talk all look at the same message.
@lru_cache(maxsize=32)
def words(text: str) -> tuple[str, ...]:
    """Split a text into folded words, with `.` between its sentences."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = decomposed
    if not plain.isascii():
        plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return tuple(token if token[0] not in ".!?;:\n" else _STOP for token in _TOKENS.findall(plain))


class PhraseSet:
    """Phrases to be looked for, by their first word."""

    __slots__ = ("_by_first", "phrases")

    def __init__(self, phrases: Iterable[str]) -> None:
        self.phrases = tuple(phrases)
        self._by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for phrase in self.phrases:
            pattern = _pattern(phrase)
            self._by_first.setdefault(pattern[0], []).append((pattern, phrase))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PhraseSet) and self.phrases == other.phrases

    def __hash__(self) -> int:
        return hash(self.phrases)

    def __repr__(self) -> str:
        return f"PhraseSet({self.phrases!r})"

    def found(self, text: str) -> list[str]:
        """Return the phrases that occur in a text, each once; of two that overlap, the first and longest."""
        tokens = words(text)
        hits: dict[str, None] = {}
        at = 0
        while at < len(tokens):
            if tokens[at] not in self._by_first:  # as most words are
                at += 1
                continue
            end, phrase = self._longest(tokens, at)
            if phrase:
                hits[phrase] = None
            at = end
        return list(hits)

    def covers(self, text: str) -> bool:
        """Tell whether a text has words, and all of them belong to phrases."""
        tokens = words(text)
        at = matched = 0
        while at < len(tokens):
            end, phrase = self._longest(tokens, at)
            if not phrase and tokens[at] != _STOP:
                return False
            matched += bool(phrase)
            at = end
        return matched > 0

    def _longest(self, tokens: Sequence[str], at: int) -> tuple[int, str]:
        """Return where the longest phrase at a token ends, and the phrase; the next token and "" for none."""
        best = (at + 1, "")
        for pattern, phrase in self._by_first.get(tokens[at], ()):
            end = _end(tokens, at, pattern)
            if end is not None and (not best[1] or end > best[0]):
                best = (end, phrase)
        return best


def is_phrase(text: str) -> bool:
    """Tell whether a phrase has a word before, after and between its gaps."""
    parts = [words(part) for part in text.split(GAP)]
    return all(any(word != _STOP for word in part) for part in parts)


def _pattern(phrase: str) -> tuple[str, ...]:
    pattern: list[str] = []
    for part in phrase.split(GAP):
        pattern += [word for word in words(part) if word != _STOP]
        pattern.append(GAP)
    return tuple(pattern[:-1])


def _end(tokens: Sequence[str], at: int, pattern: tuple[str, ...]) -> int | None:
    """Return where a pattern that begins at a token ends, or None where it does not match."""
    for place, word in enumerate(pattern):
        if word == GAP:
            for skipped in range(LONGEST_GAP + 1):
                if _STOP in tokens[at : at + skipped]:
                    return None
                end = _end(tokens, at + skipped, pattern[place + 1 :])
                if end is not None:
                    return end
            return None
        if at >= len(tokens) or tokens[at] != word:
            return None
        at += 1
    return at
