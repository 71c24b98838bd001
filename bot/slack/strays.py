"""What a process posted or changed after its lease had ended, because it had stood still, is put right.

Between its look at the lease and the request's way to Slack a process may be stopped for as long as its
machine likes. What it posts then, its successor has looked for in vain; so it says so when it wakes.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass

import structlog

from bot.inbox import Inbox, Item, Job
from bot.slack.answer import form_key
from bot.slack.api import Refused
from bot.slack.fields import Fields
from bot.slack.history import History
from bot.slack.items import STRAY
from bot.slack.marks import Marks
from bot.slack.pen import Place
from bot.slack.unanswered import answers
from bot.tasks import Background
from bot.worker import AWAY_S, Again
from graph.errors import StateError

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Strays:
    """Keeps what strayed until it was dealt with, by any process."""

    inbox: Inbox
    marks: Marks
    history: History
    background: Background
    bot_user: str

    def posted(self, place: Place, ts: str) -> None:
        """Take note of a message that was posted or changed too late."""
        log.warning("answer.strayed", conversation=place.conversation, ts=ts)
        self.background.run(self._keep(place, ts))

    async def _keep(self, place: Place, ts: str) -> None:
        body = {
            "conversation": place.conversation,
            "channel": place.channel,
            "root": place.thread_ts,
            "ts": ts,
        }
        name = f"{place.conversation}:{ts}:{STRAY}"
        item = Item(name, STRAY, body, received_at=time.time())
        while True:
            try:
                # In a lane of its own: the conversation goes on meanwhile.
                await self.inbox.put(f"{place.conversation}:{STRAY}", item, keys=(name,), take=False)
            except StateError:
                await asyncio.sleep(AWAY_S)
            else:
                return

    async def deal(self, job: Job) -> None:
        """Give a message its last form, or take it away where nobody adopted it.

        Raises Again, StateError and a SlackFault.
        """
        body = job.members[0].body
        channel, ts = body["channel"], body["ts"]
        thread = await self.history.thread(channel, body["root"])
        found = next((raw for raw in thread if Fields(raw).timestamp("ts") == ts), None)
        if found is None:
            return
        if form := await self.inbox.kept(form_key(channel, ts)):
            # It had its last form, and the late call may have changed it.
            await self.history.call("chat.update", channel=channel, ts=ts, **json.loads(form))
            log.info("answer.put_right", conversation=body["conversation"], ts=ts)
            return
        if answers(found, self.bot_user):
            return
        if await self.marks.in_work(body["conversation"]):
            raise Again("The conversation is being worked on: what strayed may be adopted yet.")
        for method in ("chat.stopStream", "chat.delete"):
            with suppress(Refused):
                await self.history.call(method, channel=channel, ts=ts)
        log.info("answer.stray_taken_away", conversation=body["conversation"], ts=ts)
