"""A folder of Markdown files: what is in it, what of it can be read, and whether it has changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from graph.errors import KnowledgeError
from graph.knowledge.markdown import Article, parse_article

LIMIT = 1_000_000
"""Bytes. An article of this size is a dump of something else, and would fill every search."""

ENDINGS = (".md", ".markdown")

Fingerprint: TypeAlias = tuple[tuple[str, int, int], ...]
"""Path, time of the last change in ns and size in bytes of every article, in order of the paths."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The articles of a folder as they stood at one moment."""

    articles: tuple[Article, ...]
    fingerprint: Fingerprint
    warnings: tuple[str, ...]


def fingerprint(folder: Path) -> Fingerprint:
    """List the articles with what changes when they do; raises KnowledgeError without a folder."""
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        problem = f"the knowledge folder {folder} {what}"
        raise KnowledgeError(f"{problem}; make it and put your help articles into it as .md files")
    return tuple(sorted(_scan(os.fspath(folder), "", frozenset())))


def read_folder(folder: Path) -> Contents:
    """Read every article below a folder; what cannot be read is left out with a warning.

    Raises KnowledgeError where nothing is left to search in, and for an `audience` that is none.
    """
    found = fingerprint(folder)
    if not found:
        problem = f"the knowledge folder {folder} holds no .md file"
        raise KnowledgeError(f"{problem}; put your help articles into it, one file an article")
    articles: list[Article] = []
    warnings: list[str] = []
    for path, _, size in found:
        read = _read(folder, path, size)
        if isinstance(read, str):
            warnings.append(read)
        else:
            warnings += read.warnings
            articles.append(read)
    if not any(article.passages for article in articles):
        raise KnowledgeError(f"the knowledge folder {folder} holds no usable article: {'; '.join(warnings)}")
    return Contents(tuple(articles), found, tuple(warnings))


def _scan(folder: str, prefix: str, above: frozenset[tuple[int, int]]) -> Iterator[tuple[str, int, int]]:
    """Go through a folder; a link back to a folder above is not followed, so a loop ends."""
    try:
        status = Path(folder).stat()
        entries = list(os.scandir(folder))
    except OSError:  # it went away, or may not be read
        return
    here = (status.st_dev, status.st_ino)
    if here in above:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        try:
            if entry.is_dir():
                yield from _scan(entry.path, f"{prefix}{entry.name}/", above | {here})
            elif entry.name.lower().endswith(ENDINGS):
                file = entry.stat()
                yield prefix + entry.name, file.st_mtime_ns, file.st_size
        except OSError:  # a link that leads nowhere
            continue


def _read(folder: Path, path: str, size: int) -> Article | str:
    """Read one article; a sentence about what is wrong where it cannot be used."""
    if size > LIMIT:
        return f"{path} was left out: it has {size / 1e6:.1f} MB, and an article may have 1 MB; split it up"
    try:
        data = (folder / path).read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        return (
            f"{path} was left out: it could not be read ({error.strerror or error}); check that it is there"
        )
    except UnicodeDecodeError:
        return f"{path} was left out: it is not UTF-8 text; save it as UTF-8, or move it elsewhere"
    if "\0" in text:
        return f"{path} was left out: it is a binary file, not text; move it elsewhere"
    try:
        return parse_article(path, text)
    except KnowledgeError as error:
        raise KnowledgeError(f"{folder}/{error}") from None
