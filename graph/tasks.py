"""Ending asyncio tasks for certain."""

from __future__ import annotations

import asyncio
from typing import Any

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
