"""The model that needs no key and no network: it quotes the articles and says so."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from graph.knowledge import Passage
from graph.knowledge.markdown import blocks
from graph.knowledge.words import Words, language_of
from graph.models import Done, Event, Request, Text
from graph.turn import Usage

LONGEST = 700
"""Characters that are quoted at most, except where one sentence alone is longer."""

WORDS_IN_COMMON = 2
"""Words of the question that a second quote must hold at least, one of them new."""

WORTH_QUOTING = 80
"""With less room than this left, nothing more is quoted."""

_SENTENCE_END = re.compile(r"(?<=[.!?…])[)\"'”»*_]*\s+(?=[^a-z\s])")
_ABBREVIATION = re.compile(r"(?:\b(?:[A-Za-z]|approx|etc|incl|max|min|no|nr|vs|bzw|ca)|\d)\.$", re.IGNORECASE)
_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])\s")


@dataclass(frozen=True, slots=True)
class ExtractivePhrases:
    """The sentences around a quote, in the customer's language."""

    opening: str
    source: str
    """Holds `{title}`."""
    closing: str


class ExtractiveModel:
    """Quotes the one or two passages of a request that bear most on the question, and nothing else."""

    provider = "extractive"

    def __init__(self, phrases: Callable[[], ExtractivePhrases]) -> None:
        self._phrases = phrases

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Stream opening, quotes with source and citation mark, closing; without passages that alone."""
        phrases = self._phrases()
        quotes = list(_quotes(request.question, request.passages))
        if quotes:
            yield Text(phrases.opening + "\n\n")
        for number, quote in quotes:
            title = request.passages[number - 1].title
            yield Text(phrases.source.replace("{title}", title) + "\n")
            yield Text(f"{_marked(quote, number)}\n\n")
        yield Text(phrases.closing)
        yield Done("end", Usage())

    async def models(self) -> set[str]:
        """Return the one name that it answers to."""
        return {self.provider}

    async def close(self) -> None:
        """Do nothing: there is no connection."""


def _marked(quote: str, number: int) -> str:
    """Put the citation mark behind the quote, below it where a row, an item or code would swallow it."""
    last = quote.rsplit("\n\n", 1)[-1].lstrip()
    below = last.startswith(("|", "```", "~~~")) or _ITEM.match(last)
    return f"{quote}\n\n[{number}]" if below else f"{quote} [{number}]"


def _quotes(question: str, passages: tuple[Passage, ...]) -> Iterator[tuple[int, str]]:
    """Quote the best passage, and one more if it holds enough of the question that is not yet there."""
    if not passages:
        return
    words = _words(language_of(passage.text for passage in passages))
    asked = set(words.of(question))
    quote = _quote(passages[0].text, asked, words, LONGEST)
    yield 1, quote
    room = LONGEST - len(quote)
    shown = asked.intersection(words.of(f"{passages[0].title}\n{quote}"))
    for number, passage in enumerate(passages[1:], 2):
        if room < WORTH_QUOTING:
            return
        quote = _quote(passage.text, asked, words, room)
        held = asked.intersection(words.of(quote))
        if len(quote) <= room and len(held) >= WORDS_IN_COMMON and held - shown:
            yield number, quote
            return


def _quote(text: str, asked: set[str], words: Words, room: int) -> str:
    """Choose the blocks that hold most words of the question, in the order of the text."""
    found = blocks(text)
    scores = [len(asked.intersection(words.of(block))) for block in found]
    chosen: dict[int, str] = {}
    for place in sorted(range(len(found)), key=lambda place: (-scores[place], place)):
        if chosen and (not scores[place] or room < WORTH_QUOTING):
            break
        block = found[place]
        if len(block) > room:
            if chosen:
                continue
            block = _shorten(block, asked, words, room)
        chosen[place] = block
        room -= len(block) + 2
    return "\n\n".join(chosen[place] for place in sorted(chosen))


def _shorten(block: str, asked: set[str], words: Words, room: int) -> str:
    """Keep whole rows, items or sentences, from the one on that holds most words of the question."""
    head, parts, glue = _parts(block)
    scores = [len(asked.intersection(words.of(part))) for part in parts]
    start = scores.index(max(scores))
    kept = [*head, parts[start]]
    for part in parts[start + 1 :]:
        if len(glue.join([*kept, part])) > room:
            break
        kept.append(part)
    return glue.join(kept)


def _parts(block: str) -> tuple[list[str], list[str], str]:
    """Return what stays in any case, what may be left out, and what joins them."""
    lines = block.split("\n")
    if block.lstrip().startswith("|") and len(lines) > 2:
        return lines[:2], lines[2:], "\n"
    if _ITEM.match(block.lstrip()):
        items: list[str] = []
        for line in lines:
            if items and not _ITEM.match(line):
                items[-1] += "\n" + line
            else:
                items.append(line)
        return [], items, "\n"
    if block.lstrip().startswith(("```", "~~~")):
        return [], [block], "\n"
    return [], sentences(block), " "


def sentences(text: str) -> list[str]:
    """Split a paragraph into sentences; where it is not sure that one ends, it goes on."""
    found: list[str] = []
    start = 0
    for end in _SENTENCE_END.finditer(text):
        if not _ABBREVIATION.search(text[start : end.start()]):
            found.append(text[start : end.end()].strip())
            start = end.end()
    return [*found, text[start:].strip()] if text[start:].strip() else found


@lru_cache(maxsize=8)
def _words(language: str) -> Words:
    return Words(language)
