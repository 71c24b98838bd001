"""The sentences that a customer sees and no model writes, per language."""

from __future__ import annotations

import re
from dataclasses import dataclass

from prompts.errors import PromptError
from prompts.fields import Fields, nearest
from prompts.frontmatter import Document
from prompts.template import fill, variables_in

FALLBACK = "en"

PHRASES: dict[str, frozenset[str]] = {
    "status": frozenset(),
    "closer_look": frozenset(),
    "handoff": frozenset(),
    "handoff_seen": frozenset(),
    "handoff_away": frozenset({"when"}),
    "handoff_nobody": frozenset(),
    "handoff_asked": frozenset(),
    "handoff_asked_seen": frozenset(),
    "handoff_asked_away": frozenset({"when"}),
    "people_back": frozenset({"day", "time", "place"}),
    "day_far": frozenset({"day", "date"}),
    **{f"day_{day}": frozenset() for day in ("today", "tomorrow", *range(1, 8))},
    "handoff_asked_nobody": frozenset(),
    "not_covered": frozenset(),
    "greeting": frozenset(),
    "thanks": frozenset(),
    "empty_message": frozenset(),
    "too_long": frozenset(),
    "no_words": frozenset(),
    "not_readable": frozenset(),
    "articles_foreign": frozenset(),
    "language_unknown": frozenset(),
    "error": frozenset(),
    "slow": frozenset(),
    "stopped": frozenset(),
    "restarted": frozenset(),
    "cut_short": frozenset(),
    "rate_limit": frozenset(),
    "label_sources": frozenset(),
    "label_helpful": frozenset(),
    "label_not_helpful": frozenset(),
    "label_person": frozenset(),
    "rating_thanks": frozenset(),
    "press_failed": frozenset(),
    "prompt_1": frozenset(),
    "prompt_2": frozenset(),
    "prompt_3": frozenset(),
    "prompt_4": frozenset(),
    "home_title": frozenset(),
    "home_text": frozenset(),
    "home_prompts": frozenset(),
    "card_title": frozenset(),
    "card_customer": frozenset({"person"}),
    "card_reason": frozenset(),
    "card_summary": frozenset(),
    "card_open_thread": frozenset(),
    "card_claim": frozenset(),
    "card_claimed": frozenset({"person"}),
    "card_hand_back": frozenset(),
    "card_handed_back": frozenset(),
    "card_missed": frozenset({"count"}),
    "extractive_opening": frozenset(),
    "extractive_source": frozenset({"title"}),
    "extractive_closing": frozenset(),
    # What people see of a handoff.
    "overtaken": frozenset(),
    "nobody_there": frozenset(),
    "label_files": frozenset(),
    "card_title_unasked": frozenset(),
    "card_resolve": frozenset(),
    "card_resolved": frozenset({"person"}),
    "card_returned": frozenset(),
    "card_replies": frozenset(),
    "card_waits": frozenset({"when"}),
    "card_reminder": frozenset({"minutes"}),
    "card_desk_lost": frozenset(),
    "card_owner_left": frozenset({"person"}),
    "card_root_gone": frozenset(),
    "press_not_staff": frozenset(),
    "press_taken": frozenset({"person"}),
    "press_have_it": frozenset(),
    "press_late": frozenset(),
    "press_unknown": frozenset(),
    "relay_stays": frozenset(),
    "relay_files": frozenset(),
    "relay_failed": frozenset(),
    "mirror_gone": frozenset(),
    "paused_nobody": frozenset(),
    "limit_hour": frozenset(),
    "limit_day": frozenset(),
    "limit_everyone": frozenset(),
    "draft_title": frozenset(),
    "draft_asked": frozenset(),
    "draft_text": frozenset(),
    "draft_send": frozenset(),
    "draft_edit": frozenset(),
    "draft_discard": frozenset(),
    "draft_sent": frozenset({"person"}),
    "draft_edited": frozenset({"person"}),
    "draft_discarded": frozenset({"person"}),
    "draft_late": frozenset({"person"}),
    "draft_taken": frozenset({"person"}),
    "draft_gone": frozenset(),
    "draft_undelivered": frozenset(),
    "team_only": frozenset(),
    "team_title": frozenset(),
    "team_paused": frozenset({"where", "person", "since", "reason"}),
    "team_everywhere": frozenset(),
    "team_running": frozenset(),
    "team_pause": frozenset(),
    "team_resume": frozenset(),
    "team_why": frozenset(),
    "team_cancel": frozenset(),
    "team_open": frozenset(),
    "team_none_open": frozenset(),
    "team_waits": frozenset({"person", "minutes"}),
    "team_has": frozenset({"person", "colleague", "minutes"}),
    "team_drafts": frozenset({"count"}),
    "team_today": frozenset({"turns", "answered", "people", "cost", "first", "up", "down"}),
    "team_budget": frozenset({"spent", "budget"}),
    "alarm_over": frozenset({"what"}),
    "alarm_vendor": frozenset({"names"}),
    "alarm_dead": frozenset({"count"}),
    "alarm_unclaimed": frozenset({"count", "minutes"}),
    "alarm_budget": frozenset({"percent", "budget"}),
    "alarm_help_desk": frozenset({"count"}),
    "alarm_paused": frozenset({"where", "person", "reason"}),
}
"""Each phrase that the program says, with the variables that it fills in."""

