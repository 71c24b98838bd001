"""At the door: which of Slack's events are colleagues' doings, and where in the inbox they belong."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.inbox import Item
from bot.people.store import CLAIMED
from bot.slack.events import Deleted, Edited, IncomingMessage, Pressed
from bot.slack.items import CLAIM, HAND_BACK, RESOLVE, message_item, press_item
from bot.slack.people.handoff import Handoffs
from bot.slack.people.items import (
    CHANGED,
    CUSTOMER_CHANGED,
    WISH,
    changed_item,
    front,
    in_lane,
    reply_item,
    said_item,
)

WISHES = frozenset({CLAIM, HAND_BACK, RESOLVE})


@dataclass(frozen=True, slots=True)
class Routed:
    """Where an item goes; `only_if_known` where the bot takes part. `by` ends the bot's answer there."""

    thread: str
    item: Item
    only_if_known: bool = False
    by: str = ""
    at: float = 0.0
    """When it was done, by Slack's clock."""


@dataclass(frozen=True, slots=True)
class Reception:
    """Tells colleagues' doings from customers'; every method raises StateError."""

    handoffs: Handoffs

    async def message(self, message: IncomingMessage) -> Routed | None:
        """Route what a colleague wrote, or what a customer wrote to one; None for any other message."""
        handoffs = self.handoffs
        named = handoffs.bot_user in message.mentions
        if (
            handoffs.channel is None
            or message.bot
            or message.thread_ts is None
            or message.user == handoffs.bot_user
        ):
            return None
        if message.channel == handoffs.channel and await self._below_card(message):
            lane = in_lane(reply_item(message), message.channel, message.thread)
            return None if named else Routed(message.conversation, lane)
        if message.dm:
            return None  # nobody but the customer writes there
        members = await handoffs.staffing.members() or frozenset()
        if message.user in members and message.user != message.parent and not named:
            item = said_item(message, message.parent)
            return Routed(message.conversation, item, only_if_known=True, by=message.user, at=message.sent_at)
        if message.mentions and not named and await handoffs.store.owner(message.conversation):
            # They write to each other by name there.
            return Routed(message.conversation, message_item(message, alone=True), only_if_known=True)
        return None

    async def _below_card(self, message: IncomingMessage) -> bool:
        if message.parent:
            return message.parent == self.handoffs.bot_user
        return await self.handoffs.store.of_card(message.channel, message.thread) is not None

    async def changed(self, change: Edited | Deleted) -> Routed | None:
        """Route a change to what was passed on already; None where nothing was."""
        handoffs = self.handoffs
        message = change.message if isinstance(change, Edited) else None
        about = change.message if isinstance(change, Edited) else change
        if handoffs.channel is None or (about.thread_ts is None and about.channel == handoffs.channel):
            return None
        if about.channel == handoffs.channel:
            if await handoffs.store.of_card(about.channel, about.thread_ts or "") is None and message is None:
                return None
            item = changed_item(CHANGED, change.event_id, about.id, message)
            return Routed(about.conversation, in_lane(item, about.channel, about.thread_ts or ""))
        known = await handoffs.store.get(about.conversation)
        if known is None or not known.hidden:
            return None
        item = changed_item(CUSTOMER_CHANGED, change.event_id, about.id, message)
        return Routed(about.conversation, item)

    async def press(self, press: Pressed) -> Routed | None:
        """Route a press or a shortcut of colleagues; None for any other."""
        if press.action not in WISHES:
            return None
        item = press_item(press)
        at_card = press.shortcut and press.channel == self.handoffs.channel
        if at_card:
            root = press.thread_ts or press.ts
            lane = in_lane(replace(item, kind=WISH), press.channel, root)
            body = {**lane.body, "wish": press.action}
            return Routed(f"{press.team}:{press.channel}:{root}", replace(lane, body=body))
        members = await self.handoffs.staffing.members() or frozenset()
        claims = press.action == CLAIM and press.user in members
        return Routed(
            press.value,
            front(item) if press.action == CLAIM else item,
            only_if_known=press.shortcut,
            by=press.user if claims else "",
            at=press.at,
        )

    async def takes_over(self, thread: str, at: float) -> bool:
        """Tell whether what was done at a time may still take a conversation from the bot."""
        if not await self.handoffs.store.read():
            return False  # nobody knows; whoever has it is known before anything is answered
        known = await self.handoffs.store.get(thread)
        return known is None or (at >= known.since and known.state != CLAIMED)
