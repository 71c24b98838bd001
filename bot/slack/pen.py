"""What one turn writes to Slack with: every call under the lease, and paced by the workspace's limiter."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from bot.slack.api import Limited, Refused, Slack, Unsure
from bot.slack.limiter import Limiter
from bot.tasks import Background
from bot.worker import Lease

log = structlog.get_logger()

ANSWER = "bot_answer"
"""The event type in the metadata of every message that belongs to a turn."""
LASTING = frozenset({"chat.startStream", "chat.postMessage", "chat.update"})
"""Calls whose effect stays, whoever has the lease by then."""
PAUSES_S = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Before each further try of a call that may be repeated."""
PATIENCE_S = 90.0
"""How long a call is tried under one lease before the whole job is put back."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a turn is answered, and for whom."""

    team: str
    channel: str
    thread_ts: str
    user: str
    user_team: str
    """The sender's workspace: with a shared channel, not the one that the bot is installed in."""
    first_ts: str
    """The first message that is answered: whatever answers it is younger."""

    @property
    def conversation(self) -> str:
        """The id under which the thread is remembered."""
        return f"{self.team}:{self.channel}:{self.thread_ts}"


@dataclass(frozen=True, slots=True)
class Pen:
    """Calls Slack for one turn."""

    slack: Slack
    limiter: Limiter
    lease: Lease
    place: Place
    bot_user: str
    background: Background
    strayed: Callable[[Place, str], None]
    """Told of what was posted or changed under a lease that ended meanwhile."""
    posts: list[str] = field(default_factory=list)
    """The messages that this turn is known to have, oldest first."""

    def metadata(self, *, whole: bool) -> dict[str, Any]:
        """Say which messages a message of ours answers, and whether more of it is to come.

        Everybody in the workspace can read it.
        """
        job = self.lease.job
        payload: dict[str, Any] = {"turn": job.turn, "messages": [member.id for member in job.members]}
        return {"event_type": ANSWER, "event_payload": payload if whole else {**payload, "open": True}}

    async def call(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        """Make one call under the lease; raises LeaseLost before it, or a SlackFault after it."""
        await self.lease.cover(self.slack.timeout_s)
        calling = self.slack.call(method, channel=self.place.channel, **arguments)
        try:
            return await (self._made(calling) if method in LASTING else calling)
        except Limited as limited:
            place = self.place
            await self.limiter.blocked(place.team, method, limited.retry_after, place.channel)
            raise

    async def _made(self, calling: Coroutine[Any, Any, Mapping[str, Any]]) -> Mapping[str, Any]:
        """Hear a call out, also where its caller is cancelled: who loses the lease does not call it back."""
        making = self.background.run(calling)
        making.add_done_callback(self._look_whether_late)
        return await asyncio.shield(making)

    def _look_whether_late(self, made: asyncio.Task[Mapping[str, Any]]) -> None:
        if not made.cancelled() and made.exception() is None and self.lease.left_s <= 0:
            # This process stood still in between: its successor has looked for this in vain, or undone it.
            self.strayed(self.place, str(made.result()["ts"]))

    async def insist(self, method: str, *, paid: bool = False, **arguments: Any) -> Mapping[str, Any]:
        """Make a call that may be repeated until Slack has taken or refused it; `paid` has its token already.

        Raises Refused, or what it failed with when it still does after PATIENCE_S.
        """
        ends = time.monotonic() + PATIENCE_S
        for number in range(1_000_000):
            if not paid:
                place = self.place
                left = ends - time.monotonic()
                await self.limiter.wait(place.team, method, place.channel, at_most=max(left, 0.0))
            try:
                return await self.call(method, **arguments)
            except Refused:
                raise
            except (Limited, Unsure) as fault:
                pause = PAUSES_S[min(number, len(PAUSES_S) - 1)]
                wait = fault.retry_after if isinstance(fault, Limited) else pause
                if time.monotonic() + wait > ends:
                    raise
                log.info("slack.again", method=method, why=fault.why, wait_s=wait)
                # After a 429, the bucket is closed for as long: waiting for it is enough.
                await asyncio.sleep(wait if paid or isinstance(fault, Unsure) else 0)
        raise AssertionError(method)

    async def orphans(self) -> list[Mapping[str, Any]]:
        """Find messages of this turn that Slack has and that are not among `posts`, oldest first.

        Those that name the turn, and streams, whose start can carry no name: in one thread one turn is
        answered at a time, so a message of ours that is younger than the question and names no turn is its.
        """
        response = await self.insist(
            "conversations.replies",
            ts=self.place.thread_ts,
            oldest=self.place.first_ts,
            include_all_metadata=True,
            limit=200,
        )
        return [m for m in response.get("messages", ()) if self._ours(m)]

    def _ours(self, message: Mapping[str, Any]) -> bool:
        ts = str(message["ts"])
        if (
            message.get("user") != self.bot_user
            or ts in self.posts
            or float(ts) <= float(self.place.first_ts)
        ):
            return False
        metadata = message.get("metadata") or {}
        if not metadata:
            return True
        payload = metadata.get("event_payload") or {}
        if metadata.get("event_type") != ANSWER or payload.get("turn") != self.lease.job.turn:
            return False
        # A turn that lost its first message to an earlier answer shares its name, and nothing more.
        return bool({member.id for member in self.lease.job.members}.intersection(payload["messages"]))
