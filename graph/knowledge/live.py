"""The knowledge folder, ready to be searched, and re-indexed when its files change."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import structlog

from graph.errors import KnowledgeError
from graph.knowledge import Found, Passage
from graph.knowledge.folder import Contents, Fingerprint, fingerprint, read_folder
from graph.knowledge.shelf import Shelf, make_shelf
from graph.turn import Audience

CHECK_EVERY = 1.0
"""Seconds between two looks at the folder."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Indexed:
    """One state of the folder, replaced as a whole."""

    contents: Contents
    all: Shelf
    everyone: Shelf
    """The same one where every article is for everyone."""


class FolderKnowledge:
    """Searches the Markdown articles of a folder; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._now = _index(read_folder(folder))
        self._seen: Fingerprint | None = self._now.contents.fingerprint
        """The last state that was tried, also when it was broken: nothing is tried twice."""
        self._checked = time.monotonic()
        self._checking = threading.Lock()

    @property
    def language(self) -> str:
        """ISO 639-1 code of the language that the articles are written in."""
        return self._now.all.language

    @property
    def articles(self) -> int:
        """How many articles can be found."""
        return sum(bool(article.passages) for article in self._now.contents.articles)

    @property
    def passages(self) -> int:
        """How many passages the articles have."""
        return len(self._now.all.passages)

    @property
    def version(self) -> str:
        """First 12 hex digits of a SHA-256 over all passages: tells whether any word has changed."""
        each = ((p.id, p.title, p.hash, p.url) for p in self._now.all.passages.values())
        return hashlib.sha256(repr(sorted(each)).encode("utf-8", "backslashreplace")).hexdigest()[:12]

    @property
    def for_everyone(self) -> int:
        """How many articles anybody may read; the others are for colleagues."""
        articles = self._now.contents.articles
        return sum(bool(article.passages) and article.audience == "everyone" for article in articles)

    @property
    def closed(self) -> bool:
        """Whether there is an article that not everybody may read."""
        return self._now.everyone is not self._now.all

    def open_to(self, audience: Audience) -> Shelf:
        """Return the articles that an audience may read, as they stand now."""
        return self._now.all if audience == "internal" else self._now.everyone

    def hosts(self, audience: Audience) -> frozenset[str]:
        """Return the hosts that an audience's articles are at or link to: where links may lead."""
        return self.open_to(audience).hosts

    @property
    def warnings(self) -> tuple[str, ...]:
        """What of the folder could not be used, a sentence each."""
        return self._now.contents.warnings

    def search(self, query: str, k: int = 6, per_article: int = 2) -> Found:
        """Find the `k` best passages of all articles, at most `per_article` of one article.

        A query without words that carry meaning finds nothing and is not judged.
        """
        return self.open_to("internal").search(query, k, per_article)

    def passage(self, id: str) -> Passage | None:
        """Return the passage with this id, or None when it is no longer there."""
        return self._now.all.passage(id)

    def refresh(self) -> None:
        """Look for changed files, at most once a second; returns at once, the work goes on in a thread."""
        if time.monotonic() - self._checked < CHECK_EVERY:
            return
        self._checked = time.monotonic()
        threading.Thread(target=self.reload, name="knowledge", daemon=True).start()

    def reload(self) -> bool:
        """Re-index if files have changed and tell whether it did.

        A folder that can no longer be used leaves the last good index in force and logs `knowledge.kept`.
        """
        if not self._checking.acquire(blocking=False):
            return False
        try:
            return self._reload()
        finally:
            self._checking.release()

    def _reload(self) -> bool:
        found: Fingerprint | None = None
        try:
            found = fingerprint(self.folder)
            if found == self._seen:
                return False
            self._now = _index(read_folder(self.folder))
        except KnowledgeError as error:
            if found != self._seen:
                log.warning("knowledge.kept", problem=str(error), articles=self.articles)
            self._seen = found
            return False
        self._seen = self._now.contents.fingerprint
        log.info("knowledge.indexed", articles=self.articles, passages=self.passages)
        return True


def open_knowledge(folder: Path) -> FolderKnowledge:
    """Read and index a folder of Markdown articles; raises KnowledgeError where none can be used."""
    return FolderKnowledge(folder)


def _index(contents: Contents) -> _Indexed:
    for warning in contents.warnings:
        log.warning("knowledge.warning", problem=warning)
    every = make_shelf(passage for article in contents.articles for passage in article.passages)
    opened = [article for article in contents.articles if article.audience == "everyone"]
    if sum(len(article.passages) for article in opened) == len(every.passages):
        return _Indexed(contents, every, every)
    read = (passage for article in opened for passage in article.passages)
    return _Indexed(contents, every, make_shelf(read, language=every.language))
