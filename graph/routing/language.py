"""The language that a message is written in."""

from __future__ import annotations

import asyncio
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
FEWEST_LETTERS = 4
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
        """Load the model now (about 0.3 s and 8 MB), so that the first message does not wait for it."""
        with self._loading:
            _ = self._model

    async def detected(self, text: str, default: str) -> str:
        """Return what `detect` does; while the model is not loaded, nobody else's turn waits for it."""
        if quick := self._quick(text, default):
            return quick
        if "_model" in self.__dict__:
            return self.detect(text, default)
        return await asyncio.to_thread(self.detect, text, default)

    @staticmethod
    def _quick(text: str, default: str) -> str | None:
        if sum(c.isalpha() for c in text[:2000]) < FEWEST_LETTERS:
            return default
        return by_function_words(text[:2000])

    def detect(self, text: str, default: str) -> str:
        """Return an ISO 639-1 code, `default` where the message is too short to tell."""
        if quick := self._quick(text, default):
            return quick
        letters = [c for c in text[:2000] if c.isalpha()]
        with self._loading:
            ranked = {str(code): float(share) for code, share in self._model.rank(text[:2000])}
        among_all = max(ranked, key=lambda code: ranked[code])
        if sum("LATIN" in unicodedata.name(c, "") for c in letters[:200]) * 2 < len(letters[:200]):
            # In another script, a guess is nearer than a default in Latin script.
            return among_all if ranked[among_all] >= SURE or default in LATIN else default
        known = {code: ranked[code] for code in LATIN}
        code = max(known, key=lambda code: known[code])
        share = known[code] / (sum(known.values()) or 1.0)
        if share < CERTAIN and len(letters) >= LETTERS_FOR_ANY and ranked[among_all] >= SURE:
            return among_all
        return code if share >= SURE else default

    @cached_property
    def _model(self) -> Any:
        # Late, because it takes 0.3 s that nobody should wait for before the first prompt.
        from graph.routing.language_model import load_identifier

        return load_identifier()
