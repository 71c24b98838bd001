"""The way in: every event that Slack sends is kept before it is acknowledged, or not acknowledged at all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, assert_never

import structlog
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.inbox import Inbox, Item, Placed
from bot.metrics import Metrics
from bot.slack.addressing import address, stands_alone
from bot.slack.channels import Channels
from bot.slack.erasing import erased_item
from bot.slack.events import (
    Deleted,
    Edited,
    HomeOpened,
    Ignored,
    Incoming,
    IncomingMessage,
    Pressed,
    Reacted,
    Stopped,
    Submitted,
    dedupe_keys,
)
from bot.slack.incoming import read_event
from bot.slack.items import (
    BUTTONS,
    DIALOGUES,
    DRAFTS,
    PERSON_STOPS,
    RESUME,
    home_item,
    message_item,
    overtaken_item,
    press_item,
    reaction_item,
    submitted_item,
)
from bot.slack.people.reception import Reception, Routed
from bot.slack.reactions import rating_of
from bot.tasks import Background
from bot.worker import Workers
from graph.errors import StateError

log = structlog.get_logger()

DEADLINE_S = 1.5
"""How long Redis may take to keep an event: Slack waits 3 s, and sends it again where nobody says yes."""


@dataclass(slots=True)
class Intake:
    """Puts what concerns the bot into the inbox."""

    inbox: Inbox
    workers: Workers
    channels: Channels
    metrics: Metrics
    bot_user: str
    asks_for_person: Callable[[str], bool]
    tell_presser: Callable[[Pressed], Awaitable[None]]
    """Tells somebody whose button came to nothing."""
    background: Background
    people: Reception
    tell_unknown: Callable[[Pressed], Coroutine[None, None, None]]
    """Tells somebody who used a shortcut where the bot takes no part."""
    saw: Callable[[IncomingMessage], None] = lambda _message: None
    """Told each message that was kept."""
    opens: Callable[[Pressed], Coroutine[Any, Any, None]] | None = None
    """Opens the dialogue that a button asks for; Slack lets one be opened for three seconds only."""

    async def receive(self, body: object) -> bool:
        """Keep what a payload tells; False where it could not be in time, so that Slack sends it again."""
        arrived = time.monotonic()
        incoming = read_event(body, self.bot_user)
        if isinstance(incoming, Ignored):
            log.info("event.ignored", why=incoming.why)
            return True
        kept = await self._in_time(incoming)
        self.metrics.ack(time.monotonic() - arrived)
        if not kept and isinstance(incoming, Pressed):
            # Slack does not send a press again.
            await self.tell_presser(incoming)
        return kept

    async def keep(self, message: IncomingMessage) -> bool:
        """Keep a message that is known to be for the bot; False where it had been kept. Raises StateError."""
        if routed := await self.people.message(message):
            placed = await self._routed(routed, dedupe_keys(message))
        else:
            placed = await self._queue(message.conversation, self._item(message), dedupe_keys(message))
        if placed.job is not None:
            self.workers.offer(placed.job)
        return placed.outcome == "new"

    async def _in_time(self, incoming: Incoming) -> bool:
        task = self.background.run(self._keep(incoming))
        # Not cancelled when it is late: Redis may have taken it, and what it handed out is then worked on.
        done, _ = await asyncio.wait({task}, timeout=DEADLINE_S)
        if not done:
            log.error("event.late", kind=type(incoming).__name__)
            return False
        return task.result()

    async def _keep(self, incoming: Incoming) -> bool:
        try:
            placed = await self._put(incoming)
        except StateError as error:
            log.warning("event.not_kept", kind=type(incoming).__name__, why=str(error))
            return False
        if placed is None:
            return True
        if placed.outcome == "seen":
            self.metrics.redelivered()
        if placed.job is not None:
            self.workers.offer(placed.job)
        return True

    async def _put(self, incoming: Incoming) -> Placed | None:
        keys = dedupe_keys(incoming)
        match incoming:
            case IncomingMessage():
                return await self._message(incoming, keys)
            case Edited() | Deleted():
                return await self._changed(incoming, keys)
            case Reacted():
                return await self._reaction(incoming, keys)
            case Pressed():
                return await self._press(incoming, keys)
            case Stopped():
                self.workers.stop(incoming.conversation)
                await self.inbox.stop(incoming.conversation, incoming.user, keys=keys)
                return None
            case HomeOpened(_, team, user):
                return await self._queue(f"{team}:home:{user}", home_item(incoming), keys)
            case Submitted():
                return await self._submitted(incoming, keys)
        assert_never(incoming)

    async def _changed(self, change: Edited | Deleted, keys: tuple[str, ...]) -> Placed | None:
        """Change what waits; what was passed on to somebody already is changed by a job of its own."""
        if isinstance(change, Edited):
            routed = await self.people.message(change.message)
            about, item = change.message, routed.item if routed else self._item(change.message)
            placed = await self.inbox.edit(about.conversation, about.id, item, keys=keys)
        else:
            placed = await self.inbox.edit(change.conversation, change.id, None, keys=keys)
            # Also where it was seen: whoever saw it may have died before this.
            if placed.outcome != "removed" and await self.inbox.knows(change.conversation):
                await self.put(change.conversation, erased_item(change), f"d:{change.id}")
        if placed.outcome in ("unknown", "too_late") and (further := await self.people.changed(change)):
            return await self._routed(further, (f"c:{change.event_id}",))
        return placed

    async def _routed(self, routed: Routed, keys: tuple[str, ...]) -> Placed:
        """Put what a colleague did where it belongs; the bot's answer there ends at once."""
        placed = await self._queue(routed.thread, routed.item, keys, only_if_known=routed.only_if_known)
        if routed.by and placed.outcome == "new":
            await self.interrupt(routed.thread, routed.by, routed.at)
        return placed

    async def interrupt(self, thread: str, user: str, at: float) -> None:
        """End the bot's answer in a thread, in whichever process, for a colleague who took over at a time."""
        if not await self.people.takes_over(thread, at):
            return
        if await self.inbox.stop(thread, f"{PERSON_STOPS}{user}"):
            await self.workers.hear_stops()

    async def put(self, thread: str, item: Item, key: str) -> None:
        """Put an item into a conversation once for its key, and have it worked on; raises StateError."""
        placed = await self._queue(thread, item, (key,))
        if placed.job is not None:
            self.workers.offer(placed.job)

    async def _message(self, message: IncomingMessage, keys: tuple[str, ...]) -> Placed | None:
        self.channels.refresh()
        if routed := await self.people.message(message):
            placed = await self._routed(routed, keys)
            if placed.outcome != "unknown":
                self.saw(message)
            return placed
        judged = address(message, self.channels, self.bot_user)
        if judged.do == "ignore":
            log.debug("message.ignored", why=judged.why)
            return None
        ours = judged.do == "answer_if_ours"
        placed = await self._queue(
            message.conversation,
            self._item(message),
            keys,
            only_if_known=ours,
            # Events overtake each other: what was left alone before this one may belong to the bot. In direct
            # messages nothing is left alone.
            overtaken=None if ours or message.dm else overtaken_item(message),
        )
        if placed.outcome != "unknown":
            self.saw(message)
        return placed

    def _item(self, message: IncomingMessage) -> Item:
        alone = stands_alone(message, asks_for_person=self.asks_for_person(message.text))
        return message_item(message, alone=alone)

    async def _reaction(self, reacted: Reacted, keys: tuple[str, ...]) -> Placed | None:
        if reacted.of not in (None, self.bot_user) or rating_of(reacted.name, self.channels.ratings) is None:
            return None
        thread = f"{reacted.team}:{reacted.channel}:{reacted.ts}"
        answer = f"{reacted.channel}:{reacted.ts}"
        return await self._queue(thread, reaction_item(reacted), keys, resolve=answer)

    async def _press(self, press: Pressed, keys: tuple[str, ...]) -> Placed | None:
        if press.action not in BUTTONS:
            log.info("event.ignored", why="A button was pressed that is none of the bot's.")
            return None
        if press.action in DIALOGUES:
            if self.opens:
                self.background.run(self.opens(press))
            return None
        if routed := await self.people.press(press):
            placed = await self._routed(routed, keys)
            if placed.outcome == "unknown":
                self.background.run(self.tell_unknown(press))
            return placed
        thread = f"{press.team}:{press.channel}:{press.thread_ts or press.ts}"
        if press.action in DRAFTS:
            thread = press.value.partition(" ")[0]
        elif press.action == RESUME:
            thread = f"{press.team}:control"
        return await self._queue(thread, press_item(press), keys)

    async def _submitted(self, sent: Submitted, keys: tuple[str, ...]) -> Placed | None:
        if sent.callback not in DIALOGUES:
            log.info("event.ignored", why="A dialogue was sent off that is none of the bot's.")
            return None
        # What a dialogue is about decides where it waits: a draft with its conversation.
        thread = sent.about.partition(" ")[0] or f"{sent.team}:control"
        return await self._queue(thread, submitted_item(sent), keys)

    async def _queue(
        self,
        thread: str,
        item: Item,
        keys: tuple[str, ...],
        *,
        only_if_known: bool = False,
        resolve: str | None = None,
        overtaken: Item | None = None,
    ) -> Placed:
        return await self.inbox.put(
            thread,
            item,
            keys=keys,
            only_if_known=only_if_known,
            resolve=resolve,
            overtaken=overtaken,
            take=self.workers.room,
        )


class IntakeMiddleware(AsyncMiddleware):
    """The last of Bolt's global middleware: it answers every request, so that no listener is needed."""

    def __init__(self, receive: Callable[[object], Awaitable[bool]]) -> None:
        self._receive = receive

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,  # noqa: ARG002  # Bolt calls it by these names
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: ARG002
    ) -> BoltResponse:
        """Keep the event; 200 once it is kept, else 503, and Slack sends it again."""
        kept = await self._receive(req.body)
        return BoltResponse(status=200 if kept else 503, body="")
