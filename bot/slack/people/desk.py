"""The people's part of the desk: each of their jobs goes to its own room."""

from __future__ import annotations

from dataclasses import dataclass

from bot.slack import items
from bot.slack.people import items as kinds
from bot.slack.people.agents import Agents
from bot.slack.people.relay import Relay
from bot.slack.people.room import People
from bot.slack.people.signs import Signs
from bot.worker import Lease

KINDS = kinds.KINDS | {items.CLAIM, items.HAND_BACK, items.RESOLVE}
"""The kinds of jobs that are dealt with here."""


@dataclass(frozen=True, slots=True)
class PeopleDesk:
    """Deals with what colleagues do, and with what is noticed about them."""

    people: People
    relay: Relay
    signs: Signs
    agents: Agents

    async def deal(self, lease: Lease) -> None:
        """Deal with a job, but for its end; raises StateError and a SlackFault."""
        item = lease.job.members[0]
        if item.body.get("lane"):
            await self.relay.from_lane(lease, item)
            return
        match item.kind:
            case items.CLAIM | items.HAND_BACK | items.RESOLVE:
                await self.people.pressed(lease, item.kind, item.body)
            case kinds.SAID:
                await self.people.said(lease, item)
            case kinds.REPLY:
                await self.relay.reply(lease, item, self.people)
            case kinds.CHANGED:
                await self.relay.change(lease, item)
                if item.body["gone"]:
                    await self.people.took_back(lease, str(item.body["of"]))
            case kinds.CUSTOMER_CHANGED:
                await self.relay.customer_changed(lease, item)
            case kinds.LEFT:
                await self.signs.left(lease, item)
            case kinds.RETURN:
                await self.signs.silent(lease, item)
            case kinds.CARD:
                await self.signs.card(lease)
            case kinds.AGENT_DID:
                await self.agents.did(lease, item)
            case kinds.DESK_LOST:
                await self.agents.lost(lease, item)
            case kinds.REMIND:
                await self.signs.reminders.remind(lease, item)
