"""The people's rooms put together, for whoever opens the floor."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

from bot.inbox import Item
from bot.people.calls_in import CallsIn
from bot.people.desk_address import desk_address
from bot.people.help_desk import HelpDesk
from bot.people.notices import AGENT, Action, conversation_of
from bot.people.outbox import Outbox
from bot.people.store import Handoff
from bot.settings import BotSettings
from bot.slack.channels import Channels
from bot.slack.events import Pressed
from bot.slack.people.agents import Agents
from bot.slack.people.desk import PeopleDesk
from bot.slack.people.handoff import Handoffs
from bot.slack.people.items import AGENT_DID, DESK_LOST, front, sign_item
from bot.slack.people.passing import tell
from bot.slack.people.reception import Reception
from bot.slack.people.relay import Relay
from bot.slack.people.room import People
from bot.slack.people.signs import Signs
from graph.support import Support


class WayIn(Protocol):
    """The way into the inbox."""

    async def put(self, thread: str, item: Item, key: str) -> None:
        """Put an item into a conversation once for its key, and have it worked on."""
        ...

    async def interrupt(self, thread: str, user: str, at: float) -> None:
        """End the bot's answer in a conversation, for a colleague who took over at a time of Slack's."""
        ...


@dataclass(slots=True)
class PeopleDoor:
    """Every room; the intake comes last, since it needs one of them itself."""

    support: Support
    handoffs: Handoffs
    channels: Channels
    settings: BotSettings
    reception: Reception = field(init=False)
    relay: Relay = field(init=False)
    people: People = field(init=False)
    signs: Signs = field(init=False)
    desk: PeopleDesk = field(init=False)
    calls_in: CallsIn | None = field(default=None, init=False)
    """Takes what the help desk asks for; None without one."""
    _intake: WayIn | None = None

    def __post_init__(self) -> None:
        handoffs, inbox = self.handoffs, self.handoffs.inbox
        self.reception = Reception(handoffs)
        self.relay = Relay(handoffs, inbox, self._put, self._interrupt)
        self.people = People(
            handoffs, inbox, self.support, handoffs.sight, self.relay.show_what_was_said, self._answer_again
        )
        handoffs.staffing.fresh_s = self.settings.bot_staff_fresh_s
        after_s = self.settings.bot_return_after_minutes * 60
        every_s = self.settings.bot_people_look_s
        self.signs = Signs(handoffs, self.people, self.channels, self._put, after_s, every_s)
        self.desk = PeopleDesk(self.people, self.relay, self.signs, Agents(self.people, self.relay))
        if address := desk_address(self.settings):
            outbox, alone = Outbox(handoffs.redis), handoffs.channel is None
            handoffs.store.told = outbox
            handoffs.help_desk = HelpDesk(address, outbox, self._agent_did, self._desk_lost, alone)
            self.calls_in = CallsIn(address.signer, self._find, self._agent_did)

    def start(self) -> None:
        """Begin to look for what is to be noticed, and to tell the help desk."""
        self.signs.start()
        if self.handoffs.help_desk:
            self.handoffs.help_desk.start()

    async def close(self) -> None:
        """Stop."""
        await self.signs.close()
        if self.handoffs.help_desk:
            await self.handoffs.help_desk.close()

    def opened(self, intake: WayIn) -> None:
        """Take over the way into the inbox."""
        self._intake = intake

    async def tell_unknown(self, press: Pressed) -> None:
        """Tell somebody who used a shortcut that the bot takes no part there."""
        words = self.handoffs.look_of.say("press_unknown")
        await tell(self.handoffs.slack, press.user, press.channel, press.thread_ts or "", words)

    async def _answer_again(self, known: Handoff, since: float) -> None:
        await self.signs.answer_again(known, since)

    async def _find(self, conversation: str) -> Handoff | None:
        await self.handoffs.ensure_read()
        return await self.handoffs.store.get(conversation)

    async def _agent_did(self, handoff: str, name: str, action: Action) -> None:
        """Have done what somebody at the help desk wants, once for its name."""
        now, conversation = time.time(), conversation_of(handoff)
        body = {"handoff": handoff, "wish": action.wish, "by": action.by, "text": action.text, "at": now}
        item = sign_item(AGENT_DID, f"agent:{name}", body, now)
        takes = action.wish in ("claim", "reply")
        await self._put(conversation, front(item) if takes else item, item.id)
        if takes:
            await self._interrupt(conversation, f"{AGENT}{action.by}", now)

    async def _desk_lost(self, conversation: str, handoff: str) -> None:
        """Have it said on the card that the help desk does not know of a handoff."""
        item = sign_item(DESK_LOST, f"desk_lost:{handoff}", {"handoff": handoff}, time.time())
        await self._put(conversation, item, item.id)

    async def _put(self, thread: str, item: Item, key: str) -> None:
        assert self._intake is not None
        await self._intake.put(thread, item, key)

    async def _interrupt(self, thread: str, user: str, at: float) -> None:
        assert self._intake is not None
        await self._intake.interrupt(thread, user, at)
