"""Slack's rate limits, kept by all processes together: a token bucket a workspace and method, in Redis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from redis.asyncio import Redis

Way: TypeAlias = Literal["stream", "edit", "whole"]

POST = "chat.postMessage"
UPDATE = "chat.update"
START = "chat.startStream"
APPEND = "chat.appendStream"
STOP = "chat.stopStream"

DOCUMENTED: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True)
class Rates:
    """How much Slack allows."""

    per_minute: Mapping[str, float] = field(default_factory=lambda: DOCUMENTED)
    """Calls a minute, a method; one that is not named has tier 3, 50."""
    channel_posts: float = 60.0
    """Messages a minute in one channel."""
    burst: float = 1.0
    """How many minutes' calls may be made at once after a quiet time."""
    unlimited: bool = False
    """No counting: only what Slack itself has refused waits."""


class Limiter:
    """Lets calls through at the rate that Slack allows the workspace."""

    def __init__(self, redis: Redis, *, rates: Rates | None = None) -> None:
        raise NotImplementedError

    async def choose(self, team: str, channel: str) -> Way:
        """Choose how an answer is shown and take its tokens."""
        raise NotImplementedError

    async def take(self, team: str, method: str, channel: str | None = None) -> float:
        """Take a token: 0.0, or else, nothing being taken, the seconds until there is one."""
        raise NotImplementedError

    async def wait(self, team: str, method: str, channel: str | None = None, *, at_most: float) -> bool:
        """Take a token, waiting `at_most` seconds for it; returns whether it was taken."""
        raise NotImplementedError

    async def blocked(self, team: str, method: str, retry_after_s: float, channel: str | None = None) -> None:
        """Say that Slack refused a call: nobody makes another before `retry_after_s` have passed."""
        raise NotImplementedError
