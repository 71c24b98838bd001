"""Words of others between tags that they cannot close, so that no model takes them for the program's own.

A tag's name is a hash of everything that the request holds of others. Who wants to close it from inside, or
to open one of the same name elsewhere in the request, would have to write a text that holds its own hash.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

_TAGS = re.compile(r"</?data-[0-9a-f]{16}>\n?")

# Signs that no person sees and that a model reads all the same: tags, variation selectors of the supplement,
# joiners of no width, and what turns the direction of writing. Joiners that scripts and emoji need stay.
_UNSEEN = re.compile("[\u200b\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e0fff]")


@dataclass(frozen=True, slots=True)
class Quoting:
    """The tags of one request."""

    tag: str

    @classmethod
    def of(cls, texts: Iterable[str]) -> Quoting:
        """Make the tags for a request that holds these texts; the same texts always get the same tags."""
        held = "\0".join(texts).encode("utf-8", "replace")
        return cls(f"data-{hashlib.sha256(held).hexdigest()[:16]}")

    def quote(self, text: str) -> str:
        """Put a text between the tags."""
        return f"<{self.tag}>\n{text}\n</{self.tag}>"

    def name(self, text: str) -> str:
        """Put a name between the tags, on one line."""
        return f"<{self.tag}>{' '.join(text.split())}</{self.tag}>"


def unquoted(text: str) -> str:
    """Return a text without tags, for a person."""
    return _TAGS.sub("", text)


def legible(text: str) -> str:
    """Take out what no person sees, and replace halves of characters, which no request can hold.

    Of a text that holds nothing else a question mark is left: vendors refuse an empty message.
    """
    seen = _UNSEEN.sub("", text)
    if not seen.strip() and text.strip():
        return "?"
    return seen.encode("utf-8", "replace").decode()
