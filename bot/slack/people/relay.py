"""What passes between a customer and a colleague who cannot see the conversation: each message once.

A colleague's reply below the card is in the lane of the card's thread first, then in the conversation's: one
lease a conversation is what keeps the order.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import structlog

from bot.inbox import Inbox, Item
from bot.people.changes import waiting
from bot.people.notices import AGENT
from bot.people.store import CLAIMED, Handoff
from bot.slack import items
from bot.slack.api import Refused
from bot.slack.clean import clean
from bot.slack.events import IncomingMessage
from bot.slack.incoming import read_event
from bot.slack.pen import Pen
from bot.slack.people.cards import named, read_card
from bot.slack.people.handoff import Handoffs
from bot.slack.people.items import CHANGED, REPLY, front
from bot.slack.people.passing import tell
from bot.slack.people.room import People, written
from bot.slack.people.staff import Person
from bot.slack.unanswered import answers, as_event
from bot.worker import Lease
from graph.run import PersonSaid

log = structlog.get_logger()

Put: TypeAlias = Callable[[str, Item, str], Awaitable[None]]
"""Puts an item into a conversation once for its key, and has it worked on."""
EVERYBODY = ("channel", "everyone", "here")
"""Mentions that are nobody's name."""
LONGEST = 12_000
"""Characters of a message that are passed on: Slack lets nobody write more."""


