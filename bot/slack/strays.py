"""What a process posted or changed after its lease had ended, because it had stood still, is put right.

Between its look at the lease and the request's way to Slack a process may be stopped for as long as its
machine likes. What it posts then, its successor has looked for in vain; so it says so when it wakes.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
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
from bot.slack.people.passing import stands_for
from bot.slack.unanswered import answers
from bot.tasks import Background
from bot.worker import AWAY_S, Again
from graph.errors import StateError

log = structlog.get_logger()

AROUND_S = 600.0
"""How far before a card another one may stand that says the same."""


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
        self._note(place.conversation, place, ts)

    def posted_for(self, conversation: str) -> Callable[[Place, str], None]:
        """Return what takes note of a message that was posted elsewhere for a conversation."""
        return lambda place, ts: self._note(conversation, place, ts)

    def _note(self, conversation: str, place: Place, ts: str) -> None:
        log.warning("answer.strayed", conversation=conversation, ts=ts)
        self.background.run(self._keep(conversation, place, ts))

    async def _keep(self, conversation: str, place: Place, ts: str) -> None:
        body = {
            "conversation": conversation,
            "channel": place.channel,
            "root": place.thread_ts,
            "ts": ts,
        }
        name = f"{conversation}:{ts}:{STRAY}"
        item = Item(name, STRAY, body, received_at=time.time())
        while True:
            try:
                # In a lane of its own: the conversation goes on meanwhile.
                await self.inbox.put(f"{conversation}:{STRAY}", item, keys=(name,), take=False)
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
        root = body["root"]
        # A card is in no thread.
        thread = await (
            self.history.thread(channel, root) if root else self.history.top(channel, float(ts) - AROUND_S)
        )
        found = next((raw for raw in thread if Fields(raw).timestamp("ts") == ts), None)
        if found is None:
            return
        if of := stands_for(Fields(found), self.bot_user):
            same = [raw for raw in thread if stands_for(Fields(raw), self.bot_user) == of]
            if same[0] is found:
                return
        if form := await self.inbox.kept(form_key(self.history.team, channel, ts)):
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
