"""The yardstick: the smallest program that streams a model's answers into Slack. It keeps nothing.

One socket, one vendor's SDK, and Slack's three calls of a stream by bare HTTP: what a bot takes beyond it is
its own doing, and where this is slow, the machine is. Run as `python -m evals.bench.bare_loop JSON`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, WSMsgType
from anthropic import AsyncAnthropic
from anthropic.types import MessageParam

EVERY_S = 0.5
"""Between two appends."""
MODEL = "claude-haiku-5-5"


@dataclass(slots=True)
class BareLoop:
    """Answers each direct message with what the model says."""

    api: str
    bot_token: str
    bot_user: str
    session: ClientSession
    claude: AsyncAnthropic
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, app_token: str) -> None:
        """Connect and answer until the socket is closed."""
        where = await self._call("apps.connections.open", app_token)
        async with self.session.ws_connect(where["url"]) as ws:
            async for message in ws:
                if message.type is not WSMsgType.TEXT:
                    break
                envelope = json.loads(message.data)
                if "envelope_id" in envelope:
                    await ws.send_str(json.dumps({"envelope_id": envelope["envelope_id"]}))
                    self._take(envelope["payload"])

    def _take(self, payload: dict[str, Any]) -> None:
        event = payload.get("event", {})
        asked = event.get("type") == "message" and "subtype" not in event
        if asked and event.get("user") != self.bot_user and event.get("text"):
            task = asyncio.create_task(self._answer(event))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _answer(self, event: dict[str, Any]) -> None:
        channel, stream, held, shown_at = event["channel"], "", "", 0.0
        async for words in self._say(event["text"]):
            held += words
            if not stream:
                place = {"thread_ts": event["ts"], "recipient_user_id": event["user"]}
                started = await self._call("chat.startStream", channel=channel, markdown_text=held, **place)
                stream, held, shown_at = started["ts"], "", time.monotonic()
            elif time.monotonic() - shown_at > EVERY_S:
                shown, held, shown_at = held, "", time.monotonic()
                await self._call("chat.appendStream", channel=channel, ts=stream, markdown_text=shown)
        await self._call("chat.stopStream", channel=channel, ts=stream, markdown_text=held)

    async def _say(self, text: str) -> AsyncIterator[str]:
        asked: list[MessageParam] = [{"role": "user", "content": text}]
        async with await self.claude.messages.create(
            model=MODEL, max_tokens=700, messages=asked, thinking={"type": "disabled"}, stream=True
        ) as events:
            async for event in events:
                if event.type == "content_block_delta" and event.delta.type == "text_delta":
                    yield event.delta.text

    async def _call(self, method: str, token: str = "", **given: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token or self.bot_token}"}
        async with self.session.post(f"{self.api}{method}", json=given, headers=headers) as response:
            return dict(await response.json())


async def _main(api: str, bot_token: str, app_token: str, bot_user: str, vendor: str) -> None:
    claude = AsyncAnthropic(api_key="sim-key", base_url=vendor, max_retries=0)
    async with ClientSession() as session:
        await BareLoop(api, bot_token, bot_user, session, claude).run(app_token)


if __name__ == "__main__":
    asyncio.run(_main(**json.loads(sys.argv[1])))
