"""The rules of escalation.md: its front matter as typed data, for the code that routes and checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

import regex

from prompts.fields import Fields, nearest
from prompts.frontmatter import Document
from prompts.matching import PhraseSet, is_phrase
from prompts.prompt import Prompt, parse_prompt

To: TypeAlias = Literal["large", "person", "say_unknown"]
Allow: TypeAlias = Literal["never", "in_sources"]

KEYS = ("reasons", "with_tool", "with_marker", "rules", "small_talk", "hold", "checks")
GIVEN = frozenset({"how", "reasons"})


@dataclass(frozen=True, slots=True)
class Says:
    """The message holds one of the phrases."""

    phrases: PhraseSet


@dataclass(frozen=True, slots=True)
class Repeat:
    """The customer asks the same again: at least this share of the words is the same."""

    overlap: float


@dataclass(frozen=True, slots=True)
class Rated:
    """The customer's last rating."""

    thumb: Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Complex:
    """The wording is complex: enough different signals."""

    signals: PhraseSet
    at_least: int
    questions: int
    """This many question marks count as one more signal; 0 for never."""

    def count(self, text: str) -> int:
        """Count the different signals in a text."""
        asks = self.questions > 0 and text.count("?") >= self.questions
        return len(self.signals.found(text)) + asks


@dataclass(frozen=True, slots=True)
class Covered:
    """Whether the articles say anything about the question."""

    value: bool


@dataclass(frozen=True, slots=True)
class LongerThan:
    """The message has more characters than this."""

    characters: int


Condition: TypeAlias = Says | Repeat | Rated | Complex | Covered | LongerThan


@dataclass(frozen=True, slots=True)
class Rule:
    """When a turn does not go to the small model."""

    name: str
    on: Condition
    to: To
    reason: str
    """In words, for the ledger and the person who takes over."""
    hold: bool = False
    """Whether the whole answer is checked before a word is shown."""
    off: bool = False
    asked: bool = False
    """Whether it is the customer's own wish for a person."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A subject whose answers are checked whole before a word is shown."""

    name: str
    says: PhraseSet


@dataclass(frozen=True, slots=True)
class Check:
    """What no answer may say, or only where a source says it."""

    name: str
    pattern: str
    """A regular expression for the `regex` module; case does not matter."""
    allow: Allow
    reason: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the small model may pass a turn on; one value of the tool's enum."""

    name: str
    when: str
    to: Literal["large", "person"]


@dataclass(frozen=True, slots=True)
class Escalation:
    """Everything that escalation.md says."""

    prompt: Prompt
    reasons: tuple[Reason, ...]
    with_tool: str
    with_marker: str
    rules: tuple[Rule, ...]
    """In order, the first that applies decides; those that are off are left out."""
    small_talk: dict[str, PhraseSet]
    """Kind (`greeting`, `thanks`) -> phrases."""
    hold: tuple[Topic, ...]
    checks: tuple[Check, ...]

    def instructions(self, *, tools: bool = True, top: bool = False) -> str:
        """Return what the model reads; `top` is for the largest model, which can pass on to a person only."""
        reasons = (reason for reason in self.reasons if reason.to == "person" or not top)
        listed = "\n".join(f"- `{reason.name}`: {reason.when}" for reason in reasons)
        how = self.with_tool if tools else self.with_marker
        return self.prompt.render(reasons=listed, how=how.strip())

    def topics(self, text: str) -> list[str]:
        """Return the names of the held topics that a text is about."""
        return [topic.name for topic in self.hold if topic.says.found(text)]


def parse_escalation(document: Document) -> Escalation:
    """Check and type escalation.md; raises PromptError with the line of the first key that is not right."""
    prompt = parse_prompt("escalation", document, GIVEN, KEYS)
    fields = Fields(document)
    talk = fields.below("small_talk") if "small_talk" in fields.values else None
    return Escalation(
        prompt=prompt,
        reasons=_reasons(fields.below("reasons")),
        with_tool=fields.text("with_tool"),
        with_marker=fields.text("with_marker"),
        rules=tuple(rule for rule in _named(fields, "rules", _rule) if not rule.off),
        small_talk={kind: _phrases(talk, kind) for kind in talk.values} if talk else {},
        hold=tuple(_named(fields, "hold", _topic)),
        checks=tuple(_named(fields, "checks", _check)),
    )


