"""The language that a message is written in."""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import cached_property
from typing import Any

from graph.knowledge.words import function_words

_WORD = re.compile(r"\w+")

SURE = 0.8
"""Below this probability a message says too little, and the conversation's language stands."""

CERTAIN = 0.95
LETTERS_FOR_ANY = 10
"""A message with fewer is not told apart among all languages, a longer one is where it is not certain."""

LATIN = ("en", "de", "fr", "es", "it", "nl", "pt")
"""What a short message in Latin script is told apart among: with all 97, "ok" is Estonian."""


FEWEST_WORDS = 3
"""Function words of a language that a message must have, and twice as many as of any other."""


def by_function_words(text: str) -> str | None:
    """Tell the language of an ordinary sentence by its commonest words, or None; a hundred times quicker."""
    said = set(_WORD.findall(text.lower()))
    hits = sorted(((len(said & common), code) for code, common in function_words().items()), reverse=True)
    (most, language), (second, _) = hits[:2]
    return language if most >= FEWEST_WORDS and most >= 2 * second else None


class LanguageDetector:
    """Tells the language of a message; the model behind it loads on first use or by `warm_up`."""

    def __init__(self) -> None:
        self._loading = threading.Lock()

    def warm_up(self) -> None:
        """Load the model now (about 0.3 s), so that the first message does not wait for it."""
        with self._loading:
            _ = self._latin, self._any

    def detect(self, text: str, default: str) -> str:
        """Return an ISO 639-1 code, `default` where the message is too short to tell."""
        letters = [c for c in text[:2000] if c.isalpha()]
        if len(letters) < 4:
            return default
        if plain := by_function_words(text[:2000]):
            return plain
        latin = sum("LATIN" in unicodedata.name(c, "") for c in letters[:200])
        with self._loading:
            if latin * 2 < len(letters[:200]):
                code, probability = self._any.classify(text[:2000])
                # In another script, a guess is nearer than a default in Latin script.
                return str(code) if probability >= SURE or default in LATIN else default
            code, probability = self._latin.classify(text[:2000])
            if probability < CERTAIN and len(letters) >= LETTERS_FOR_ANY:
                other, how_sure = self._any.classify(text[:2000])
                if how_sure >= SURE:
                    return str(other)
        return str(code) if probability >= SURE else default

    @cached_property
    def _latin(self) -> Any:
        identifier = self._load()
        identifier.set_languages(list(LATIN))
        return identifier

    @cached_property
    def _any(self) -> Any:
        return self._load()

    @staticmethod
    def _load() -> Any:
        # Late, because it takes 0.3 s that nobody should wait for before the first prompt.
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
