"""The prompts in force: read at the start, re-read when a file changes, never replaced by a broken one."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import structlog
from typing_extensions import override

from prompts.errors import PromptError
from prompts.escalation import Escalation, parse_escalation
from prompts.frontmatter import Document, parse_document, read_document, read_text
from prompts.phrases import NOTES, PHRASES, Phrases, parse_phrases
from prompts.prompt import Prompt, parse_prompt

SHIPPED = Path(__file__).parent
GIVEN: dict[str, frozenset[str]] = {
    "voice": frozenset(),
    "answer": frozenset(),
    "context": frozenset({"passages", "notes", "language"}),
    "handoff": frozenset({"conversation", "reason", "tag"}),
}
"""What the program fills in; other variables of a prompt need a default in its front matter."""
NAMES = ("voice", "answer", "context", "escalation", "handoff", "notes", "phrases")
SENTENCES = {"notes": NOTES, "phrases": PHRASES}
CHECK_EVERY = 1.0
"""Seconds between two looks at the files."""

Stamp: TypeAlias = tuple[str, int, int]
Parsed: TypeAlias = Prompt | Escalation | Phrases

_log = structlog.get_logger("prompts")


@dataclass(frozen=True, slots=True)
class Edition:
    """All prompts as they stand at one moment; a turn holds on to one, so that it sees no change half-way."""

    voice: Prompt
    answer: Prompt
    context: Prompt
    handoff: Prompt
    escalation: Escalation
    notes: Phrases
    phrases: Phrases

    @property
    def versions(self) -> dict[str, str]:
        """Name of each prompt -> its version."""
        return {name: version_of(getattr(self, name)) for name in NAMES}

    @property
    def version(self) -> str:
        """12 hex digits for all prompts together, which change where any prompt's version does."""
        versions = json.dumps(self.versions, sort_keys=True)
        return hashlib.sha256(versions.encode()).hexdigest()[:12]

    def get(self, name: str) -> Prompt:
        """Return the prompt with this name; raises PromptError where there is none."""
        if name not in NAMES or name in SENTENCES:
            known = ", ".join(known for known in NAMES if known not in SENTENCES)
            raise PromptError(f"there is no prompt `{name}`; there are {known}")
        found: Prompt | Escalation = getattr(self, name)
        return found.prompt if isinstance(found, Escalation) else found

    def system(self, *, tools: bool = True, top: bool = False) -> str:
        """Return the system prompt, the same bytes for every turn; `top` is for the largest model."""
        parts = (
            self.voice.render(),
            self.answer.render(),
            self.escalation.instructions(tools=tools, top=top),
        )
        return "\n\n".join(parts)


class Prompts:
    """A folder of prompts over the shipped ones."""

    def __init__(self, folder: Path | None) -> None:
        self._places = {name: _places(name, folder) for name in NAMES}
        self._stamps: dict[str, Stamp] = {}
        self._problems: dict[str, PromptError] = {}
        self._next_look = 0.0
        found: dict[str, Parsed] = {}
        for name in NAMES:
            self._stamps[name] = self._stamp(name)
            found[name] = _read(name, Path(self._stamps[name][0]))
        self.edition = Edition(**found)  # type: ignore[arg-type]  # _read gives each name its type

    @property
    def phrases(self) -> Phrases:
        """The phrases in force."""
        return self.edition.phrases

    @property
    def escalation(self) -> Escalation:
        """The rules in force."""
        return self.edition.escalation

    @property
    def versions(self) -> dict[str, str]:
        """Name of each prompt in force -> its version."""
        return self.edition.versions

    @property
    def files(self) -> dict[str, Path]:
        """Name of each prompt -> its file, the adopter's or the shipped one."""
        return {name: Path(stamp[0]) for name, stamp in self._stamps.items()}

    @property
    def problems(self) -> tuple[PromptError, ...]:
        """What is wrong with the files that are not in force because they are broken."""
        return tuple(self._problems.values())

    def get(self, name: str) -> Prompt:
        """Return the prompt with this name; raises PromptError where there is none."""
        return self.edition.get(name)

    def refresh(self) -> bool:
        """Take over changed files, and tell whether there were any; looks at most once a second.

        A broken or missing file leaves the last good version in force, is logged once, and stands in
        `problems`.
        """
        now = time.monotonic()
        if now < self._next_look:
            return False
        self._next_look = now + CHECK_EVERY
        changed = [name for name in NAMES if self._refresh_one(name)]
        return bool(changed)

    def _refresh_one(self, name: str) -> bool:
        stamp = self._stamp(name)
        if stamp == self._stamps[name]:
            return False
        self._stamps[name] = stamp
        try:
            parsed = _read(name, Path(stamp[0]))
        except PromptError as error:
            self._problems[name] = error
            _log.warning("prompts.broken", name=name, file=error.file, line=error.line, problem=error.problem)
            return False
        self._problems.pop(name, None)
        self.edition = replace(self.edition, **{name: parsed})  # type: ignore[arg-type]  # as above
        _log.info("prompts.changed", name=name, file=stamp[0], version=version_of(parsed))
        return True

    def _stamp(self, name: str) -> Stamp:
        """Return what tells whether the file has changed, the adopter's before the shipped one."""
        before = self._stamps.get(name)
        for path in self._places[name]:
            try:
                status = os.stat(path)  # noqa: PTH116  # half the time of Path.stat, before every turn
            except OSError:
                # Editors that save by renaming leave a moment without a file: no wish for the shipped one.
                if before and before[0] == path:
                    return path, 0, 0
            else:
                return path, status.st_mtime_ns, status.st_size
        return self._places[name][-1], 0, 0


