"""What stands between a message and a model: the switch, the limits, channels whose answers are drafts."""

from __future__ import annotations

import time
from dataclasses import dataclass

import structlog

from bot.control.limits import MessageLimits
from bot.control.pause import Pauses
from bot.inbox import Inbox, Job
from bot.slack import items
from bot.slack.channels import Channels
from bot.slack.handoff import Handoffs
from bot.worker import Lease
from graph.turn import Signals

log = structlog.get_logger()

DRAFT = "draft"
"""The note of a job whose answer is a draft: TRIED, or UNSEEN where nobody could be shown it."""
TRIED, UNSEEN = "tried", "unseen"
LIMIT = "limit"
"""The note of a job that passes a limit: the phrase that says so."""
NOBODY_SEES = "Answers here are drafts, and the team's channel cannot be reached."


@dataclass(frozen=True, slots=True)
class Gate:
    """Judges what is to become of a job's messages; a decision stays so for its next deliveries."""

    pauses: Pauses
    limits: MessageLimits
    channels: Channels
    handoffs: Handoffs
    inbox: Inbox

    def signals(self, job: Job) -> Signals:
        """Return what the turn of a job must know beside its words."""
        first = job.members[0]
        withheld = self._withheld(job)
        limited = "" if withheld else job.notes.get(LIMIT, "")
        seen = bool(self.handoffs.channel) and self.handoffs.sight.seen(first.body["channel"])
        return Signals(
            person=first.kind == items.PERSON,
            withheld=withheld,
            limited=limited,
            seen=seen,
            people=self.handoffs.reachable(),
            people_back=self.handoffs.hours.back_at(time.time()),
        )

    async def silent(self, lease: Lease) -> bool:
        """Count the messages; True where they pass a limit of which their customer was told already.

        Raises StateError.
        """
        job = lease.job
        first = job.members[0]
        counted = first.kind == items.MESSAGE and not (job.begun or job.dead or LIMIT in job.notes)
        if not counted or self._withheld(job):
            return False
        body = first.body
        over = await self.limits.over(body["team"], body["user"], [member.id for member in job.members])
        if over is None or body["user"] in await self.handoffs.staff():
            return False
        log.info("message.limited", thread=job.thread, limit=over.phrase, told_before=over.told)
        if over.told:
            return True
        lease.update(await self.inbox.note(job, limit=over.phrase))
        return False

    def drafts(self, job: Job) -> bool:
        """Tell whether the answer to a job is a draft, which a person sees before the customer does."""
        noted = job.notes.get(DRAFT)
        if job.dead or noted == UNSEEN or job.notes.get(LIMIT) or self._withheld(job):
            return False
        self.channels.refresh()
        # One that was begun in the open, before the channel's mode was changed, ends in the open.
        return noted == TRIED or (not job.begun and self.channels.drafts(job.members[0].body["channel"]))

    def _withheld(self, job: Job) -> str:
        channel = job.members[0].body["channel"]
        if pause := self.pauses.on(channel):
            return f"paused: {pause.reason}"
        self.channels.refresh()
        shown = self.handoffs.channel is not None and self.handoffs.reachable()
        unseen = self.channels.drafts(channel) and not shown and not job.begun
        return NOBODY_SEES if job.notes.get(DRAFT) == UNSEEN or unseen else ""
