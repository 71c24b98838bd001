"""Which edition of the prompts a conversation goes by: git's, or a promoted version's for a share of threads.

A new conversation is dealt its version by a hash of its name, so all processes deal alike and ask nobody, and
a share that grows keeps the conversations that it had. Its state then holds the version, and the conversation
stays with it however the share changes, until the version is withdrawn: rolled back, or passed by one that is
for everybody. Sentences around the answer, such as the labels of buttons, are git's for all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from prompts import Edition

GIT = ""
"""The name of the version that the process was deployed with."""

EVERYBODY = 100
MOST_SEEN = 10_000


@dataclass(frozen=True, slots=True)
class Promoted:
    """A version that is in force for a share of the conversations."""

    name: str
    """The edition's version."""
    edition: Edition
    percent: int


class Editions:
    """The promoted versions of this process, newest first; none to begin with."""

    def __init__(self) -> None:
        self._promoted: tuple[Promoted, ...] = ()
        self.seen: set[tuple[str, str]] = set()
        """Version and conversation of the turns since it was last emptied, while a version is promoted."""

    @property
    def promoted(self) -> tuple[Promoted, ...]:
        """The versions that conversations can go by beside, or instead of, git's."""
        return self._promoted

    def put(self, newest_first: Sequence[Promoted]) -> None:
        """Take over what is promoted; what stands behind a version for everybody is withdrawn."""
        kept: list[Promoted] = []
        for promoted in newest_first:
            kept.append(promoted)
            if promoted.percent >= EVERYBODY:
                break
        self._promoted = tuple(kept)

    def of(self, conversation: str, begun: str | None, git: Edition) -> tuple[str, Edition]:
        """Return a conversation's version and its prompts; `begun` is what it goes by, None for a new one."""
        if not self._promoted:
            return GIT, git
        name, edition = self._pinned(begun, git) or self._dealt(conversation, git)
        if len(self.seen) < MOST_SEEN:
            self.seen.add((name, conversation))
        return name, edition

    def _pinned(self, begun: str | None, git: Edition) -> tuple[str, Edition] | None:
        """Return what the conversation goes by; None for a new one, and where it was withdrawn."""
        if begun == GIT:
            return None if self._promoted[-1].percent >= EVERYBODY else (GIT, git)
        return next(((p.name, p.edition) for p in self._promoted if p.name == begun), None)

    def _dealt(self, conversation: str, git: Edition) -> tuple[str, Edition]:
        for promoted in self._promoted:
            if bucket(promoted.name, conversation) < promoted.percent:
                return promoted.name, promoted.edition
        return GIT, git


def bucket(salt: str, conversation: str) -> int:
    """Return a conversation's place, 0 to 99, among those that a version is dealt to in order."""
    # A lone surrogate is a character too.
    text = f"{salt}:{conversation}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) % 100