class FixedPrompts(Prompts):
    """Prompts that no file changes: to measure an edition that is not the one in force."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self._stamps = {}
        self._problems = {}

    @override
    def refresh(self) -> bool:
        """Do nothing: there is nothing to be looked at."""
        return False


def _places(name: str, folder: Path | None) -> tuple[str, ...]:
    """Return where a file may be, best first; texts, because joining paths costs more than looking."""
    folders = (folder, SHIPPED) if folder else (SHIPPED,)
    return tuple(str(place / f"{name}.md") for place in folders)


def open_prompts(folder: Path | None = None) -> Prompts:
    """Read all prompts, each from the folder or, where it is not there, as shipped.

    None is for the shipped ones alone. Raises PromptError for a folder that is not there or a broken file.
    """
    if folder is not None and not folder.is_dir():
        raise PromptError("there is no such folder; `bot init DIR` makes one", file=folder)
    return Prompts(folder)


def version_of(parsed: Parsed) -> str:
    """Return the version of a parsed file."""
    return parsed.prompt.version if isinstance(parsed, Escalation) else parsed.version


def read_texts(folder: Path | None = None) -> dict[str, str]:
    """Return the text of every prompt file, from the folder or, where it is not there, as shipped.

    Raises PromptError for a folder that is not there or a file that cannot be read.
    """
    return {name: read_text(file) for name, file in open_prompts(folder).files.items()}


def edition_of(texts: Mapping[str, str], places: Mapping[str, Path] | None = None) -> Edition:
    """Make an edition of the texts of all prompt files, by name; raises PromptError for one that is broken.

    `places` says what an error calls a file, where that is not its name.
    """
    if missing := [name for name in NAMES if name not in texts]:
        raise PromptError("the text of this prompt is missing", file=f"{missing[0]}.md")
    named = {name: (places or {}).get(name, Path(f"{name}.md")) for name in NAMES}
    found = {name: _parse(name, parse_document(texts[name], named[name])) for name in NAMES}
    return Edition(**found)  # type: ignore[arg-type]  # _parse gives each name its type


def with_text(edition: Edition, name: str, text: str, file: Path) -> Edition:
    """Return an edition with another text of one file; raises PromptError where it is broken."""
    parsed = _parse(name, parse_document(text, file))
    return replace(edition, **{name: parsed})  # type: ignore[arg-type]  # _parse gives each name its type


def _read(name: str, file: Path) -> Parsed:
    return _parse(name, read_document(file))


def _parse(name: str, document: Document) -> Parsed:
    if name in SENTENCES:
        return parse_phrases(document, SENTENCES[name])
    if name == "escalation":
        return parse_escalation(document)
    return parse_prompt(name, document, GIVEN[name])
