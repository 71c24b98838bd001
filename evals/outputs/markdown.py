"""Markdown of GitHub in which nobody's words can become markup, a mention or a link."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

JOINER = "\u2060"
"""Takes no room; broken by it, a name, a number or an address is none to GitHub."""
LONGEST = 300
_MARKUP = re.compile(r"[&<>|\\`*_\[\]~$]")
_FIRST = re.compile(r"^(\d*)([.)+=-])(?=[\s=-]|$)")
"""What begins a list or underlines a title where it stands first in a line."""
_SEEN = "\n\t\u200c\u200d"
"""Line breaks become blanks later; the joiners make letters and emoji what they are."""
_LINKS = re.compile(r"(?i)@|#|\bgh-|://|\bwww\.|\bmailto:|\bxmpp:")


def text(words: str, longest: int = LONGEST) -> str:
    """Return anybody's words for use within a line or a table's cell."""
    line = " ".join(plain(words[: longest * 4]).split())
    if len(line) > longest:
        line = line[: longest - 1].rstrip() + "…"
    # GitHub looks for mentions and addresses after it has read the entities, so those are broken in two.
    line = _LINKS.sub(lambda found: _broken(found.group()), line)
    line = _MARKUP.sub(lambda found: f"&#{ord(found.group())};", line)
    return _FIRST.sub(lambda found: f"{found[1]}&#{ord(found[2])};", line)


def plain(words: str) -> str:
    """Return words without what is not seen: control characters, half characters, turns of direction."""
    if words.isprintable():
        return words
    return "".join(
        each for each in words if each in _SEEN or unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Co")
    )


def _broken(link: str) -> str:
    at = 1 if link == "://" else len(link)
    return f"{link[:at]}{JOINER}{link[at:]}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; its cells are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def bullets(lines: Iterable[str]) -> str:
    """Return a list; its lines are Markdown already."""
    return "\n".join(f"- {line}" for line in lines)
