"""Texts as the words that carry meaning, and the language they are written in."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import Stemmer
from bm25s import stopwords as lists

DEFAULT = "en"
LONGEST_QUERY = 4_000
"""Characters of a query that are read: what a question is about stands in far fewer."""

LINES = 8
"""Lines of a query, the last ones, that may be put as a title: a long text is nobody's title."""

NAME = 0.9
"""Share of a word's places inside sentences that have it with a capital, from which on it is a name."""

NAME_PLACES = 2
"""Places with a capital that a name needs at least: a single one tells little."""

NOUNS = 0.15
"""Share of capitals inside sentences from which on they tell no names: German has 0.25, English 0.04."""

_WORD = re.compile(r"\w+")
_INSIDE = re.compile(r" (?<=[\w,;] )[^\W\d_]\w*")
"""A word inside a sentence, with the space before it, because a pattern with a fixed beginning is searched
faster; what stands first in a line, a list item, a cell or emphasis is not inside."""

_ASKING = """
actually ago already also another anyone anything anyway around ask asked asking away back best better bit
came come could currently day days every everything explain fast find gave get gets getting give given gives
go goes going gone gonna good got great guess guy guys happen happened happening happens hello help hey hi
hope idea im issue issues ive kind know last let like little long look looked looking lot made make makes
making many may maybe mean means might month months much must need needed needs next nice noticed often oh
ok okay old one ones people please problem provide put question questions quick quite rather real really
recently right said saw say saying see seem seems show since something soon sorry still stuff sure take
takes tell thank thanks thing things think thought till time times today told tomorrow tonight tried try
trying two understand us use using wanna want wanted wants way week weeks well went whats whether within
without wonder wondering work works would wow wrong year years yes yesterday yet
"""
ASKING = tuple(_ASKING.split())
"""English words of asking and telling, which say nothing of what the question is about."""

_LANGUAGES: dict[str, tuple[str, Iterable[str]]] = {
    "en": ("english", (*lists.STOPWORDS_EN_PLUS, *ASKING)),
    "de": ("german", lists.STOPWORDS_GERMAN),
    "nl": ("dutch", lists.STOPWORDS_DUTCH),
    "fr": ("french", lists.STOPWORDS_FRENCH),
    "es": ("spanish", lists.STOPWORDS_SPANISH),
    "it": ("italian", lists.STOPWORDS_ITALIAN),
    "pt": ("portuguese", lists.STOPWORDS_PORTUGUESE),
    "sv": ("swedish", lists.STOPWORDS_SWEDISH),
    "da": ("danish", lists.STOPWORDS_DANISH),
    "no": ("norwegian", lists.STOPWORDS_NORWEGIAN),
    "ru": ("russian", lists.STOPWORDS_RUSSIAN),
    "tr": ("turkish", lists.STOPWORDS_TURKISH),
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a question asks by."""

    words: list[str]
    """The words that carry meaning, in their order, repeated ones repeated."""
    named: frozenset[str]
    """Those of them that are written as a name, with a capital inside a sentence."""
    said: tuple[frozenset[str], ...] = ()
    """All words of each of the last lines, also those that carry no meaning."""


class Words:
    """Splits texts of one language into stemmed words without stop words."""

    def __init__(self, language: str) -> None:
        algorithm, stop = _LANGUAGES.get(language, _LANGUAGES[DEFAULT])
        self._stemmer = Stemmer.Stemmer(algorithm)
        self._stemming = threading.Lock()  # a Stemmer is for one thread at a time
        # "don't" is split into two words by the text's own rule, and often written without its apostrophe.
        self._stop = {part for word in stop for part in (*_split(word), word.replace("'", ""))}

    def of(self, text: str) -> list[str]:
        """Return the words in their order, repeated ones repeated."""
        kept = [w for w in _split(text) if w not in self._stop and (len(w) > 1 or w.isdigit())]
        with self._stemming:
            stems: list[str] = self._stemmer.stemWords(kept)
        return stems

    def every(self, text: str) -> frozenset[str]:
        """Return all words, also those that carry no meaning."""
        with self._stemming:
            return frozenset(self._stemmer.stemWords(_split(text)))

    def terms(self, query: str) -> Terms:
        """Return the words of a query, of which the first LONGEST_QUERY characters are read."""
        read = query[:LONGEST_QUERY]
        named = "".join(form for form in _INSIDE.findall(read) if _is_name(form))
        said = tuple(map(self.every, read.split("\n")[-LINES:]))
        return Terms(self.of(read), frozenset(self.of(named)), said)

    def names(self, texts: Iterable[str]) -> frozenset[str]:
        """Return the words that the texts write as names; none where every noun has a capital."""
        forms: Counter[str] = Counter()
        for text in texts:
            forms.update(_INSIDE.findall(text))
        with self._stemming:
            stems: list[str] = self._stemmer.stemWords([form.strip().lower() for form in forms])
        named: Counter[str] = Counter()
        everywhere: Counter[str] = Counter()
        for stem, (form, places) in zip(stems, forms.items(), strict=True):
            everywhere[stem] += places
            named[stem] += places * _is_name(form)
        if named.total() > NOUNS * everywhere.total():
            return frozenset()
        return frozenset(word for word, n in named.items() if n >= max(NAME_PLACES, NAME * everywhere[word]))


def language_of(texts: Iterable[str]) -> str:
    """Tell the language by its commonest words; `en` where there are too few to tell.

    Articles are long enough for that, and no language model has to be loaded (0.3 s and 50 MB).
    """
    counts = Counter(word for text in texts for word in _split(text))
    shares = {code: sum(counts[word] for word in stop) for code, stop in function_words().items()}
    best = max(shares, key=lambda code: shares[code])
    return best if shares[best] >= 10 else DEFAULT


@lru_cache(maxsize=1)
def function_words() -> dict[str, frozenset[str]]:
    """Return each language's commonest words, by ISO 639-1 code."""
    return {code: frozenset(words) for code, words in _plain_lists().items()}


def _plain_lists() -> dict[str, Iterable[str]]:
    return {code: lists.STOPWORDS_EN_PLUS if code == "en" else stop for code, (_, stop) in _LANGUAGES.items()}


def _is_name(form: str) -> bool:
    """Whether a word has a capital and is no abbreviation, which customers write in small letters."""
    return form[1].isupper() and form[2:3].islower()


def _split(text: str) -> list[str]:
    return _WORD.findall(text.lower())
