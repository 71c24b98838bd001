"""What an answer says in its own words: phrases, questions back, and that the articles do not tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from prompts import Phrases, PhraseSet

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt")

SAID = (
    *(
        "i don't know",
        "i do not know",
        "don't have ... information",
        "do not have ... information",
        "no information",
    ),
    *("have no details", "don't have ... details", "do not have ... details", "can't find", "cannot find"),
    *(
        "couldn't find",
        "could not find",
        "unable to find",
        "not able to find",
        "found nothing",
        "find nothing",
    ),
    *("not covered", "isn't covered", "aren't covered", "don't cover", "do not cover", "doesn't cover"),
    *("does not cover", "say nothing about", "says nothing about", "don't say", "do not say", "doesn't say"),
    *(
        "does not say",
        "don't mention",
        "do not mention",
        "doesn't mention",
        "does not mention",
        "not mentioned",
    ),
    *("isn't mentioned", "no mention of", "articles don't", "articles do not", "nothing about this in"),
    *(
        "weiß ich nicht",
        "weiß ich leider nicht",
        "ich weiß nicht",
        "dazu nichts",
        "nichts dazu",
        "keine information",
    ),
    *(
        "keine informationen",
        "keine angaben",
        "nicht bekannt",
        "steht nichts",
        "nicht erwähnt",
        "finde ich nichts",
    ),
    *("je ne sais pas", "ne le sais pas", "n'en parlent pas", "n'en parle pas", "aucune information"),
    *("pas d'information", "pas d'informations", "ne mentionnent pas", "ne précisent pas", "ne disent rien"),
    *("no lo sé", "no sé", "no dicen nada", "no dice nada", "no tengo información", "no hay información"),
    *("ninguna información", "no mencionan", "no se menciona", "no aparece"),
    *("non lo so", "non so", "non ne parlano", "non ne parla", "nessuna informazione", "non ho informazioni"),
    *("non menzionano", "non dicono", "non è indicato", "non trovo"),
    *(
        "weet ik niet",
        "ik weet niet",
        "zeggen er niets over",
        "staat er niets",
        "geen informatie",
        "niet vermeld",
    ),
    *("staat niets over", "kan ik niet vinden"),
    *("não sei", "não dizem nada", "não diz nada", "não tenho informação", "não tenho informações"),
    *("não há informação", "nenhuma informação", "não mencionam", "não encontro"),
)
"""How answers say that the articles do not tell, in the languages that the bot speaks."""

_CITATION = re.compile(r"\s*\[\d{1,3}(?:\s?[,;]\s?\d{1,3})*\]")
_EMPHASIS = re.compile(r"(?<!\w)_+|_+(?!\w)")
_BORDER = re.compile(r"\n|(?<=[.!?\uff1f\u061f\u3002])\s+(?!\[\d)")
_QUESTION = re.compile(r"[?\uff1f\u061f][)\"'”»*_]*$")


def plain(answer: str) -> str:
    """Return an answer without citation marks and the underscores of emphasis, which would split phrases."""
    return _EMPHASIS.sub(" ", _CITATION.sub("", answer))


def said(answer: str, phrase: str) -> bool:
    """Tell whether an answer holds a phrase: whole words; case, accents and punctuation do not matter."""
    return bool(_one(phrase).found(plain(answer)))


def own_sentences(answer: str, passages: Iterable[str]) -> list[str]:
    """Return the sentences that are no quotes: those that stand word for word in a passage do not count."""
    texts = list(passages)
    sentences = (sentence.strip() for sentence in _BORDER.split(answer))
    return [s for s in sentences if s and not any(_CITATION.sub("", s) in text for text in texts)]


def questions(sentences: Sequence[str]) -> list[str]:
    """Return the sentences that ask something."""
    return [sentence for sentence in sentences if _QUESTION.search(_CITATION.sub("", sentence))]


def says_unknown(sentences: Sequence[str], unknown: PhraseSet) -> bool:
    """Tell whether a sentence says that the articles do not tell; one that cites a passage states a fact."""
    return any(unknown.found(plain(sentence)) for sentence in sentences if not _CITATION.search(sentence))


def unknown_phrases(phrases: Phrases) -> PhraseSet:
    """Return the phrases that say that the articles do not tell, that of the phrases.md in force included."""
    return _unknown(frozenset(_opening(phrases.say("not_covered", language)) for language in LANGUAGES))


@lru_cache(maxsize=4)
def _unknown(own: frozenset[str]) -> PhraseSet:
    return PhraseSet((*SAID, *sorted(own)))


@lru_cache(maxsize=2048)
def _one(phrase: str) -> PhraseSet:
    # One at a time: of two phrases that overlap, a set finds the longer one only.
    return PhraseSet((phrase,))


def _opening(sentence: str) -> str:
    """Return the first clause: what follows is advice that other answers give too."""
    return re.split(r"[.,:;!?]", sentence, maxsplit=1)[0].strip()