NOTES: dict[str, frozenset[str]] = {
    "not_covered": frozenset(),
    "no_passages": frozenset(),
    "handover": frozenset({"handover"}),
    "opening": frozenset({"opening"}),
    "attachment": frozenset({"name", "text"}),
    "data": frozenset({"tag"}),
    "team_first": frozenset(),
    "person_said": frozenset({"text"}),
    "summary": frozenset({"reason", "conversation"}),
}
"""Each note that the program gives a model or a colleague, with the variables that it fills in."""

_KEY = re.compile(r"##\s+(\S+)\s*$")
_ITEM = re.compile(r"-\s+([A-Za-z-]{2,12})\s*:\s*(.*)$")


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases that have been checked: each is there in English, every language with the same variables."""

    document: Document
    texts: dict[str, dict[str, str]]
    """Key -> language -> text."""
    required: dict[str, frozenset[str]]
    """Key -> the variables that the program fills in."""
    version: str

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that any phrase is there in."""
        return tuple(dict.fromkeys(language for texts in self.texts.values() for language in texts))

    def say(self, key: str, language: str, **values: str) -> str:
        """Return a phrase in a language, or in English; raises PromptError for a wrong key or variable.

        `language` is an ISO 639-1 code; a region after it (`pt-BR`) does not matter.
        """
        if key not in self.texts:
            raise PromptError(
                f"there is no phrase `{key}`{nearest(key, self.texts)}", file=self.document.file
            )
        if values.keys() != self.required[key]:
            wants = ", ".join(sorted(self.required[key])) or "none"
            problem = f"the phrase `{key}` takes these variables: {wants}; it was given {sorted(values)}"
            raise PromptError(problem, file=self.document.file)
        texts = self.texts[key]
        code = language.replace("_", "-").split("-")[0].lower()
        return fill(texts.get(code, texts[FALLBACK]), values)


def parse_phrases(document: Document, required: dict[str, frozenset[str]]) -> Phrases:
    """Check a file of phrases; raises PromptError with the line of the first thing that is not right."""
    Fields(document).only("description")
    Fields(document).text("description")
    reader = _Reader(document, required)
    for number, text in enumerate(document.body.split("\n"), document.body_line):
        reader.read(number, text)
    for key in required:
        if key not in reader.texts:
            problem = (
                f"the phrase `{key}` is missing; add a heading `## {key}` and a line `- en: ...` below it"
            )
            raise PromptError(problem, file=document.file)
    for key, line in reader.headings.items():
        _check(reader, key, line)
    texts = {
        key: {language: text.strip() for language, text in texts.items()}
        for key, texts in reader.texts.items()
    }
    return Phrases(document, texts, required, document.version)


class _Reader:
    """Reads the body line by line."""

    def __init__(self, document: Document, required: dict[str, frozenset[str]]) -> None:
        self.document = document
        self.required = required
        self.texts: dict[str, dict[str, str]] = {}
        self.headings: dict[str, int] = {}
        self.items: dict[tuple[str, str], int] = {}
        self._key = ""
        self._language = ""

    def read(self, number: int, line: str) -> None:
        """Take one line: a heading, a phrase, the rest of a phrase (indented), or an explanation."""
        if line.startswith("##"):
            self._heading(number, line)
        elif line.startswith("-"):
            self._item(number, line)
        elif self._language and line.startswith("  ") and line.strip():
            self.texts[self._key][self._language] += f" {line.strip()}"
        elif line.strip() and self._language:
            problem = "this belongs to no phrase; begin it with `- xx: `, or with two spaces to go on"
            raise self._error(problem, number)

    def _heading(self, number: int, line: str) -> None:
        match = _KEY.match(line)
        if match is None:
            raise self._error("a heading must be `## ` and the name of one phrase", number)
        key = match[1]
        if key not in self.required:
            raise self._error(f"there is no phrase `{key}`{nearest(key, self.required)}", number)
        if key in self.headings:
            raise self._error(f"`{key}` is there twice, first on line {self.headings[key]}", number)
        self._key, self._language = key, ""
        self.headings[key] = number
        self.texts[key] = {}

    def _item(self, number: int, line: str) -> None:
        match = _ITEM.match(line)
        if match is None or not self._key:
            raise self._error("a phrase must be `- `, a language, `: ` and the text, below a heading", number)
        self._language = match[1].lower()
        if self._language in self.texts[self._key]:
            raise self._error(f"`{self._key}` has `{self._language}` twice; keep one", number)
        self.texts[self._key][self._language] = match[2]
        self.items[self._key, self._language] = number

    def _error(self, problem: str, number: int) -> PromptError:
        return PromptError(problem, file=self.document.file, line=number)


def _check(reader: _Reader, key: str, heading: int) -> None:
    document, texts, required = reader.document, reader.texts[key], reader.required[key]
    if FALLBACK not in texts:
        problem = (
            f"`{key}` has no English text; add a line `- {FALLBACK}: ...`, which other languages fall back to"
        )
        raise PromptError(problem, file=document.file, line=heading)
    for language, text in texts.items():
        line = reader.items[key, language]
        if not text.strip():
            raise PromptError(f"`{key}` is empty in `{language}`", file=document.file, line=line)
        used = variables_in(text, document.file, line).keys()
        if used != required:
            wants = ", ".join(f"{{{{ {name} }}}}" for name in sorted(required)) or "no variables"
            problem = f"`{key}` in `{language}` must use {wants}, and nothing else in double braces"
            raise PromptError(problem, file=document.file, line=line)
