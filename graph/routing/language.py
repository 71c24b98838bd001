"""The language that a message is written in."""

from __future__ import annotations

import threading
import unicodedata
from functools import cached_property
from typing import Any

SURE = 0.8
"""Below this probability a message says too little, and the conversation's language stands."""

LATIN = ("en", "de", "fr", "es", "it", "nl", "pt")
"""What a short message in Latin script is told apart among: with all 97, "ok" is Estonian."""


class LanguageDetector:
    """Tells the language of a message; the model behind it loads on first use or by `warm_up`."""

    def __init__(self) -> None:
        self._loading = threading.Lock()

    def warm_up(self) -> None:
        """Load the model now (about 0.3 s), so that the first message does not wait for it."""
        with self._loading:
            _ = self._latin

    def detect(self, text: str, default: str) -> str:
        """Return an ISO 639-1 code, `default` where the message is too short to tell."""
        letters = [c for c in text[:2000] if c.isalpha()]
        if len(letters) < 4:
            return default
        with self._loading:
            latin = sum("LATIN" in unicodedata.name(c, "") for c in letters[:200])
            identifier = self._latin if latin * 2 >= len(letters[:200]) else self._any
            code, probability = identifier.classify(text[:2000])
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
