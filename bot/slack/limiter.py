"""Slack's rate limits, kept by all processes together: a token bucket a workspace and method, in Redis."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.slack.buckets import CLOSE, TAKE, Bucket, Group, LocalBuckets, arguments

log = structlog.get_logger()

Way: TypeAlias = Literal["stream", "edit", "whole"]
"""How an answer is shown: streamed; its first words posted, then one edit; or posted as a whole."""

START, APPEND, STOP = "chat.startStream", "chat.appendStream", "chat.stopStream"
POST, UPDATE = "chat.postMessage", "chat.update"

TIER_3 = 50.0
DOCUMENTED: Mapping[str, float] = MappingProxyType({
    START: 20.0,
    STOP: 20.0,
    APPEND: 100.0,
    UPDATE: TIER_3,
    # "Several hundred messages a minute", beside one a second in each channel: the least of several.
    POST: 300.0,
    # Its limit is not given as a figure.
    "assistant.threads.setStatus": TIER_3,
    "agents.sessions.setStatus": TIER_3,
    "conversations.replies": TIER_3,
    "conversations.history": TIER_3,
    "reactions.add": TIER_3,
    "chat.postEphemeral": 100.0,
    "views.publish": 100.0,
    "files.info": 100.0,
})  # fmt: skip
"""Calls a minute that Slack allows an app in a workspace, by method; more may pass, fewer never fail."""

REDIS_ANSWERS_S = 2.0
"""After this the process counts alone. A customer waits meanwhile; but a process that is only busy, and so
reads the answer late, must not begin to count anew."""
REDIS_RESTS_S = 1.0


@dataclass(frozen=True, slots=True)
class Rates:
    """How often Slack may be called."""

    per_minute: Mapping[str, float] = field(default_factory=lambda: DOCUMENTED)
    """Calls a minute by method; a method that is not here has Slack's tier 3."""
    per_channel: float = 57.0
    """Messages posted a minute in one channel; a quiet channel takes one at once, whatever `burst` is."""
    burst: float = 1.0
    """After a quiet time, how many minutes' calls may be made at once; above 0."""
    unlimited: bool = False
    """For a workspace whose limits do not matter: calls wait only for what Slack itself has asked to wait."""

    def __post_init__(self) -> None:
        if not (
            self.burst > 0 and self.per_channel > 0 and all(rate > 0 for rate in self.per_minute.values())
        ):
            raise ValueError("rates and the burst must be above 0; to count nothing, set `unlimited`")


class Limiter:
    """Lets calls to Slack through at the workspace's rate; counts alone while Redis is away, never fails."""

    def __init__(
        self, redis: Redis, *, rates: Rates | None = None, redis_answers_s: float = REDIS_ANSWERS_S
    ) -> None:
        client: Any = redis  # its stubs are for the blocking and the async client at once
        self._rates = rates or Rates()
        self._take = client.register_script(TAKE)
        self._close = client.register_script(CLOSE)
        self._local = LocalBuckets()
        self._answers_s = redis_answers_s
        self._alone = False
        self._asks_again = 0.0

    async def choose(self, team: str, channel: str) -> Way:
        """Choose how to show an answer, and take the tokens for all of it but the appends, in one round trip.

        A stream has its start and its stop, an edited message its post and its update; for a whole message
        nothing is taken yet.
        """
        stream = (*self._buckets(team, START), *self._buckets(team, STOP))
        edit = (*self._buckets(team, UPDATE), *self._buckets(team, POST, channel))
        ways: tuple[Way, ...] = ("whole", "stream", "edit")
        return ways[(await self._ask((stream, edit)))[0]]

    async def take(self, team: str, method: str, channel: str | None = None) -> float:
        """Take a token: 0.0, or, nothing having been taken, the seconds until there may be one.

        The channel counts for posting alone.
        """
        return (await self._ask((self._buckets(team, method, channel),)))[1]

    async def wait(self, team: str, method: str, channel: str | None = None, *, at_most: float) -> bool:
        """Take a token, waiting for it; False, at once, where it would last longer than `at_most` seconds."""
        ends = time.monotonic() + at_most
        while seconds := await self.take(team, method, channel):
            if time.monotonic() + seconds > ends:
                return False
            await asyncio.sleep(seconds)
        return True

    async def blocked(self, team: str, method: str, retry_after_s: float, channel: str | None = None) -> None:
        """Say that Slack refused a call: for all processes there is no token before `retry_after_s` are over.

        A refused post closes its channel only: where the whole workspace is meant, each channel hears of it.
        """
        bucket = self._buckets(team, method, channel)[-1]
        self._local.close(bucket, retry_after_s)
        milliseconds = [retry_after_s * 1000, bucket.filled_s * 1000]
        await self._shared(self._close, [bucket.key], milliseconds)

    def _buckets(self, team: str, method: str, channel: str | None = None) -> Group:
        rate = self._rates.per_minute.get(method, TIER_3)
        workspace = Bucket(f"{team}:{method}", rate / 60, max(1.0, rate * self._rates.burst))
        if method != POST or channel is None:
            return (workspace,)
        return (workspace, Bucket(f"{team}:{method}:{channel}", self._rates.per_channel / 60, 1.0))

    async def _ask(self, groups: Sequence[Group]) -> tuple[int, float]:
        """Return (number of the group taken, from 1; 0.0), or (0, seconds until the last has all)."""
        if self._rates.unlimited:
            return self._open(groups)
        keys, figures = arguments(groups)
        answer = await self._shared(self._take, keys, figures)
        if answer is None:
            return self._local.take(groups)
        return int(answer[0]), int(answer[1]) / 1000

    def _open(self, groups: Sequence[Group]) -> tuple[int, float]:
        closed = 0.0
        for number, group in enumerate(groups, 1):
            closed = max(self._local.closed(bucket) for bucket in group)
            if closed == 0:
                return number, 0.0
        return 0, closed

    async def _shared(self, script: Any, keys: list[str], figures: Sequence[float]) -> Any:
        """Return what Redis says; None while it is away, and for a moment after it was."""
        if time.monotonic() < self._asks_again:
            return None
        try:
            async with asyncio.timeout(self._answers_s):
                answer = await script(keys=keys, args=figures)
        except (RedisError, OSError) as error:
            self._asks_again = time.monotonic() + REDIS_RESTS_S
            if not self._alone:
                log.warning("limiter.local", why=type(error).__name__)
            self._alone = True
            return None
        if self._alone:
            log.info("limiter.shared")
        self._alone = False
        return answer
