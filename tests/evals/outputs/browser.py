"""A headless Chromium that opens one page, is clicked and typed into, and tells what it loaded."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NoReturn

import aiohttp
import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--remote-debugging-port=0",
    "--window-size=1280,1600",
)
WAIT_S = 30.0


def give_up() -> NoReturn:
    """Skip the test for want of a browser; in CI, where the tests must run, fail it."""
    reason = f"no browser on the path: install one of {', '.join(NAMES)}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def chromium() -> str:
    """Find the browser, or give up."""
    return next(filter(None, map(shutil.which, NAMES)), None) or give_up()


class Tab:
    """One page under Chromium's DevTools protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self.requests: list[str] = []
        self.complaints: list[str] = []
        """Errors, warnings, and what the page's policy refused."""

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result, noting events on the way."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": params})
        while True:
            told = await self._socket.receive_json(timeout=WAIT_S)
            if told.get("id") == self._number:
                assert "error" not in told, told
                result: dict[str, Any] = told["result"]
                return result
            self._note(told)

    async def run(self, script: str) -> Any:
        """Evaluate an expression in the page and return its value."""
        found = await self.ask(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True, userGesture=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def press(self, key: str) -> None:
        """Press a key, and let it go."""
        text = key if len(key) == 1 else "\r" if key == "Enter" else ""
        for kind in ("keyDown", "keyUp"):
            await self.ask("Input.dispatchKeyEvent", type=kind, key=key, text=text, code=key)

    async def type(self, words: str) -> None:
        """Type words into what has the focus."""
        await self.ask("Input.insertText", text=words)

    async def open(self, url: str) -> None:
        """Go to a page and wait until its script has run."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.ask(f"{domain}.enable")
        await self.ask("Page.navigate", url=url)
        async with asyncio.timeout(WAIT_S):
            while not await self.run("document.readyState === 'complete' && location.href !== 'about:blank'"):
                await asyncio.sleep(0.05)

    def _note(self, told: dict[str, Any]) -> None:
        params = told.get("params", {})
        if told["method"] == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif told["method"] == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))
        elif told["method"] == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.complaints.append(params["entry"]["text"])
        elif told["method"] == "Runtime.consoleAPICalled":
            self.complaints.append(str(params["args"]))


@contextlib.asynccontextmanager
async def tab(folder: Path, url: str) -> AsyncIterator[Tab]:
    """Open a page in a browser of its own, and end the browser with the test."""
    profile = Path(tempfile.mkdtemp(dir=folder))
    browser = await asyncio.create_subprocess_exec(
        chromium(),
        *FLAGS,
        f"--user-data-dir={profile}",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        address = await _address(profile / "DevToolsActivePort")
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://{address}/json/list") as answer:
                target = next(each for each in await answer.json() if each["type"] == "page")
            async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                page = Tab(socket)
                await page.open(url)
                yield page
    finally:
        # With its helpers, which are in the same group.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(browser.pid, signal.SIGKILL)
        await browser.wait()


async def _address(file: Path) -> str:
    async with asyncio.timeout(WAIT_S):
        while not (lines := file.read_text().split() if file.exists() else []):
            await asyncio.sleep(0.05)
    return f"127.0.0.1:{lines[0]}"
