"""Asyncio tasks that end for certain, and those that nobody waits for until the process ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

AGAIN_S = 0.1


async def end(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel tasks and wait until they have ended; their faults and results are dropped."""
    ending = [task for task in tasks if task is not None]
    left = {task for task in ending if not task.done()}
    while left:
        for task in left:
            task.cancel()
        # Python 3.11 forgets a cancellation that comes at the very moment at which Redis answers.
        _, left = await asyncio.wait(left, timeout=AGAIN_S)
    for ended in ending:
        if not ended.cancelled():
            ended.exception()


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
