"""Where each job of the inbox is dealt with: messages become turns, the rest goes to its own room."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from bot.inbox import Inbox, Job
from bot.metrics import Metrics
from bot.slack import items
from bot.slack.api import Gone, SlackFault
from bot.slack.control.draft_sending import DraftSending
from bot.slack.control.team_home import TeamHome
from bot.slack.erasing import Erasing
from bot.slack.handoff import Handoffs
from bot.slack.home import Home
from bot.slack.people.desk import KINDS, PeopleDesk
from bot.slack.ratings import Ratings
from bot.slack.strays import Strays
from bot.slack.turns import Turns, done
from bot.worker import Again, Lease

log = structlog.get_logger()


@dataclass(slots=True)
class Desk:
    """Deals with jobs; `handle` is what the workers call."""

    inbox: Inbox
    turns: Turns
    handoffs: Handoffs
    ratings: Ratings
    home: Home
    strays: Strays
    metrics: Metrics
    look_at: Callable[[str], Awaitable[None]]
    """Has a thread looked through for what nobody answered."""
    people: PeopleDesk
    drafts: DraftSending
    team_home: TeamHome
    erasing: Erasing

    async def handle(self, lease: Lease) -> Job | None:
        """Deal with a job to its end; returns the next one of its thread, if there is one."""
        job = lease.job
        if not job.members:  # the customer took back all that was to be answered
            return await done(self.inbox, lease)
        kind, body = job.members[0].kind, job.members[0].body
        try:
            match kind:
                case items.MESSAGE | items.PERSON:
                    return await self.turns.deal(lease)
                case items.RATE:
                    await self.ratings.pressed(job, body)
                case items.REACTION:
                    await self.ratings.reacted(job, job.members[0])
                case items.HOME:
                    await self.home.opened(body)
                case items.DRAFT_SEND | items.DRAFT_EDIT | items.DRAFT_DISCARD:
                    return await self.drafts.decide(lease)
                case items.PAUSE | items.RESUME:
                    await self.team_home.switch(kind, body)
                case items.OVERTAKEN:
                    await self.look_at(job.thread)
                case items.STRAY:
                    await self.strays.deal(job)
                case items.ERASED:
                    await self.erasing.deal(lease, job.members[0])
                case _ if kind in KINDS:
                    await self.people.deal(lease)
                case _:
                    log.error("job.unknown", kind=kind)
        except Gone as gone:
            return await self._undeliverable(lease, gone)
        except SlackFault as fault:
            raise Again(str(fault)) from fault
        return await done(self.inbox, lease)

    async def _undeliverable(self, lease: Lease, gone: Gone) -> Job | None:
        """Give a job up to which nothing can be posted: trying again would change nothing."""
        log.error("answer.undeliverable", thread=lease.job.thread, turn=lease.job.turn, why=gone.why)
        self.metrics.dead()
        return await done(self.inbox, lease, dead=f"Slack: {gone.why}")