def _named(fields: Fields, key: str, parse: Callable[[Fields], Any]) -> list[Any]:
    """Parse the entries of a list, whose names must differ."""
    entries: dict[str, Any] = {}
    for below in fields.each(key):
        entry = parse(below)
        if entry.name in entries:
            raise below.error(f"the name `{entry.name}` is taken by an entry above; choose another", "name")
        entries[entry.name] = entry
    return list(entries.values())


def _reasons(fields: Fields) -> tuple[Reason, ...]:
    reasons = []
    for name in fields.values:
        if not regex.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise fields.error(f"`{name}` must be made of lower-case letters, digits and _", name)
        below = fields.below(name)
        below.only("when", "to")
        to = cast("Literal['large', 'person']", below.choice("to", ("large", "person")))
        reasons.append(Reason(name, " ".join(below.text("when").split()), to))
    if not reasons:
        raise fields.error("there must be at least one reason")
    return tuple(reasons)


def _rule(fields: Fields) -> Rule:
    fields.only("name", "on", "to", "reason", "hold", "off", "asked")
    name = fields.text("name")
    to = cast("To", fields.choice("to", ("large", "person", "say_unknown")))
    on = _condition(fields.below("on"))
    reason, hold, off = fields.text("reason"), fields.flag("hold"), fields.flag("off")
    asked = fields.flag("asked")
    if asked and to != "person":
        raise fields.error("`asked` is for rules with `to: person`", "asked")
    return Rule(name, on, to, reason, hold, off, asked)


def _condition(on: Fields) -> Condition:
    on.only(*_CONDITIONS)
    if len(on.values) != 1:
        raise on.error(f"`on:` must hold exactly one condition{nearest('', _CONDITIONS)}")
    key = next(iter(on.values))
    return _CONDITIONS[key](on)


def _complex(on: Fields) -> Complex:
    below = on.below("complex")
    below.only("signals", "at_least", "questions")
    at_least = int(below.number("at_least", 1, 100))
    return Complex(_phrases(below, "signals"), at_least, int(below.number("questions", 0, 100, 0)))


_CONDITIONS: dict[str, Callable[[Fields], Condition]] = {
    "says": lambda on: Says(_phrases(on, "says")),
    "repeat": lambda on: Repeat(on.number("repeat", 0.1, 1)),
    "rating": lambda on: Rated(cast("Literal['up', 'down']", on.choice("rating", ("up", "down")))),
    "complex": _complex,
    "covered": lambda on: Covered(_covered(on)),
    "longer_than": lambda on: LongerThan(int(on.number("longer_than", 1, 1_000_000))),
}


def _covered(on: Fields) -> bool:
    return on.flag("covered")


def _topic(fields: Fields) -> Topic:
    fields.only("name", "says")
    return Topic(fields.text("name"), _phrases(fields, "says"))


def _check(fields: Fields) -> Check:
    fields.only("name", "pattern", "allow", "reason")
    name = fields.text("name")
    allow = cast("Allow", fields.choice("allow", ("never", "in_sources")))
    return Check(name, _pattern(fields), allow, fields.text("reason"))


def _pattern(fields: Fields) -> str:
    """Return one expression, joined where there is one a language."""
    if not isinstance(fields.values.get("pattern"), dict):
        return _compiled(fields, fields.text("pattern"), "pattern")
    below = fields.below("pattern")
    each = [_compiled(below, below.text(language), language) for language in below.values]
    return "|".join(f"(?:{pattern})" for pattern in each)


def _compiled(fields: Fields, pattern: str, key: str) -> str:
    try:
        matches_nothing = regex.compile(pattern, regex.IGNORECASE).search("")
    except regex.error as error:
        raise fields.error(f"this is not a regular expression: {error}", key) from None
    if matches_nothing:
        raise fields.error("this expression matches the empty text, so it would stop every answer", key)
    return pattern


def _phrases(fields: Fields, key: str) -> PhraseSet:
    """Read a list of phrases, or one list a language; the languages are for the eye, all of them count."""
    if not isinstance(fields.values.get(key), dict):
        return PhraseSet(_each_phrase(fields, key))
    below = fields.below(key)
    merged = [phrase for language in below.values for phrase in _each_phrase(below, language)]
    return PhraseSet(dict.fromkeys(merged))


def _each_phrase(fields: Fields, key: str) -> list[str]:
    phrases = fields.texts(key)
    for place, phrase in enumerate(phrases):
        if not is_phrase(phrase):
            raise fields.error(f"`{phrase}` needs a word before and after `...`", key, place)
    return phrases