@dataclass(slots=True)
class Relay:
    """Passes on what was said."""

    handoffs: Handoffs
    inbox: Inbox
    put: Put
    interrupt: Callable[[str, str, float], Awaitable[None]]
    """Ends the bot's answer in a conversation, for a colleague."""
    _own_name_only: bool = False
    """Whether Slack lets the bot post under no other name than its own."""

    async def from_lane(self, lease: Lease, item: Item) -> None:
        """Put what happened below a card where its conversation is; what is below no card is nobody's."""
        body = dict(item.body)
        conversation = await self._conversation(str(body["channel"]), str(body["thread_ts"]))
        if conversation is None:
            log.info("reply.no_card", thread=lease.job.thread)
            return
        body.pop("lane")
        moved = replace(item, body=body)
        if item.kind == REPLY:
            await self.put(conversation, front(moved), f"reply:{item.id}")
            await self.handoffs.ensure_read()
            if await self.handoffs.staffing.has(str(body["user"])):
                await self.interrupt(conversation, str(body["user"]), float(body["ts"]))
        elif item.kind == CHANGED:
            await self._change_in_line(conversation, moved)
        else:
            wish = replace(moved, kind=str(body.pop("wish")), body=body)
            await self.put(conversation, wish, f"wish:{item.id}")

    async def _change_in_line(self, conversation: str, item: Item) -> None:
        """Change a reply that still waits, else have changed what was made of it."""
        body, of = item.body, str(item.body["of"])
        at = float(of.rpartition(":")[2])
        reply = None if body["gone"] else front(Item(of, REPLY, body, alone=True, at=at))
        placed = await self.inbox.edit(conversation, of, reply, keys=(f"edit:{item.id}",))
        if placed.outcome in ("unknown", "too_late"):
            await self.put(conversation, item, f"change:{item.id}")

    async def _conversation(self, channel: str, root: str) -> str | None:
        """Return what a card is about, also where Redis has lost it."""
        if known := await self.handoffs.store.of_card(channel, root):
            return known
        try:
            found = await self.handoffs.history.call(
                "conversations.replies", channel=channel, ts=root, limit=1, include_all_metadata=True
            )
        except Refused as refused:
            log.info("slack.skipped", method=refused.method, why=refused.why)
            return None
        first: Mapping[str, Any] = next(iter(found.get("messages") or ()), {})
        card = read_card(first, channel, self.handoffs.bot_user)
        return card.conversation if card else None

    async def reply(self, lease: Lease, item: Item, people: People) -> None:
        """Pass a colleague's reply on to the customer; the first one claims the conversation."""
        handoffs = self.handoffs
        # From here on a change is another job.
        lease.update(await self.inbox.begin(lease.job))
        if not lease.job.members:
            return
        item = lease.job.members[0]
        body = item.body
        user, at = str(body["user"]), float(body["ts"])
        await handoffs.ensure_read()
        known = await handoffs.store.get(lease.job.thread)
        if await handoffs.staffing.has(user) is False:
            await self._tell(body, "press_not_staff")
            return
        if set(body.get("mentions") or ()) - {known.customer if known else "", *EVERYBODY}:
            await self._tell(body, "relay_stays")
            return
        handoff = await people.claim(lease, user, at)
        person = await handoffs.staffing.person(user)
        try:
            await self._post(self._to_customer(lease), item.id, at, person, body)
        except Refused as refused:
            log.warning("reply.undeliverable", why=refused.why)
            await self.say_undelivered(lease, handoff, item.id, at)
            return
        await people.heard(lease, handoff, user, at, PersonSaid(written(body), item.id))
        if body.get("files"):
            await self._tell(body, "relay_files")

    async def say_for(self, lease: Lease, of: str, at: float, by: str, text: str) -> None:
        """Tell the customer once, for `of`, what somebody at the help desk wrote; raises a SlackFault."""
        person = Person(by, by.removeprefix(AGENT))
        await self._post(self._to_customer(lease), of, at, person, {"text": text})

    async def _post(self, pen: Pen, of: str, at: float, person: Person, body: Mapping[str, Any]) -> None:
        """Post a reply under its writer's name, or with the name in front where Slack allows no other."""
        text = self.words(body)
        if not self._own_name_only:
            try:
                await self.handoffs.passing.post(
                    pen, of, at, by=person.id, text=text,
                    username=person.name, icon_url=person.picture or None,
                )  # fmt: skip
            except Refused as refused:
                if refused.why != "missing_scope":
                    raise
                self._own_name_only = True
                log.warning(
                    "reply.no_name", needed="chat:write.customize",
                    hint="colleagues' names stand in front of what they write until the app has this scope",
                )  # fmt: skip
            else:
                return
        named_text = f"*{clean(person.name, frozenset())}:* {text}"
        await self.handoffs.passing.post(pen, of, at, by=person.id, text=named_text)

    async def change(self, lease: Lease, item: Item) -> None:
        """Change or take back what was passed on of a colleague's reply."""
        of, body = str(item.body["of"]), item.body
        at = float(of.rpartition(":")[2])
        arguments: dict[str, Any] = {}
        if not body["gone"]:
            text = self.words(body)
            if self._own_name_only:
                person = await self.handoffs.staffing.person(str(body["user"]))
                text = f"*{clean(person.name, frozenset())}:* {text}"
            arguments = {"text": text}
        await self.handoffs.passing.change(self._to_customer(lease), of, at, **arguments)

    async def mirror(self, lease: Lease, item: Item) -> None:
        """Show a customer's message below the card, where whoever has the conversation cannot see it."""
        handoff = await self.handoffs.store.get(lease.job.thread)
        if handoff is None or handoff.state != CLAIMED or item.kind != items.MESSAGE:
            return
        if item.body["user"] == handoff.by:
            return
        at = float(item.body["ts"])
        await self.handoffs.store.put(waiting(handoff, at))
        if handoff.hidden:
            await self._mirrored(lease, handoff, item.id, item.body)

    async def show_what_was_said(self, lease: Lease, handoff: Handoff) -> None:
        """Show below the card what the customer wrote since it was opened and no answer names."""
        team, channel, root = handoff.conversation.split(":")
        try:
            thread = await self.handoffs.history.thread(channel, root)
        except Refused as refused:
            log.info("slack.skipped", method=refused.method, why=refused.why)
            return
        named_ones = {name for raw in thread for name in answers(raw, self.handoffs.bot_user)}
        for raw in thread:
            message = read_event(as_event(raw, team, channel), self.handoffs.bot_user)
            if not isinstance(message, IncomingMessage) or message.bot or message.id in named_ones:
                continue
            if message.user == self.handoffs.bot_user or message.user in await self.handoffs.staff():
                continue
            body = items.message_item(message, alone=True).body
            await self._mirrored(lease, handoff, message.id, body)

    async def _mirrored(self, lease: Lease, handoff: Handoff, of: str, body: Mapping[str, Any]) -> None:
        at, text = float(body["ts"]), f"{named(str(body['user']))}: {self.words(body)}"
        if handoff.by.startswith(AGENT) and (desk := self.handoffs.help_desk):
            await desk.tell_message(handoff, of, written(body), at)
        if not handoff.ts:
            return
        pen = self.handoffs.pen(lease, handoff.channel, handoff.ts)
        try:
            await self.handoffs.passing.post(pen, of, at, text=text)
        except Refused as refused:
            log.warning("mirror.undeliverable", why=refused.why)

    async def customer_changed(self, lease: Lease, item: Item) -> None:
        """Change what is shown below the card of a message that the customer changed or took back."""
        handoff = await self.handoffs.store.get(lease.job.thread)
        if handoff is None or not handoff.ts:
            return
        of, body = str(item.body["of"]), item.body
        gone = self.handoffs.look_of.say("mirror_gone")
        text = f"_{gone}_" if body["gone"] else f"{named(str(body['user']))}: {self.words(body)}"
        pen = self.handoffs.pen(lease, handoff.channel, handoff.ts)
        await self.handoffs.passing.change(pen, of, float(of.rpartition(":")[2]), text=text)

    def words(self, body: Mapping[str, Any]) -> str:
        """Return what somebody wrote, so that it calls nobody, with the names of its files."""
        text = str(body.get("text", ""))[:LONGEST]
        # Addresses stand there as they are, and lead where they say.
        hosts = frozenset(filter(None, (_host(word) for word in text.replace("(", " ").split())))
        said = clean(text, hosts)
        names = [clean(str(file["name"] or file["id"]), frozenset()) for file in body.get("files") or ()]
        label = self.handoffs.phrases.say("label_files", self.handoffs.language)
        return "\n".join(filter(None, (said, f"_{label}: {', '.join(names)}_" if names else "")))

    def _to_customer(self, lease: Lease) -> Pen:
        _, channel, root = lease.job.thread.split(":")
        return self.handoffs.pen(lease, channel, root)

    async def say_undelivered(self, lease: Lease, handoff: Handoff, reply: str, at: float) -> None:
        """Say below the card that a reply did not arrive."""
        if not handoff.ts:
            return
        pen = self.handoffs.pen(lease, handoff.channel, handoff.ts)
        try:
            said = self.handoffs.look_of.say("relay_failed")
            await self.handoffs.passing.post(pen, f"undelivered:{reply}", at, text=said)
        except Refused as refused:
            log.warning("slack.refused", method=refused.method, why=refused.why)

    async def _tell(self, body: Mapping[str, Any], key: str) -> None:
        words = self.handoffs.look_of.say(key)
        await tell(
            self.handoffs.slack, str(body["user"]), str(body["channel"]), str(body["thread_ts"]), words
        )


def _host(word: str) -> str:
    if not word.startswith("https://"):
        return ""
    try:
        return (urlsplit(word).hostname or "").rstrip(".,;:!?'\"*_~)]}").lower()
    except ValueError:
        return ""
