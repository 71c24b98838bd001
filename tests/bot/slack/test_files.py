"""Files: their text is read from Slack alone, and nothing that a server does breaks the turn."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from structlog.testing import capture_logs

from bot.slack.events import File
from bot.slack.files import MAX_CHARACTERS, read_files
from graph.turn import Attachment

TOKEN = "xoxb|sim|bot".replace("|", "-")


@dataclass
class Slack:
    """A file server that keeps what it was asked."""

    origin: str
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    content: bytes = b"order,parcel\n1,2\n"
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "text/csv"})
    status: int = 200
    delay: float = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path, request.headers.get("Authorization")))
        if request.path == "/endless":
            return await self._endless(request)
        await asyncio.sleep(self.delay)
        return web.Response(body=self.content, headers=self.headers, status=self.status)

    @staticmethod
    async def _endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while request.transport and not request.transport.is_closing():
            await response.write(b"x" * 10_000)
        return response

    def file(self, path: str = "/a.csv", **more: object) -> File:
        given = {
            "id": "F1",
            "name": "a.csv",
            "type": "text/csv",
            "size": 20,
            "url": self.origin + path,
            **more,
        }
        return File(**given)  # type: ignore[arg-type]  # each test gives what fits


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    found = Slack("")
    app = web.Application()
    app.router.add_get("/{path:.*}", found.answer)
    async with TestServer(app) as server:
        found.origin = str(server.make_url("/").origin())
        yield found


async def read(slack: Slack, *files: File, **more: float) -> tuple[tuple[Attachment, ...], list[str]]:
    """Return what was read, and the reasons that were logged."""
    async with aiohttp.ClientSession() as session:
        with capture_logs() as logs:
            found = await read_files(
                session,
                files,
                token=TOKEN,
                origins=frozenset({slack.origin}),
                **more,  # type: ignore[arg-type]  # each test gives what fits
            )
    assert all(entry["event"] == "file.unread" for entry in logs)
    return found, [entry["reason"] for entry in logs]


async def test_the_text_of_a_file_is_read_with_the_token(slack: Slack) -> None:
    found, reasons = await read(slack, slack.file())
    assert found == (Attachment("a.csv", "text/csv", "order,parcel\n1,2\n"),)
    assert slack.asked == [("/a.csv", f"Bearer {TOKEN}")]
    assert reasons == []


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("grüße".encode(), "grüße"),
        ("grüße".encode("latin-1"), "grüße"),
        ("grüße".encode("utf-8-sig"), "grüße"),
        ("grüße".encode("utf-16"), "grüße"),
        (b"", ""),
        ("ü".encode() * 50_000, "ü" * MAX_CHARACTERS),
        (("x" + "🎁" * 50_000).encode(), "x" + "🎁" * 19_999),
    ],
    ids=["utf-8", "latin-1", "with a mark", "utf-16", "empty", "long", "cut in a character"],
)
async def test_texts_are_decoded_and_cut(slack: Slack, content: bytes, text: str) -> None:
    slack.content = content
    found, _ = await read(slack, slack.file())
    assert found[0].text == text


@pytest.mark.parametrize(
    ("name", "type"),
    [("a.md", "text/markdown"), ("a", "application/json"), ("server.log", "application/octet-stream")],
)
async def test_text_is_known_by_its_type_or_its_name(slack: Slack, name: str, type: str) -> None:
    found, _ = await read(slack, slack.file(name=name, type=type))
    assert found[0].text


@pytest.mark.parametrize(
    ("name", "type"), [("a.png", "image/png"), ("a.pdf", "application/pdf"), ("a.html", "text/html")]
)
async def test_what_is_no_text_is_not_fetched(slack: Slack, name: str, type: str) -> None:
    found, reasons = await read(slack, slack.file(name=name, type=type))
    assert found == (Attachment(name, type),)
    assert (slack.asked, reasons) == ([], ["not_text"])


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/relative",
        "https://files.slack.com.evil.example/a.csv",
        "https://files.slack.com/a.csv",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "https://[",
        "HERE@{netloc}/a.csv",
        "http://files.slack.com@{netloc}/a.csv",
        "http://me:{netloc}/a.csv",
        "https://{netloc}/a.csv",
    ],
)
async def test_the_token_goes_nowhere_else(slack: Slack, url: str) -> None:
    netloc = slack.origin.removeprefix("http://")
    found, reasons = await read(slack, slack.file(url=url.format(netloc=netloc)))
    assert found == (Attachment("a.csv", "text/csv"),)
    assert reasons in (["foreign_address"], ["ValueError"])
    assert slack.asked == []


async def test_slack_alone_is_asked_unless_another_origin_is_named(slack: Slack) -> None:
    async with aiohttp.ClientSession() as session:
        found = await read_files(session, [slack.file()], token=TOKEN)
    assert (found[0].text, slack.asked) == ("", [])


async def test_a_redirect_is_not_followed(slack: Slack) -> None:
    slack.status, slack.headers = 302, {"Location": f"{slack.origin}/elsewhere"}
    _, reasons = await read(slack, slack.file())
    assert reasons == ["status_302"]
    assert len(slack.asked) == 1


@pytest.mark.parametrize("type", ["text/html; charset=utf-8", "text/plain"])
async def test_a_login_page_is_no_file(slack: Slack, type: str) -> None:
    slack.content, slack.headers = b"\n<!DOCTYPE html><html>Sign in</html>", {"Content-Type": type}
    found, reasons = await read(slack, slack.file())
    assert (found[0].text, reasons) == ("", ["login_page"])


async def test_bytes_under_a_text_name_are_no_text(slack: Slack) -> None:
    slack.content = b"\x89PNG\r\n\x1a\n\0\0\0"
    assert (await read(slack, slack.file()))[1] == ["not_text"]


async def test_packed_content_is_not_unpacked(slack: Slack) -> None:
    slack.content = gzip.compress(b"x" * 10_000_000)
    slack.headers["Content-Encoding"] = "gzip"
    assert (await read(slack, slack.file()))[1] == ["packed"]


async def test_a_large_file_is_not_fetched_and_an_endless_one_is_left(slack: Slack) -> None:
    found, reasons = await read(slack, slack.file(size=11 * 1024 * 1024), slack.file("/endless"))
    assert [len(attachment.text) for attachment in found] == [0, MAX_CHARACTERS]
    assert reasons == ["too_large"]


async def test_a_slow_server_is_not_waited_for(slack: Slack) -> None:
    slack.delay = 1
    assert (await read(slack, slack.file(), at_most_s=0.05))[1] == ["too_slow"]


async def test_no_server_is_no_file() -> None:
    nobody = Slack("http://127.0.0.1:1")
    assert (await read(nobody, nobody.file()))[1] == ["ClientConnectorError"]


async def test_files_keep_their_order_and_one_that_fails_does_not_stop_the_others(slack: Slack) -> None:
    files = (slack.file(name="1.csv"), slack.file(stub=True, name="2.csv"), slack.file(name="3.csv"))
    found, reasons = await read(slack, *files)
    assert [(each.name, bool(each.text)) for each in found] == [
        ("1.csv", True),
        ("2.csv", False),
        ("3.csv", True),
    ]
    assert reasons == ["only_a_stub"]
