"""Slack's rate limits: a bucket for each method by its tier, and for posts one for each channel beside it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from evals.sim.slack.methods import FREE, METHODS, POSTING, TIERS
from evals.sim.slack.settings import SlackSettings


@dataclass(slots=True)
class Bucket:
    """Tokens that come back with time: `size` when full, `per_s` a second."""

    size: float
    per_s: float
    tokens: float
    at: float

    def wait(self, now: float) -> float:
        """Return how many seconds are left until there is a whole token; 0 where there is one."""
        self.tokens = min(self.size, self.tokens + max(0.0, now - self.at) * self.per_s)
        self.at = now
        # A sum of many small times falls short of a whole by rounding.
        return 0.0 if self.tokens > 1 - 1e-9 else (1 - self.tokens) / self.per_s


class Limits:
    """All buckets of one app in one workspace; `settings` may be replaced, buckets keep what they hold."""

    def __init__(self, settings: SlackSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings = settings
        self._clock = clock
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def retry_after(self, method: str, channel: str) -> int | None:
        """Take a token from every bucket of a call, or none and return the seconds until it may be tried."""
        if not self.settings.limits:
            return None
        buckets = self._of(method, channel)
        now = self._clock()
        wait = max((bucket.wait(now) for bucket in buckets), default=0.0)
        if wait > 0:
            return max(1, math.ceil(wait))
        for bucket in buckets:
            bucket.tokens -= 1
        return None

    def _of(self, method: str, channel: str) -> list[Bucket]:
        known = METHODS.get(method)
        if known is None or known.tier == FREE:
            return []
        if known.tier != POSTING:
            return [self._bucket(method, "", TIERS[known.tier] / 60, TIERS[known.tier])]
        all_posts = self.settings.posts_per_minute
        here = self.settings.post_per_channel_per_s
        return [
            self._bucket(method, "", all_posts / 60, all_posts),
            self._bucket(method, channel, here, max(1.0, here)),
        ]

    def _bucket(self, method: str, channel: str, per_s: float, size: float) -> Bucket:
        size = float(self.settings.burst or size)
        bucket = self._buckets.get((method, channel))
        if bucket is None:
            bucket = self._buckets[method, channel] = Bucket(size, per_s, size, self._clock())
        bucket.size, bucket.per_s = size, per_s
        return bucket
