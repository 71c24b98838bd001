"""One message of ours in Slack, from its first words to its last form, whatever Slack refuses meanwhile.

It is shown in one of three ways: streamed; its first words posted and the rest by one update; or whole.
Calls that may be repeated are; after one whose effect is unknown, Slack is asked what it has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import structlog

from bot.slack.api import Gone, Limited, Refused, SlackFault, Unsure
from bot.slack.blocks import Block, whole_blocks
from bot.slack.pen import Pen

log = structlog.get_logger()

How: TypeAlias = Literal["stream", "edit", "whole"]
Blocks: TypeAlias = Sequence[Block]

NOT_STREAMING = frozenset({"message_not_in_streaming_state", "stopped_by_user", "message_not_found"})
LOOK_AFTER_S = (0.0, 0.5, 1.0)
"""What was just posted may take a moment to be found."""
NO_UNFURL = {"unfurl_links": False, "unfurl_media": False}
"""A preview would fetch an address that nobody clicked on."""


@dataclass(slots=True)
class Message:
    """A message that is being written; `close` gives it its last form and may be called again."""

    pen: Pen
    how: How = "whole"
    ts: str | None = None
    sent: str = ""
    """What Slack shows of it."""
    sound: bool = False
    """Whether `sent` is exactly what the open stream shows, so that words may be appended."""
    form: tuple[str, Blocks] | None = None
    """Its last form, once it has it."""

    async def open(self, text: str, how: How, more: Mapping[str, Any] | None = None) -> bool:
        """Show the first words; False where Slack takes none now, so that the whole must come at the end."""
        self.how = how
        while self.how != "whole":
            try:
                await (self._start(text, more) if self.how == "stream" else self._post_first(text))
            except Limited:
                self.how = await self.pen.limiter.choose(self.pen.place.team, self.pen.place.channel)
            except Gone:
                raise
            except Refused as refused:
                log.warning("slack.refused", method=refused.method, why=refused.why)
                self.how = "edit" if self.how == "stream" else "whole"
            except Unsure as unsure:
                if not await self.find(unsure):
                    self.how = "edit" if self.how == "stream" else "whole"
            if self.ts is not None:
                self.sent = text
                return True
        return False

    async def _start(self, text: str, more: Mapping[str, Any] | None) -> None:
        place = self.pen.place
        chunks = [*([more] if more else []), *words(text)]
        response = await self.pen.call(
            "chat.startStream",
            thread_ts=place.thread_ts,
            recipient_team_id=place.user_team,
            recipient_user_id=place.user,
            chunks=chunks,
        )
        self.ts, self.sound = str(response["ts"]), True

    async def _post_first(self, text: str) -> None:
        response = await self.pen.call(
            "chat.postMessage",
            thread_ts=self.pen.place.thread_ts,
            markdown_text=text,
            metadata=self.pen.metadata(whole=False),
            **NO_UNFURL,
        )
        self.ts = str(response["ts"])

    async def find(self, unsure: SlackFault) -> bool:
        """Look whether a call that may have taken effect did; then go on with what it made."""
        log.warning("slack.unsure", method=unsure.method, why=unsure.why)
        for pause in LOOK_AFTER_S:
            await asyncio.sleep(pause)
            if found := await self.pen.orphans():
                await self.adopt([str(message["ts"]) for message in found])
                return True
        return False

    async def adopt(self, found: Sequence[str]) -> None:
        """Go on with messages that are there: the first becomes this one, others are taken away."""
        self.ts, self.how, self.sound = found[0], "edit", False
        for ts in found:
            await self._stop_quietly(ts)
        for ts in found[1:]:
            try:
                await self.pen.insist("chat.delete", ts=ts)
            except Refused as refused:
                log.warning("slack.refused", method=refused.method, why=refused.why)

    async def append(self, text: str, more: Mapping[str, Any] | None = None) -> bool:
        """Show `text`, which begins with what is shown; False where that must wait for the end."""
        if not self.sound or not text.startswith(self.sent):
            return False
        try:
            rest = [*([more] if more else []), *words(text[len(self.sent) :])]
            await self.pen.call("chat.appendStream", ts=self.ts, chunks=rest)
        except Limited:
            return True  # the words stay, and go with the next ones
        except (Refused, Unsure) as fault:
            log.info("stream.broken", why=fault.why)
            self.sound = False
            if fault.why == "stopped_by_user":
                self.pen.lease.stop.set()
            return False
        self.sent = text
        return True

    async def replace(self, text: str) -> None:
        """Show other words than before, if Slack takes them now; `close` shows the last ones in any case."""
        self.sound = False
        place = self.pen.place
        if self.ts is None:
            return
        await self._stop_quietly(self.ts)
        if await self.pen.limiter.take(place.team, "chat.update", place.channel):
            return
        try:
            await self.pen.call(
                "chat.update", ts=self.ts, markdown_text=text, metadata=self.pen.metadata(whole=False)
            )
        except SlackFault as fault:
            log.info("slack.skipped", method=fault.method, why=fault.why)

    async def close(self, text: str, blocks: Blocks, session_status: str | None = None) -> None:
        """Give the message its whole text, blocks and metadata; raises a SlackFault where it cannot be."""
        if self.ts is None:
            await self._post_whole(text, blocks)
        elif not (self.sound and text.startswith(self.sent)) or not await self._stop(
            text, blocks, session_status
        ):
            if self.how == "stream":
                await self._stop_quietly(self.ts)
            await self._update(text, blocks)
        self.sent, self.sound, self.form = text, False, (text, blocks)

    async def _stop(self, text: str, blocks: Blocks, session_status: str | None) -> bool:
        """End the stream in its last form; False where only an update can bring it there."""
        rest = words(text[len(self.sent) :])
        try:
            await self.pen.insist(
                "chat.stopStream",
                paid=True,
                ts=self.ts,
                chunks=rest or None,
                blocks=blocks or None,
                metadata=self.pen.metadata(whole=True),
                session_status=session_status,
            )
        except Gone:
            raise
        except Refused as refused:
            # It expired, or was stopped, by the customer or by our own call whose answer was lost; or
            # something in it is not liked, and may be in an update.
            log.info("stream.broken", why=refused.why)
            return False
        return True

    async def _stop_quietly(self, ts: str) -> None:
        try:
            await self.pen.insist("chat.stopStream", paid=True, ts=ts)
        except Refused as refused:
            if refused.why not in NOT_STREAMING:
                log.warning("slack.refused", method=refused.method, why=refused.why)

    async def _update(self, text: str, blocks: Blocks) -> None:
        metadata = self.pen.metadata(whole=True)
        fallback, body = whole_blocks(text, *blocks)
        try:
            await self.pen.insist("chat.update", ts=self.ts, text=fallback, blocks=body, metadata=metadata)
        except Gone:
            raise
        except Refused as refused:
            if refused.why == "message_not_found":
                return  # somebody took it away: that is not ours to undo
            log.warning("slack.refused", method=refused.method, why=refused.why)
            await self.pen.insist("chat.update", ts=self.ts, markdown_text=text, metadata=metadata)

    async def _post_whole(self, text: str, blocks: Blocks) -> None:
        place = self.pen.place
        fallback, body = whole_blocks(text, *blocks)
        form: dict[str, Any] = {"text": fallback, "blocks": body}
        while self.ts is None:
            await self.pen.limiter.wait(place.team, "chat.postMessage", place.channel, at_most=60.0)
            try:
                response = await self.pen.call(
                    "chat.postMessage",
                    thread_ts=place.thread_ts,
                    metadata=self.pen.metadata(whole=True),
                    **form,
                    **NO_UNFURL,
                )
                self.ts = str(response["ts"])
            except Limited:
                continue
            except Gone:
                raise
            except Refused as refused:
                if "blocks" not in form:
                    raise
                log.warning("slack.refused", method=refused.method, why=refused.why)
                form = {"markdown_text": text}
            except Unsure as unsure:
                if await self.find(unsure):
                    return await self._update(text, blocks)
        return None


def words(text: str) -> list[dict[str, str]]:
    """Return text as what a stream takes; streams of chunks take nothing but chunks."""
    return [{"type": "markdown_text", "text": text}] if text else []
