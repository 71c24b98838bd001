"""What making a draft and deciding about it share."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from bot.control.drafts import Draft, DraftStore
from bot.conversation import Conversations, Told, log_told
from bot.inbox import FENCE_FIELD, Inbox, Job
from bot.metrics import Metrics
from bot.slack.api import SlackFault
from bot.slack.control.blocks import draft_card
from bot.slack.handoff import Handoffs
from bot.slack.pen import Pen, Place
from bot.worker import Lease
from graph.run import Corrected, remember
from graph.turn import Audience, Fence, TurnRecord
from prompts import Phrases

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class DraftDesk:
    """Where drafts lie."""

    conversations: Conversations
    inbox: Inbox
    handoffs: Handoffs
    store: DraftStore
    metrics: Metrics
    phrases: Phrases
    hosts: Callable[[Audience], frozenset[str]]

    async def correct(self, lease: Lease, draft: Draft, shown: str) -> None:
        """Have the conversation remember what the customer saw of the answer."""
        entry = Corrected(draft.turn, shown)
        await remember(self.conversations.app.support, draft.conversation, entry, fence_of(lease.job))

    async def finish(
        self,
        lease: Lease,
        draft: Draft,
        sent: str,
        record: TurnRecord,
        *,
        answers: Mapping[str, Mapping[str, str]] | None = None,
        count: bool = False,
    ) -> Job | None:
        """Finish a job of a draft, with what was sent; `count` tells that its turn was made just now."""
        return await self.pop(
            lease, Told(record, draft.transcript(sent, time.time())), answers or {}, count=count
        )

    async def pop(
        self, lease: Lease, told: Told, answers: Mapping[str, Mapping[str, str]], *, count: bool = False
    ) -> Job | None:
        """Finish the job with its record in one step."""
        writes = self.conversations.app.ledger.writes(told.record, told.transcript)
        noted = {key: json.dumps(dict(about)) for key, about in answers.items()}
        finished = await self.inbox.finish(lease.job, writes=writes, answers=noted)
        lease.done = True
        await self.conversations.keep(told, written=bool(writes) and finished.writes_kept)
        log_told(told)
        if count:
            self.metrics.turn(told.record)
        return finished.next

    async def done(self, lease: Lease) -> Job | None:
        """Finish a job that changes nothing."""
        finished = await self.inbox.finish(lease.job)
        lease.done = True
        return finished.next

    async def tell(self, body: Mapping[str, Any], user: str, key: str, **values: str) -> None:
        """Tell somebody what came of a press, where only they see it."""
        channel = str(body.get("channel") or self.handoffs.channel)
        said = self.phrases.say(key, self.handoffs.language, **values)
        try:
            await self.handoffs.slack.call("chat.postEphemeral", channel=channel, user=user, text=said)
        except SlackFault as fault:
            log.info("slack.skipped", method=fault.method, why=fault.why)

    def card(self, draft: Draft) -> tuple[str, list[dict[str, Any]]]:
        """Return a draft's card."""
        return draft_card(self.phrases, self.handoffs.language, draft)

    def team_pen(self, lease: Lease, channel: str) -> Pen:
        """Return what writes in the team's channel."""
        handoffs = self.handoffs
        place = Place(handoffs.team, channel, "", "", handoffs.team, "0")
        return Pen(
            handoffs.slack, handoffs.limiter, lease, place, handoffs.bot_user, handoffs.background, leave
        )


def leave(_place: Place, _ts: str) -> None:
    """Leave where it is what was posted too late: another one says the same."""


def fence_of(job: Job) -> Fence:
    """Return what shows that a job is still this process's."""
    return Fence(job.fence_key, FENCE_FIELD, str(job.fence))
