"""Files: what a hostile server or a crafted event may try, and what never happens."""

from __future__ import annotations

import asyncio
import gzip
import io
import zipfile
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from structlog.testing import capture_logs

from bot.slack.events import File
from bot.slack.files import MAX_BYTES, MAX_CHARACTERS, MOST, read_files

TOKEN = "xoxb|planted|token".replace("|", "-")
CANARY = "PLANTED-CANARY-7Q"
ADDRESSES = {
    "another host": "https://evil.example/a.txt",
    "http": "http://files.slack.com/a.txt",
    "a user in the address": "https://files.slack.com@evil.example/a.txt",
    "a user and a password": "https://files.slack.com:x@evil.example/a.txt",
    "slack's host with a user": "https://u@files.slack.com/a.txt",
    "a longer name": "https://files.slack.com.evil.example/a.txt",
    "a name before": "https://evil-files.slack.com/a.txt",
    "another of slack's hosts": "https://slack.com/a.txt",
    "a trailing dot": "https://files.slack.com./a.txt",
    "another port": "https://files.slack.com:8443/a.txt",
    "a backslash": "https://evil.example\\@files.slack.com/a.txt",
    "a backslash behind": "https://files.slack.com\\.evil.example/a.txt",
    "a tab": "https://files.slack.com\t.evil.example/a.txt",
    "a line break": "https://files.slack.com\n.evil.example/a.txt",
    "a null": "https://files.slack.com\0.evil.example/a.txt",
    "letters that look like others": "https://files.sl\u0430ck.com/a.txt",
    "full-width letters": "https://\uff46iles.slack.com.evil.example/a.txt",
    "a soft hyphen": "https://files.slack\u00ad.com.evil.example/a.txt",
    "this machine": "http://127.0.0.1/a.txt",
    "this machine by name": "http://localhost/a.txt",
    "this machine as a number": "http://2130706433/a.txt",
    "this machine, version 6": "http://[::1]/a.txt",
    "the cloud's metadata": "http://169.254.169.254/latest/meta-data/",
    "a private network": "http://[fdaa::3]:6379/",
    "a file": "file:///etc/passwd",
    "data": "data:text/plain,hello",
    "gopher": "gopher://files.slack.com/a",
    "no scheme": "//files.slack.com/a.txt",
    "a path": "/a.txt",
    "nothing": "",
    "no address at all": "http://[",
    "a port that is none": "https://files.slack.com:99999/a.txt",
}
BEGINNINGS = {
    "pdf": b"%PDF-1.7 /JS (app.alert)",
    "rtf": b"{\\rtf1",
    "zip": b"PK\x03\x04",
    "empty zip": b"PK\x05\x06",
    "gzip": b"\x1f\x8b",
    "bzip2": b"BZh91AY&SY\x01",
    "xz": b"\xfd7zXZ\0",
    "7z": b"7z\xbc\xaf\x27\x1c",
    "rar": b"Rar!\x1a\x07",
    "zstd": b"\x28\xb5\x2f\xfd",
    "png": b"\x89PNG\r\n",
    "gif": b"GIF89a\x01\0",
    "jpeg": b"\xff\xd8\xff\xe0",
    "elf": b"\x7fELF\x02",
    "exe": b"MZ\x90\0\x03",
    "class": b"\xca\xfe\xba\xbe",
    "doc": b"\xd0\xcf\x11\xe0",
    "ogg": b"OggS\0\x02",
    "mp3": b"ID3\x04\0",
    "webp": b"RIFF\x24\0\0\0WEBP",
    "controls": b"abc\x01\x02\x03",
    "null": b"abc\0def",
    "backspaces": b"rm -rf\x08\x08",
}
PAGES = (
    b"<!DOCTYPE html><title>Sign in",
    b" \r\n<HTML>",
    b"\xef\xbb\xbf<!doctype html>",
    b"\xff\xfe" + "<html>".encode("utf-16-le"),
    b"<head>",
    b"<script>alert(1)</script>",
    b"<meta http-equiv=refresh>",
    b"<body onload=x>",
)

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Hostile:
    """A server that stands where Slack's files are, and one that it may lead to."""

    def __init__(self) -> None:
        self.answer: Answer = self.text
        self.elsewhere: list[str | None] = []
        self.hits = 0

    async def text(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(text="plain words")

    async def files(self, request: web.Request) -> web.StreamResponse:
        self.hits += 1
        return await self.answer(request)

    async def other(self, request: web.Request) -> web.StreamResponse:
        self.elsewhere.append(request.headers.get("Authorization"))
        return web.Response(text=CANARY)


@pytest.fixture
async def hostile() -> AsyncIterator[tuple[Hostile, str, str]]:
    """The servers, and both origins."""
    made = Hostile()
    app, other = web.Application(), web.Application()
    app.router.add_route("*", "/{path:.*}", made.files)
    other.router.add_route("*", "/{path:.*}", made.other)
    async with TestServer(app) as one, TestServer(other) as two:
        yield made, str(one.make_url("")).rstrip("/"), str(two.make_url("")).rstrip("/")


async def read(origin: str, *urls: str, name: str = "a.txt", at_most_s: float = 5.0) -> tuple[list[str], str]:
    """Read files at these addresses; returns their texts, and everything that was logged."""
    files = [File("F1", name, "text/plain", 20, url) for url in urls]
    with capture_logs() as logs:
        async with aiohttp.ClientSession() as session:
            found = await read_files(
                session, files, token=TOKEN, origins=frozenset({origin}), at_most_s=at_most_s
            )
    return [file.text for file in found], str(logs)


@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES.keys())
async def test_no_other_address_is_asked(hostile: tuple[Hostile, str, str], address: str) -> None:
    server, origin, _ = hostile
    texts, _ = await read("https://files.slack.com", address)
    assert texts == [""]
    texts, logged = await read(origin, address)
    assert (texts, server.hits, TOKEN in logged) == ([""], 0, False)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_nothing_leads_elsewhere(hostile: tuple[Hostile, str, str], status: int) -> None:
    server, origin, other = hostile

    async def lead(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": f"{other}/x", "Refresh": f"0; url={other}/x"})

    server.answer = lead
    assert (await read(origin, f"{origin}/a"))[0] == [""]
    assert server.elsewhere == []


@pytest.mark.parametrize("begins", BEGINNINGS.values(), ids=BEGINNINGS.keys())
async def test_a_name_makes_no_text(hostile: tuple[Hostile, str, str], begins: bytes) -> None:
    server, origin, _ = hostile

    async def lie(_: web.Request) -> web.StreamResponse:
        return web.Response(body=begins + b" plain words", content_type="text/plain")

    server.answer = lie
    texts, logged = await read(origin, f"{origin}/a.txt")
    assert (texts, "not_text" in logged) == ([""], True)


@pytest.mark.parametrize("page", PAGES)
async def test_a_page_is_no_file(hostile: tuple[Hostile, str, str], page: bytes) -> None:
    server, origin, _ = hostile

    async def lie(_: web.Request) -> web.StreamResponse:
        return web.Response(body=page, content_type="text/plain")

    server.answer = lie
    texts, logged = await read(origin, f"{origin}/a.txt")
    assert (texts, "login_page" in logged) == ([""], True)


def bomb(kind: str) -> bytes:
    """Pack many zeros so that they are small."""
    zeros = b"0" * 50_000_000
    if kind == "zip":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.txt", zeros)
        return packed.getvalue()
    return gzip.compress(zeros, 1) if kind == "gzip" else zlib.compress(zeros, 1)


@pytest.mark.parametrize("kind", ["gzip", "deflate", "zip"])
async def test_a_bomb_is_not_unpacked(hostile: tuple[Hostile, str, str], kind: str) -> None:
    server, origin, _ = hostile
    packed = bomb(kind)

    async def drop(_: web.Request) -> web.StreamResponse:
        headers = {} if kind == "zip" else {"Content-Encoding": kind}
        return web.Response(body=packed, headers={"Content-Type": "text/plain", **headers})

    server.answer = drop
    assert (await read(origin, f"{origin}/a.txt"))[0] == [""]


@pytest.mark.parametrize(
    "declared", ["", "Content-Length: 10", f"Content-Length: {10**15}", "Content-Length: -1"]
)
async def test_no_more_is_kept_than_may_be_whatever_length_is_declared(declared: str) -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n{declared or 'X-None: 1'}\r\n\r\n".encode()
        )
        with suppress(OSError):
            while sent < 10 * MAX_BYTES and not writer.is_closing():
                writer.write(b"x" * 65_536)
                await writer.drain()
                sent += 65_536
        writer.close()

    server = await asyncio.start_server(flood, "127.0.0.1", 0)
    origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        (text,), _ = await read(origin, f"{origin}/a.txt")
    assert len(text) <= MAX_CHARACTERS
    assert sent < MAX_BYTES


