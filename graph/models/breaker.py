"""Spare a model that fails again and again, and the customer the wait for it."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from graph.errors import BreakerOpen, ModelError

WINDOW = 6
"""Calls that are looked back on."""
FAILURES = 4
"""Failures among them that open the breaker."""
COOL_DOWN_S = 15.0
SOON_S = 3.0
"""A vendor that says to wait no longer than this is waited for by the caller; longer opens the breaker."""
LONGEST_S = 600.0
"""However long a vendor says: a wrong header must not put a model out of use for a day."""


@dataclass(slots=True)
class Breaker:
    """Opens after 4 failures among the last 6 calls; after a cool-down one call may probe.

    A vendor that says to wait for long, or that somebody must change something first (wrong key, no credit),
    opens it at once.
    """

    name: str
    clock: Callable[[], float] = time.monotonic
    _calls: deque[bool] = field(default_factory=lambda: deque(maxlen=WINDOW))
    _closed_at: float = 0.0
    _probing: bool = False

    def admit(self) -> None:
        """Let a call through, or raise BreakerOpen."""
        now = self.clock()
        if now < self._closed_at or self._probing:
            raise BreakerOpen(f"{self.name} failed too often; it is tried again in a few seconds")
        self._probing = self._closed_at > 0

    def succeeded(self) -> None:
        """Note a call that worked."""
        self._calls.append(True)
        self._closed_at, self._probing = 0.0, False

    def failed(self, error: ModelError) -> None:
        """Note a call that did not."""
        self._calls.append(False)
        pause = COOL_DOWN_S if error.alarm or self._too_many() else 0.0
        if error.retry_after is not None and error.retry_after > SOON_S:
            pause = min(error.retry_after, LONGEST_S)
        if pause or self._probing:
            # Jitter, so that many processes do not all probe in the same moment.
            self._closed_at = self.clock() + (pause or COOL_DOWN_S) * random.uniform(1.0, 1.3)
            self._calls.clear()
        self._probing = False

    @property
    def down(self) -> bool:
        """Whether it opened and no call has worked since."""
        return self._closed_at > 0

    def abandoned(self) -> None:
        """Note a call that was neither, because the customer stopped it."""
        self._probing = False

    def _too_many(self) -> bool:
        return list(self._calls).count(False) >= FAILURES
