"""Ending asyncio tasks for certain."""

from __future__ import annotations

import asyncio
from typing import Any

AGAIN_S = 0.1


async def end(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel tasks and wait until they have ended; their faults and results are dropped.

    Who is cancelled meanwhile leaves none of them behind either: it is raised when they have ended.
    """
    ending = [task for task in tasks if task is not None]
    left = {task for task in ending if not task.done()}
    cancelled: asyncio.CancelledError | None = None
    while left:
        for task in left:
            task.cancel()
        try:
            # Python 3.11 forgets a cancellation that comes at the very moment at which Redis answers.
            _, left = await asyncio.wait(left, timeout=AGAIN_S)
        except asyncio.CancelledError as error:
            cancelled = error
            left = {task for task in left if not task.done()}
    for ended in ending:
        if not ended.cancelled():
            ended.exception()
    if cancelled:
        raise cancelled
