"""Asyncio tasks that nobody waits for until the process ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from graph.tasks import end

T = TypeVar("T")


class Background:
    """Tasks beside the answers; what they use is closed only after `settle`."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def run(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin with it; whoever wants its result may await the task."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def settle(self, within_s: float) -> None:
        """Give what is under way so long to come to its end, and end the rest."""
        ends = time.monotonic() + within_s
        while self._tasks and (left := ends - time.monotonic()) > 0:  # one may begin another
            await asyncio.wait(set(self._tasks), timeout=left)
        await end(*self._tasks)
