"""Markdown articles as passages: one a heading, long ones cut at the borders of paragraphs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, get_args

from graph.errors import KnowledgeError
from graph.knowledge import Passage
from graph.turn import Audience
from prompts.errors import PromptError
from prompts.frontmatter import FENCE, Document, parse_document

WORDS_A_PASSAGE = 200
"""Sections up to a quarter longer stay whole: a passage of a few words says nothing by itself."""

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_CODE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])[ \t]+\S")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Article:
    """One file: its passages in order, and what was wrong with it."""

    path: str
    title: str
    passages: tuple[Passage, ...]
    warnings: tuple[str, ...] = ()
    audience: Audience = "internal"
    """Who may read it; colleagues alone where it does not say."""


@dataclass(frozen=True, slots=True)
class _Section:
    level: int
    """0 for what stands before the first heading."""
    heading: str
    text: str


def parse_article(path: str, text: str) -> Article:
    """Cut an article into passages; front matter that cannot be read is left out with a warning.

    Raises KnowledgeError with file and line where its `audience` is none: who may read it is not guessed.
    """
    document, body, warnings = _front_matter(path, text.replace("\r\n", "\n"))
    front = document.front if document else {}
    audience = _audience(document) if document else "internal"
    sections = list(_sections(body))
    named = front.get("title")
    first = next((section.heading for section in sections if section.level), "")
    title = plain(str(named)) if named else first or PurePosixPath(path).stem
    url = front.get("url")
    passages = tuple(_passages(path, title, str(url) if url else None, sections))
    if not passages:
        warnings = (
            *warnings,
            f"{path} holds no text below its title, so nothing in it can be found; write some",
        )
    return Article(path, title, passages, warnings, audience)


def plain(heading: str) -> str:
    """Return a heading without the marks of emphasis, code and links."""
    return re.sub(r"(?<!\w)[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}(?!\w)", "", _LINK.sub(r"\1", heading)).strip()


def blocks(text: str) -> list[str]:
    """Split Markdown into paragraphs, lists, tables and code fences, each of them whole."""
    found: list[str] = []
    lines: list[str] = []
    for line, in_code in _lines(text):
        if line.strip() or in_code:
            lines.append(line)
        elif lines:
            _add(found, lines)
            lines = []
    if lines:
        _add(found, lines)
    return found


def _add(found: list[str], lines: list[str]) -> None:
    """Add a block, or join it to the list before when it goes on with that."""
    goes_on = _ITEM.match(lines[0]) or lines[0].startswith(("  ", "\t"))
    if found and goes_on and _ITEM.match(found[-1]):
        found[-1] += "\n\n" + "\n".join(lines)
    else:
        found.append("\n".join(lines))


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Go through the lines; true for those inside a code fence or on its border."""
    fence = ""
    for line in text.split("\n"):
        mark = _CODE.match(line)
        if fence:
            yield line, True
            if mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        else:
            fence = mark[1] if mark else ""
            yield line, bool(mark)


def _audience(document: Document) -> Audience:
    value: Any = document.front.get("audience", "internal")
    if value not in get_args(Audience):
        place = f"{document.file.as_posix()}:{document.line('audience')}"
        raise KnowledgeError(f"{place}: audience: must be internal or everyone, not {value!r}")
    audience: Audience = value
    return audience


def _front_matter(path: str, text: str) -> tuple[Document | None, str, tuple[str, ...]]:
    if text.split("\n", 1)[0].rstrip() != FENCE:
        return None, text, ()
    try:
        document = parse_document(text, Path(path))
    except PromptError as error:
        lines = text.split("\n")
        end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == FENCE), 0)
        return None, "\n".join(lines[end + 1 :]), (f"{error} (the article is used without it)",)
    return document, document.body, ()


def _sections(body: str) -> Iterator[_Section]:
    level, heading = 0, ""
    lines: list[str] = []
    for line, in_code in _lines(body):
        mark = None if in_code else _HEADING.match(line)
        under = None if in_code else _UNDERLINE.match(line)
        if mark:
            yield _Section(level, heading, "\n".join(lines).strip("\n"))
            level, heading, lines = len(mark[1]), plain(mark[2]), []
        elif under and _is_single_line(lines):
            yield _Section(level, heading, "\n".join(lines[:-1]).strip("\n"))
            level, heading, lines = (1 if "=" in under[1] else 2), plain(lines[-1]), []
        else:
            lines.append(line)
    yield _Section(level, heading, "\n".join(lines).strip("\n"))


def _is_single_line(lines: list[str]) -> bool:
    """Whether the last line is a paragraph of its own, so that a line of dashes makes it a heading."""
    if (
        not lines
        or not lines[-1].strip()
        or lines[-1].lstrip().startswith(("|", ">"))
        or _ITEM.match(lines[-1])
    ):
        return False
    return len(lines) == 1 or not lines[-2].strip()


def _passages(path: str, title: str, url: str | None, sections: list[_Section]) -> Iterator[Passage]:
    above: list[_Section] = []
    taken: set[str] = set()
    for section in sections:
        above = [other for other in above if other.level < section.level]
        above += [section] if section.level else []
        headings = [other.heading for other in above if other.heading]
        if headings and headings[0] == title:
            headings = headings[1:]
        where = " > ".join((title, *headings))
        for text in _pieces(section.text):
            unique = _unique(f"{path}#{_slug(section.heading or title)}", taken)
            digest = hashlib.sha256(text.encode()).hexdigest()[:12]
            yield Passage(unique, path, where, text, digest, url)


def _pieces(text: str) -> Iterator[str]:
    """Cut a long section between blocks into parts of about WORDS_A_PASSAGE words."""
    if len(text.split()) <= WORDS_A_PASSAGE * 1.25:
        if text.strip():
            yield text
        return
    piece: list[str] = []
    words = 0
    for block in blocks(text):
        length = len(block.split())
        if piece and words + length > WORDS_A_PASSAGE:
            yield "\n\n".join(piece)
            piece, words = [], 0
        piece.append(block)
        words += length
    yield "\n\n".join(piece)


def _slug(heading: str) -> str:
    return re.sub(r"\W+", "-", heading.lower()).strip("-_") or "text"


def _unique(wanted: str, taken: set[str]) -> str:
    """Return an id with a number where it is taken: the same heading twice, or a section in parts."""
    number, free = 1, wanted
    while free in taken:
        number += 1
        free = f"{wanted}-{number}"
    taken.add(free)
    return free
