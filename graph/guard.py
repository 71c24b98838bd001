"""The hard rules on an answer, applied while it streams: nothing of what breaks one is ever shown.

Words flow as they come until they could be the beginning of a match of a rule; from there on they are held
until the match is excluded, or is complete and judged. `regex` tells the two apart by partial matching.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, TypeAlias

import regex

Allow: TypeAlias = Literal["never", "in_sources"]

_SENTENCE_END = regex.compile(r"[.!?](?=\s)|\n")
_CITATION = regex.compile(r"\[(\d{1,3}(?:\s?[,;]\s?\d{1,3})*)\]")
_FIGURES = regex.compile(r"\d+(?:[.,]\d+)*")
_DIGITS = regex.compile(r"\d+")
_WORDS = regex.compile(r"\p{L}{5,}")
STEM = 5
"""Letters by which a word of a promise is looked for in the sources: `refunded` is found in `refund`."""
_MARKS = "*"
_LINK_TAIL = ".,;:!?)]}>\"'*_"


@dataclass(frozen=True, slots=True)
class Rule:
    """What no answer may say, or only where a source says it."""

    name: str
    pattern: regex.Pattern[str]
    allow: Allow
    reason: str
    """In words, for the ledger and the person who takes over."""


@lru_cache(maxsize=256)
def compile_rule(name: str, pattern: str, allow: Allow, reason: str) -> Rule:
    """Make a rule from a pattern; case does not matter."""
    return Rule(name, regex.compile(pattern, regex.IGNORECASE), allow, reason)


@dataclass(slots=True)
class Guard:
    """Lets the safe words of one answer through; stops at the first broken rule.

    What is shown depends on the words alone, not on the pieces in which they come.
    """

    rules: tuple[Rule, ...]
    sources: str
    """All the text that the model was given, for rules that allow what a source says."""
    passages: int
    """How many passages it was given: citations beyond are invented."""
    same_language: bool = True
    """Whether the answer is in the language of the sources. Where it is not, the words of a promise cannot be
    looked up: its sentence must cite a passage instead, and its figures must still be there."""
    broke: Rule | None = None
    _raw: str = ""
    _plain: str = ""
    """The text without the marks of bold and italic type, which must not hide a promise."""
    _places: list[int] = field(default_factory=list)
    """For each character of the plain text, its place in the raw one."""
    _judged: list[int] = field(init=False)
    """For each rule, how far the plain text is safe by it: no match can begin before."""
    _shown: int = 0

    def __post_init__(self) -> None:
        self.rules = (*self.rules, CITED)
        self._judged = [0] * len(self.rules)

    def feed(self, text: str) -> str:
        """Take the model's next words; return what may be shown now. After `broke` is set, nothing more."""
        if self.broke:
            return ""
        judged = list(self._judged)
        self._append(text)
        self._judge_all(final=False)
        if self.broke and len(text) > 1:
            # A piece may break two rules at once: letter by letter, the first is the same for all pieces.
            self._take_back(text, judged)
            return "".join(self.feed(letter) for letter in text)
        return self._release(final=False)

    def finish(self) -> str:
        """Return what was still held, the answer being complete."""
        if self.broke:
            return ""
        self._judge_all(final=True)
        return self._release(final=True)

    def _append(self, text: str) -> None:
        kept = [place for place, letter in enumerate(text, len(self._raw)) if letter not in _MARKS]
        self._places += kept
        self._raw += text
        self._plain += "".join(self._raw[place] for place in kept)

    def _take_back(self, text: str, judged: list[int]) -> None:
        self._raw = self._raw[: len(self._raw) - len(text)]
        self._places = [place for place in self._places if place < len(self._raw)]
        self._plain = self._plain[: len(self._places)]
        self._judged, self.broke = judged, None

    def _release(self, *, final: bool) -> str:
        if self.broke:
            return ""
        safe = min(self._judged)
        # Marks wait for the letter behind them: it may begin what is held.
        end = len(self._raw) if final else self._places[safe - 1] + 1 if safe else 0
        shown, self._shown = self._raw[self._shown : end], max(self._shown, end)
        return shown

    def _judge_all(self, *, final: bool) -> None:
        for number, rule in enumerate(self.rules):
            self._judged[number] = self._judge(rule, self._judged[number], final=final)
            if self.broke:
                return

    def _judge(self, rule: Rule, start: int, *, final: bool) -> int:
        """Return how far the text is safe by this rule; set `broke` where it is broken."""
        text = self._plain
        while match := rule.pattern.search(text, start, partial=not final):
            begin, end = match.span()
            if match.partial:
                return int(begin)
            if not final and (earlier := self._unfinished(rule, start, begin)) is not None:
                return earlier
            unit = self._unit(rule, begin, end, final=final)
            if unit is None:
                return int(begin)
            if not self._allowed(rule, text[begin:end], unit):
                self.broke = rule
                return int(begin)
            start = max(end, begin + 1)
        return len(text)

    def _unfinished(self, rule: Rule, start: int, end: int) -> int | None:
        """Return where a match begins that may yet become complete: a search passes it over."""
        begins = (p for p in range(start, end) if rule.pattern.match(self._plain, p, partial=True))
        return next(begins, None)

    def _unit(self, rule: Rule, begin: int, end: int, *, final: bool) -> str | None:
        """Return what is judged: the match, or for promises the sentence; None while it is incomplete."""
        text = self._plain
        if end == len(text) and not final and rule is not CITED:
            return None  # the next letters may make another word of it
        if rule.allow == "never" or rule is CITED or rule.name == LINKS:
            return text[begin:end]
        over = _SENTENCE_END.search(text, end)
        if over is None and not final:
            return None
        return text[self._sentence_start(begin) : over.end() if over else len(text)]

    def _allowed(self, rule: Rule, match: str, unit: str) -> bool:
        if rule is CITED:
            return all(1 <= number <= self.passages for number in _numbers(unit))
        if rule.allow == "never":
            return False
        if rule.name == LINKS:
            return _address(unit) in {_address(link[0]) for link in rule.pattern.finditer(self.sources)}
        said = self.sources.lower()
        if self.same_language:
            found = all(word[:STEM].lower() in said for word in _WORDS.findall(match))
        else:
            found = bool(_numbers(unit))
        return found and _figures(unit) <= _figures(said)

    def _sentence_start(self, position: int) -> int:
        ends = [match.end() for match in _SENTENCE_END.finditer(self._plain, 0, position)]
        return ends[-1] if ends else 0


def _address(link: str) -> str:
    return link.rstrip(_LINK_TAIL).rstrip("/")


def _figures(text: str) -> set[str]:
    """Return the numbers of a text, apart from its citations; `12,50` and `12.50` are the same."""
    return {figure.replace(",", ".") for figure in _FIGURES.findall(_CITATION.sub(" ", text))}


LINKS = "links"
"""The name of the rule whose unit is an address, not a sentence."""

CITED = Rule("citations", _CITATION, "in_sources", "The answer cites a passage that was not found.")


def cited(text: str, passages: int) -> list[int]:
    """Return the numbers of the passages that a text cites, each once, in order of appearance."""
    return list(dict.fromkeys(n for n in _numbers(text) if 1 <= n <= passages))


def _numbers(text: str) -> list[int]:
    return [int(n) for cited_together in _CITATION.findall(text) for n in _DIGITS.findall(cited_together)]
