"""What colleagues do with a conversation, each as a job of it: claim, hand back, resolve, write in it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog

from bot.inbox import FENCE_FIELD, Inbox, Item
from bot.people.changes import Change, claimed, ended, heard
from bot.people.store import HANDED_BACK, RESOLVED, Handoff, HandoffStore
from bot.slack import items
from bot.slack.api import Refused
from bot.slack.fields import Fields
from bot.slack.pen import Place
from bot.slack.people.handoff import Handoffs
from bot.slack.people.passing import tell
from bot.slack.people.sight import Sight
from bot.worker import Lease
from graph.run import PersonSaid, TakenBack, remember
from graph.support import Support
from graph.turn import Fence

log = structlog.get_logger()


@dataclass(slots=True)
class People:
    """Changes handoffs, one job after the other."""

    handoffs: Handoffs
    inbox: Inbox
    support: Support
    sight: Sight
    show_what_was_said: Callable[[Lease, Handoff], Awaitable[None]]
    """Shows a colleague who cannot see a conversation what the customer wrote in it and nobody answered."""
    answer_again: Callable[[Handoff, float], Awaitable[None]]
    """Has answered what the customer wrote since a time of Slack's."""

    @property
    def store(self) -> HandoffStore:
        """What is known of each handoff."""
        return self.handoffs.store

    async def pressed(self, lease: Lease, kind: str, body: Mapping[str, Any]) -> None:
        """Do what a colleague's press or shortcut asks for, or tell them why not."""
        user, at = str(body["user"]), float(body["at"])
        await self.handoffs.ensure_read()
        if not await self._may(user, body):
            await self._tell(body, "press_not_staff")
            return
        known = await self.store.get(lease.job.thread)
        if kind == items.CLAIM:
            await self.claim(lease, user, at, told=body)
            return
        if known is None:
            await self._tell(body, "press_late")
            return
        state = RESOLVED if kind == items.RESOLVE else HANDED_BACK
        change = ended(known, state, user, at)
        if self.happens(lease, change, at):
            if known.heard_at > at:
                # It was said to nobody: who had the conversation had given it up by then.
                await self.answer_again(known, at)
            await self.keep(lease, change.handoff)
        else:
            await self._tell(body, "press_late")

    async def claim(
        self, lease: Lease, user: str, at: float, *, told: Mapping[str, Any] | None = None
    ) -> Handoff:
        """Give a conversation to a colleague, with a card where it has none; return it as it is then.

        `told` is the press that asked for it: whoever made it hears why nothing changed.
        """
        notice, known = "", await self.store.get(lease.job.thread)
        if known is None:
            known, notice = await self._unasked(lease.job.thread)
        channel = lease.job.thread.split(":")[1]
        hidden = known.hidden if known.by == user else await self.sight.hidden(channel, user)
        change = claimed(known, user, at, hidden=hidden)
        if self.happens(lease, change, at):
            handoff = await self.keep(lease, change.handoff, notice)
            if handoff.hidden:
                await self.show_what_was_said(lease, handoff)
            return handoff
        if told is not None:
            await self._explain(told, change)
        return change.handoff

    async def said(self, lease: Lease, item: Item) -> None:
        """Take a colleague's words in a thread for a claim, unless they are the customer there."""
        body = item.body
        user, at = str(body["user"]), float(body["ts"])
        await self.handoffs.ensure_read()
        known = await self.store.get(lease.job.thread)
        opener = body.get("parent") or await self._opener(lease.job.thread)
        theirs = user in (opener, known.customer if known else "")
        if theirs or await self.handoffs.staffing.has(user) is not True:
            await self._as_customer(lease, item)
            return
        handoff = await self.claim(lease, user, at)
        await self.heard(lease, handoff, user, at, PersonSaid(written(body), item.id))

    async def heard(self, lease: Lease, handoff: Handoff, user: str, at: float, said: PersonSaid) -> None:
        """Remember what a colleague wrote, for the time when the bot has the conversation again."""
        if handoff.by == user:
            await self.store.put(heard(handoff, at))
        if said.text:
            await remember(self.support, lease.job.thread, said, fence_of(lease))

    async def keep(self, lease: Lease, handoff: Handoff, notice: str = "") -> Handoff:
        """Keep a change and show it on the card."""
        changed = replace(handoff, changed_at=time.time())
        await self.store.put(changed)
        log.info("handoff.changed", conversation=changed.conversation, state=changed.state)
        return await self.handoffs.show(lease, changed, notice)

    async def took_back(self, lease: Lease, message: str) -> None:
        """Forget what a colleague wrote and then deleted."""
        await remember(self.support, lease.job.thread, TakenBack(message), fence_of(lease))

    @staticmethod
    def happens(lease: Lease, change: Change, at: float) -> bool:
        """Tell whether a change is to be kept and shown.

        Also where a predecessor made this very change, and may have died before it showed it.
        """
        return change.verdict == "done" or (lease.job.deliveries > 1 and change.handoff.since == at)

    async def _unasked(self, conversation: str) -> tuple[Handoff, str]:
        """Return the handoff of a conversation that nobody asked anybody to take, and what to say of it."""
        team, channel, root = conversation.split(":")
        opener = await self._opener(conversation)
        link = await self.handoffs.link(Place(team, channel, root, "", team, root)) if opener else ""
        notice = "" if opener else self.handoffs.look_of.say("card_root_gone")
        return Handoff(conversation, opener, link=link, opened_at=time.time()), notice

    async def _opener(self, conversation: str) -> str:
        """Return who began a thread; empty where its first message is gone."""
        _, channel, root = conversation.split(":")
        try:
            found = Fields(
                await self.handoffs.history.call("conversations.replies", channel=channel, ts=root, limit=1)
            )
        except Refused as refused:
            log.info("slack.skipped", method=refused.method, why=refused.why)
            return ""
        first = found.first("messages")
        return "" if first.text("subtype") == "tombstone" else first.word("user")

    async def _as_customer(self, lease: Lease, item: Item) -> None:
        """Have a message answered that was no colleague's word to a customer."""
        again = replace(item, kind=items.MESSAGE, at=float(item.body["ts"]), alone=bool(item.body["files"]))
        await self.inbox.put(lease.job.thread, again, keys=(f"c:{item.id}",))

    async def _may(self, user: str, body: Mapping[str, Any]) -> bool:
        known = await self.handoffs.staffing.has(user)
        # Where Slack never said who is in the team's channel: who pressed there is.
        return body["channel"] == self.handoffs.channel if known is None else known

    async def _explain(self, body: Mapping[str, Any], change: Change) -> None:
        match change.verdict:
            case "taken":
                await self._tell(body, "press_taken", person=change.handoff.by)
            case "have_it":
                await self._tell(body, "press_have_it")
            case _:
                await self._tell(body, "press_late")

    async def _tell(self, body: Mapping[str, Any], key: str, *, person: str | None = None) -> None:
        words = self.handoffs.look_of.say(key, person=person)
        thread_ts = str(body["thread_ts"]) if body["thread_ts"] != body["ts"] else ""
        await tell(self.handoffs.slack, str(body["user"]), str(body["channel"]), thread_ts, words)


def written(body: Mapping[str, Any]) -> str:
    """Return the words of a message and the names of its files, as they are remembered and passed on."""
    names = [str(file["name"] or file["id"]) for file in body.get("files") or ()]
    return "\n".join(filter(None, (str(body.get("text", "")), ", ".join(names))))


def fence_of(lease: Lease) -> Fence:
    """Return where it stands that a job is this process's."""
    return Fence(lease.job.fence_key, FENCE_FIELD, str(lease.job.fence))
