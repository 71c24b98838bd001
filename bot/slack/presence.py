"""What shows that an answer is on its way: a status line and Slack's own stop button; never in the way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from bot.slack.api import Limited, Refused, Slack, SlackFault
from bot.slack.limiter import Limiter
from bot.slack.pen import Place
from bot.tasks import Background

log = structlog.get_logger()

SETTLE_S = 0.05
"""A status is sent after what the answer itself needs; one that is there sooner needs none."""

MOST_WAITS = 20
"""After so many looks a status is sent however busy the process is."""

LONG_S = 1.5
"""An answer that takes longer gets Slack's own stop button: it comes with the session's status."""

SLOW_S = 12.0
"""Without a word after so long, people think that nothing comes."""

NOT_OFFERED = frozenset(
    {"feature_disabled", "missing_scope", "not_agent_app", "not_allowed", "unknown_method"}
)
"""What Slack says where the whole app does not have it."""
STATUS = "assistant.threads.setStatus"
SESSION = "agents.sessions.setStatus"


@dataclass(slots=True)
class Offered:
    """Which of these Slack offers this app; what it refused once is not asked for again."""

    refused: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Presence:
    """The status of one answer; every call is tried once, and a fault changes nothing."""

    slack: Slack
    limiter: Limiter
    place: Place
    offered: Offered
    background: Background
    busy: Callable[[], bool]
    """Whether other answers wait for this process to begin with them: they come first."""
    _status: asyncio.Task[None] | None = None
    _session: asyncio.Task[None] | None = None
    _processing: bool = False

    def begin(self, status: str, slow: str) -> None:
        """Say in a moment that an answer is on its way, and after a while that it takes longer than usual."""
        self._status = self.background.run(self._begin(status, slow))
        self._session = self.background.run(self._open_session())

    def say(self, status: str) -> None:
        """Say something else instead, while no words of the answer are there."""
        if status:
            self.background.run(self._set(STATUS, status=status))

    def first_words(self) -> None:
        """Stop saying anything: a status after the first words would stand there as another message."""
        if self._status and not self._status.done():
            self._status.cancel()

    def leave(self) -> None:
        """Begin nothing more; harmless after `end`."""
        self.first_words()
        if self._session and not self._session.done():
            self._session.cancel()

    def end(self, *, open: bool) -> str | None:
        """Return the session's next status for the call that ends a stream, else set it."""
        self.leave()
        if not self._processing:
            return None
        self._processing = False
        if open:
            return "active"
        self.background.run(self._set(SESSION, status="active"))
        return None

    async def _begin(self, status: str, slow: str) -> None:
        for _ in range(MOST_WAITS):
            await asyncio.sleep(SETTLE_S)
            if not self.busy():
                break
        await self._set(STATUS, status=status)
        await asyncio.sleep(SLOW_S)
        await self._set(STATUS, status=slow)

    async def _open_session(self) -> None:
        await asyncio.sleep(LONG_S)
        self._processing = await self._set(SESSION, status="processing")

    async def _set(self, method: str, **arguments: Any) -> bool:
        place = self.place
        if method in self.offered.refused or await self.limiter.take(place.team, method, place.channel):
            return False
        try:
            await self.slack.call(method, channel_id=place.channel, thread_ts=place.thread_ts, **arguments)
        except Limited as limited:
            await self.limiter.blocked(place.team, method, limited.retry_after, place.channel)
        except Refused as refused:
            log.info("presence.refused", method=method, why=refused.why)
            if refused.why in NOT_OFFERED:
                self.offered.refused.add(method)
        except SlackFault as fault:
            log.info("presence.failed", method=method, why=fault.why)
        else:
            return True
        return False
