"""The hard rules on an answer, applied while it streams: nobody sees the beginning of a sentence that breaks one.

Words flow as they come until they could be the beginning of a match of a rule; from there on they are held
until the match is excluded, or is complete and judged. `regex` tells the two apart by partial matching.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import regex

Allow: TypeAlias = Literal["never", "in_sources"]

_SENTENCE_END = regex.compile(r"[.!?](?=\s)|\n")
_CITATION = regex.compile(r"\[(\d{1,3})\]")
_FIGURES = regex.compile(r"\d+(?:[.,]\d+)*")
_WORDS = regex.compile(r"\p{L}{5,}")
STEM = 5
"""Letters by which a word of a promise is looked up in the sources: `refunded` stands there as `refund`, too."""
_LINK_TAIL = ".,;:!?)]}>\"'*_"


@dataclass(frozen=True, slots=True)
class Rule:
    """What no answer may say, or only where a source says it."""

    name: str
    pattern: regex.Pattern[str]
    allow: Allow
    reason: str
    """In words, for the ledger and the person who takes over."""


def compile_rule(name: str, pattern: str, allow: Allow, reason: str) -> Rule:
    """Make a rule from a pattern; case does not matter."""
    return Rule(name, regex.compile(pattern, regex.IGNORECASE), allow, reason)


@dataclass(slots=True)
class Guard:
    """Lets the safe words of one answer through; stops at the first broken rule."""

    rules: tuple[Rule, ...]
    sources: str
    """All the text that the model was given, for rules that allow what a source says."""
    passages: int
    """How many passages it was given: citations beyond are invented."""
    broke: Rule | None = None
    _held: str = ""

    def feed(self, text: str) -> str:
        """Take the model's next words; return what may be shown now. After `broke` is set, nothing more."""
        if self.broke:
            return ""
        self._held += text
        return self._release(final=False)

    def finish(self) -> str:
        """Return what was still held, the answer being complete."""
        return "" if self.broke else self._release(final=True)

    def _release(self, *, final: bool) -> str:
        safe = len(self._held)
        for rule in (*self.rules, CITED):
            stop = self._judge(rule, final=final)
            if self.broke:
                shown, self._held = self._held[: min(stop, safe)], ""
                return shown
            safe = min(safe, stop)
        shown, self._held = self._held[:safe], self._held[safe:]
        return shown

    def _judge(self, rule: Rule, *, final: bool) -> int:
        """Return how far the held text is safe by this rule; set `broke` where it is broken."""
        start = 0
        while match := rule.pattern.search(self._held, start, partial=not final):
            begin, end = match.span()
            if match.partial:
                return int(begin)
            unit = self._unit(rule, begin, end, final=final)
            if unit is None:
                return int(begin)
            if not self._allowed(rule, self._held[begin:end], unit):
                self.broke = rule
                return self._sentence_start(begin)
            start = max(end, begin + 1)
        return len(self._held)

    def _unit(self, rule: Rule, begin: int, end: int, *, final: bool) -> str | None:
        """Return what is judged: the match, or for promises the sentence; None while it is incomplete."""
        if rule.allow == "never" or rule is CITED:
            return self._held[begin:end]
        if rule.name == LINKS:
            return None if end == len(self._held) and not final else self._held[begin:end]
        over = _SENTENCE_END.search(self._held, end)
        if over is None and not final:
            return None
        return self._held[begin : over.end() if over else len(self._held)]

    def _allowed(self, rule: Rule, match: str, unit: str) -> bool:
        if rule is CITED:
            return all(1 <= int(n) <= self.passages for n in _CITATION.findall(unit))
        if rule.allow == "never":
            return False
        if rule.name == LINKS:
            return unit.rstrip(_LINK_TAIL) in self.sources
        said = self.sources.lower()
        stems = (word[:STEM].lower() for word in _WORDS.findall(match))
        return all(stem in said for stem in stems) and all(n in said for n in _FIGURES.findall(unit))

    def _sentence_start(self, position: int) -> int:
        ends = [match.end() for match in _SENTENCE_END.finditer(self._held, 0, position)]
        return ends[-1] if ends else 0


LINKS = "links"
"""The name of the rule whose unit is an address, not a sentence."""

CITED = Rule("citations", _CITATION, "in_sources", "The answer cites a passage that was not found.")


def cited(text: str, passages: int) -> list[int]:
    """Return the numbers of the passages that a text cites, each once, in order of appearance."""
    numbers: Iterable[int] = (int(n) for n in _CITATION.findall(text))
    return list(dict.fromkeys(n for n in numbers if 1 <= n <= passages))
