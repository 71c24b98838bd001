"""What a model or a customer wrote, made harmless for Slack: no mention, no hidden link, no unseen sign."""

from __future__ import annotations

import html
import re

REMOVED = "[link removed]"
"""What stands in the place of an address that may not be shown."""

# Only signs that stay in the text may end a word: one that is taken out would join what was judged apart.
_SPACE = " \t\n\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_UNSEEN = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    r"\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_EMOJI = r"\u00a9\u00ae\u203c\u2049\u2100-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_STRIPPED = re.compile(rf"[{_UNSEEN}]|(?<![{_EMOJI}])\ufe0f(?!\u20e3)")
_ENTITY = re.compile(r"&(?:#\d{1,8}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_GROUP = re.compile(r"@(?=channel|here|everyone)", re.IGNORECASE)

_ODD = re.compile(rf"[&<>@]|://|\.(?:\w|[^\x00-\x7f])|\][(:]|{_STRIPPED.pattern}")
"""A text without any of these is as harmless as it looks."""

_WORD_END = re.compile(rf"(?s).*[{_SPACE}]")
_EASTERN_END = re.compile(r"[^\x00-\x7f]*[\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f]")
"""Chinese and Japanese have no spaces; no pattern below reaches over these signs when ASCII did not begin."""

# What may be in a name of a host: letters of any script with their marks, and emoji; no punctuation.
_PUNCTUATION = (
    r"\s\u00a1\u00a7\u00ab\u00b6\u00b7\u00bb\u00bf\u2010-\u205e\u3001-\u3011\u3014-\u301f"
    r"\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
)
_IN_NAME = rf"\x00-,./:-@\[-^`{{-\x7f{_PUNCTUATION}"  # as a negated class
_LETTER = rf"[^\x00-@\[-`{{-\x7f{_PUNCTUATION}]"
_DOT = r"(?:\\?\.)"
# What ends at a sign that is not ASCII may go on there, or may end: both are looked for.
_TLD = rf"(?:(?:xn--[a-z0-9-]++|{_LETTER}{{2,}}+)(?![-_]*+[^\W_])|[a-z]{{2,}}+(?![-_]*+[0-9a-z]))"
_NAME = rf"(?:[^{_IN_NAME}]++{_DOT}++)+{_TLD}"
_PATH = r"""[/?#\\][^\s<>|\\"'`()\[\]{}*,;!]*+"""

# Each begins only where a run of its signs does, and is possessive inside: that keeps the time linear.
_ADDRESS = re.compile(
    r"(?P<url>(?:(?<![a-z0-9+.-])[+.-]*+(?P<scheme>[a-z][a-z0-9+.-]*+))?"
    rf"://(?P<authority>[^\s<>|`\"/?#]*+)(?P<rest>(?:{_PATH})?))"
    rf"|(?P<mail>(?<![\w.+-])[\w.+-]++@(?>{_NAME})(?!:\d|[/\\#@]|\?[\w%]))"
    rf"|(?P<bare>(?<![^{_IN_NAME}])(?<!\.)\.*+(?P<host>{_NAME})(?P<path>(?::\d+)?(?:{_PATH})?))"
    r"|(?P<number>(?<![\w.])\d+\.\d+\.\d+\.\d+(?::\d|/)[^\s<>|`\"]*)",
    re.IGNORECASE,
)
_MAIL = re.compile(r"[\w.+-]+@[\w.-]+")
_SUSPECT = re.compile(r"(?<!\S)[^\s.:@]*+[.:@]\S*+")
"""The words in which an address may be: looking at no others takes a third of the time."""
_TAIL = """.,;:!?'"*_~)]}"""
"""What ends a sentence or a Markdown mark behind an address and is no part of it."""

_FILES = frozenset(
    [
        "avi",
        "bat",
        "bmp",
        "cfg",
        "conf",
        "csv",
        "dll",
        "dmg",
        "doc",
        "docx",
        "eml",
        "exe",
        "gif",
        "heic",
        "htm",
        "html",
        "ics",
        "ini",
        "iso",
        "jpeg",
        "jpg",
        "js",
        "json",
        "jsx",
        "log",
        "msi",
        "odt",
        "pdf",
        "png",
        "pptx",
        "rtf",
        "svg",
        "tar",
        "toml",
        "ts",
        "tsv",
        "tsx",
        "txt",
        "wav",
        "webp",
        "xls",
        "xlsx",
        "xml",
        "yaml",
        "yml",
    ]
)
"""Endings of files that are no top-level domains."""
_DOMAINS = frozenset(
    [
        "com",
        "net",
        "org",
        "info",
        "biz",
        "edu",
        "gov",
        "mil",
        "int",
        "app",
        "dev",
        "shop",
        "store",
        "online",
        "site",
        "xyz",
        "top",
        "club",
        "live",
        "link",
        "click",
        "page",
        "help",
        "support",
        "cloud",
        "email",
        "tech",
        "blog",
        "news",
        "world",
        "today",
        "zip",
        "mov",
        "icu",
        "win",
        "vip",
        "work",
        "life",
        "example",
        "test",
        "local",
    ]
)


class Cleaner:
    """Cleans a stream as it comes; what comes out in all is what `clean` makes of the whole."""

    def __init__(self, hosts: frozenset[str]) -> None:
        self._hosts = hosts
        self._held: list[str] = []

    def feed(self, text: str) -> str:
        """Take the next words and return what may be shown now: all but the word at the end."""
        ended = _WORD_END.match(text)
        if ended is None:
            self._held.append(text)
            return "" if text.isascii() else self._eastern()
        shown = "".join((*self._held, ended[0]))
        rest = text[ended.end() :]
        self._held = [rest]
        return clean(shown, self._hosts) + ("" if rest.isascii() else self._eastern())

    def finish(self) -> str:
        """Return the last word."""
        held, self._held = "".join(self._held), []
        return clean(held, self._hosts)

    def _eastern(self) -> str:
        held = "".join(self._held)
        ended = _EASTERN_END.match(held)
        if ended is None:
            return ""
        self._held = [held[ended.end() :]]
        return clean(ended[0], self._hosts)


def clean(text: str, hosts: frozenset[str]) -> str:
    """Return a whole text in which nothing calls anybody or leads anywhere but to `hosts`, over https.

    `hosts` are exact names in lower case. Mark-up of Slack and HTML is escaped and unseen signs are taken
    out; Markdown stays, but for its links, which lose the words that hide their address.
    """
    if not _ODD.search(text):
        return text
    text = _STRIPPED.sub("", _ENTITY.sub(lambda found: html.unescape(found[0]), text))
    text = _SUSPECT.sub(lambda word: _ADDRESS.sub(lambda found: _judged(found, hosts), word[0]), text)
    # A space is seen, and nobody takes it out on the way as they might a joiner that has no width.
    text = _GROUP.sub("@ ", text).replace("](", "] (").replace("]:", "] :")
    return escaped(text)


def escaped(text: str) -> str:
    """Return text as Slack shows it literally."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def allowed(url: str, hosts: frozenset[str]) -> bool:
    """Tell whether a text is one whole https address on one of `hosts`, fit to stand behind other words."""
    found = _ADDRESS.fullmatch(url)
    if found is None or not url.startswith("https://") or _STRIPPED.search(url):
        return False
    return _is_one_of(found["authority"] or "", hosts) and not _leads_on(found["rest"])


def _judged(found: re.Match[str], hosts: frozenset[str]) -> str:
    if found["url"] is not None:
        return _url(found, hosts)
    if found["mail"] is not None:
        plain = _MAIL.fullmatch(found[0]) and not _GROUP.search(found[0])
        return found[0] if plain else REMOVED
    if found["number"] is not None:
        return REMOVED
    return _bare(found, hosts)


def _url(found: re.Match[str], hosts: frozenset[str]) -> str:
    authority, rest = found["authority"], found["rest"]
    host = authority if rest else authority.rstrip(_TAIL)
    allowed = (found["scheme"] or "").lower() == "https" and _is_one_of(host, hosts)
    if allowed and not _leads_on(rest):
        return found[0]
    return REMOVED + _tail(found[0])


def _bare(found: re.Match[str], hosts: frozenset[str]) -> str:
    host, path = found["host"], found["path"]
    if _is_one_of(host, hosts) and not path.startswith((":", "\\")) and not _leads_on(path):
        return found[0]
    *names, last = host.split(".")
    if path.strip(_TAIL):
        return REMOVED + _tail(found[0])
    if last.lower() in _FILES and not any(len(name) > 1 and name.isalpha() for name in names[1:]):
        return found[0]
    # More likely two sentences without a space, or an abbreviation, than an address: nothing is lost.
    known = last.lower() in _DOMAINS or (len(last) == 2 and last.isascii())
    if known and not last.istitle() and any(len(name) > 1 for name in names):
        return REMOVED + _tail(found[0])
    return found[0].replace(".", ". ")


def _is_one_of(host: str, hosts: frozenset[str]) -> bool:
    return host.isascii() and host.lower() in hosts


def _leads_on(path: str) -> bool:
    return "//" in path or _GROUP.search(path) is not None


def _tail(address: str) -> str:
    return address[len(address.rstrip(_TAIL)) :]