@pytest.mark.parametrize("where", ["before the headers", "in the body"])
async def test_a_drip_ends_in_time(hostile: tuple[Hostile, str, str], where: str) -> None:
    server, origin, _ = hostile

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if where == "before the headers":
            await asyncio.sleep(30)
        await response.prepare(request)
        while request.transport and not request.transport.is_closing():
            await response.write(b"x")
            await asyncio.sleep(0.02)
        return response

    server.answer = drip
    async with asyncio.timeout(5):
        texts, logged = await read(origin, f"{origin}/a.txt", at_most_s=0.3)
    assert (texts, "too_slow" in logged) == ([""], True)


@pytest.mark.parametrize("status", [204, 206, 400, 401, 403, 404, 429, 500])
async def test_what_is_no_answer_is_no_text(hostile: tuple[Hostile, str, str], status: int) -> None:
    server, origin, _ = hostile

    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text="" if status == 204 else CANARY)

    server.answer = refuse
    assert (await read(origin, f"{origin}/a.txt"))[0] == [""]


async def test_of_many_files_only_some_are_asked_for(hostile: tuple[Hostile, str, str]) -> None:
    server, origin, _ = hostile
    texts, _ = await read(origin, *[f"{origin}/{number}.txt" for number in range(100)])
    assert len(texts) == 100
    assert server.hits == MOST


async def test_headers_of_any_length_end_it(hostile: tuple[Hostile, str, str]) -> None:
    server, origin, _ = hostile

    async def long(_: web.Request) -> web.StreamResponse:
        return web.Response(text=CANARY, headers={"X-Long": "x" * 200_000})

    server.answer = long
    assert (await read(origin, f"{origin}/a.txt"))[0] == [""]
