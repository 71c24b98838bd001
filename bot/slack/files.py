"""The customer's files, fetched from Slack and from nowhere else, as far as they are text."""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from pathlib import PurePath

import aiohttp
import structlog
from yarl import URL

from bot.slack.events import File
from graph.turn import Attachment

ORIGINS = frozenset({"https://files.slack.com"})
MAX_BYTES = 10 * 1024 * 1024
AT_MOST_S = 10.0
MOST = 10
"""Files of a turn that are read; of more than that nobody asks a question."""
MAX_CHARACTERS = 20_000
"""Of a file's text; the rest is not even fetched."""

READABLE = frozenset({"application/json", "application/x-ndjson", "application/xml", "application/yaml"})
ENDINGS = frozenset({".txt", ".md", ".csv", ".tsv", ".json", ".jsonl", ".log", ".xml", ".yaml", ".yml"})
_HTML = ("<!doctype html", "<html", "<head", "<script", "<body", "<meta")
_SIGNATURES = (
    b"%PDF",
    b"{\\rtf",
    b"\xff\xd8\xff",
    b"\x89PNG",
    b"\x28\xb5\x2f\xfd",
    b"7z\xbc\xaf",
    b"\xca\xfe\xba\xbe",
)
"""What files begin with that are no text, whatever their name says; most others hold control characters."""
_CONTROL = frozenset(range(32)) - set(b"\t\n\r\f\x1b")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

log = structlog.get_logger()


class _Unreadable(Exception):
    """A file has no text that can be read; says why in a word."""


async def read_files(
    session: aiohttp.ClientSession,
    files: Iterable[File],
    *,
    token: str,
    origins: AbstractSet[str] = ORIGINS,
    max_bytes: int = MAX_BYTES,
    at_most_s: float = AT_MOST_S,
) -> tuple[Attachment, ...]:
    """Read the text of a message's files, in their order; what cannot be read has none, and is logged.

    The token goes to `origins` (scheme, host and port) alone, and no redirect is followed. Never raises.
    """

    async def one(file: File) -> Attachment:
        try:
            _check(file, max_bytes)
            async with asyncio.timeout(at_most_s):
                text = _decoded(await _fetched(session, _address(file.url, origins), token, max_bytes))
        except _Unreadable as why:
            reason = str(why)
        except TimeoutError:
            reason = "too_slow"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            reason = type(error).__name__
        else:
            return Attachment(file.name, file.type, text)
        log.warning("file.unread", file=file.id, type=file.type, size=file.size, reason=reason)
        return Attachment(file.name, file.type)

    known = list(files)
    if len(known) > MOST:
        log.warning("file.too_many", files=len(known), read=MOST)
    unread = (Attachment(file.name, file.type) for file in known[MOST:])
    return (*await asyncio.gather(*map(one, known[:MOST])), *unread)


def _check(file: File, max_bytes: int) -> None:
    """Raise _Unreadable for what need not be fetched to know that it is of no use."""
    if file.stub:
        raise _Unreadable("only_a_stub")
    if not _may_be_text(file):
        raise _Unreadable("not_text")
    if file.size > max_bytes:
        raise _Unreadable("too_large")


def _may_be_text(file: File) -> bool:
    kind = file.type.partition(";")[0].strip().lower()
    # HTML is left out: Slack's own login page could not be told from it.
    if kind == "text/html":
        return False
    return kind.startswith("text/") or kind in READABLE or PurePath(file.name).suffix.lower() in ENDINGS


def _address(url: str, origins: AbstractSet[str]) -> URL:
    """Return the address, parsed once for check and fetch; raises _Unreadable where it is not Slack's."""
    parsed = URL(url)
    if not parsed.absolute or parsed.user or parsed.password or str(parsed.origin()) not in origins:
        raise _Unreadable("foreign_address")
    return parsed


async def _fetched(session: aiohttp.ClientSession, url: URL, token: str, max_bytes: int) -> bytes:
    """Return the beginning of a file, long enough for the text that is kept of it."""
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
    enough = min(max_bytes, 4 * MAX_CHARACTERS)
    content = bytearray()
    async with session.get(url, headers=headers, allow_redirects=False) as response:
        if response.status != 200:
            raise _Unreadable(f"status_{response.status}")
        # What is packed could be any size unpacked, and was not asked for.
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise _Unreadable("packed")
        if response.content_type == "text/html":
            raise _Unreadable("login_page")
        async for chunk in response.content.iter_chunked(16_384):
            content += chunk
            if len(content) >= enough:
                break
    return bytes(content[:enough])


def _decoded(content: bytes) -> str:
    """Return the text of a file's beginning; raises _Unreadable for a web page and for what is no text."""
    text = _text(content)
    if text.lstrip("\ufeff \t\r\n\f")[:64].lower().startswith(_HTML):
        raise _Unreadable("login_page")
    return text[:MAX_CHARACTERS]


def _text(content: bytes) -> str:
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return codecs.getincrementaldecoder(encoding)("replace").decode(content[len(mark) :])
    if content.startswith(_SIGNATURES) or not _CONTROL.isdisjoint(content):
        raise _Unreadable("not_text")
    try:
        # Not final: the last character may be cut in half.
        return codecs.getincrementaldecoder("utf-8")().decode(content)
    except UnicodeDecodeError:
        return content.decode("latin-1")
