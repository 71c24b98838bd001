"""Tasks end for certain, and those that nobody waits for end before what they use is closed."""

from __future__ import annotations

import asyncio

from bot.tasks import Background
from graph.tasks import end


async def test_ending_waits_until_a_task_that_clears_up_is_done() -> None:
    cleared = False

    async def work() -> None:
        nonlocal cleared
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            cleared = True

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    await end(task, None)
    assert cleared
    assert task.cancelled()


async def misses(cancellations: int) -> None:
    """Run on through so many cancellations."""
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            if not cancellations:
                raise
            cancellations -= 1


async def test_a_task_that_misses_a_cancellation_is_cancelled_again() -> None:
    task = asyncio.create_task(misses(1))
    await asyncio.sleep(0)
    await end(task)
    assert task.cancelled()


async def test_whoever_is_cancelled_while_ending_others_leaves_none_of_them_behind() -> None:
    started = asyncio.create_task(misses(2))

    async def parent() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await end(started)

    task = asyncio.create_task(parent())
    await asyncio.sleep(0)
    await end(task)
    assert started.cancelled()
    assert task.cancelled()


async def test_settling_lets_what_is_under_way_come_to_its_end_and_ends_the_rest() -> None:
    background, done = Background(), []

    async def short() -> str:
        await asyncio.sleep(0.01)
        done.append("short")
        return "result"

    first = background.run(short())
    second = background.run(asyncio.sleep(60))
    await background.settle(0.1)
    assert done == ["short"]
    assert first.result() == "result"
    assert second.cancelled()


async def test_settling_with_nothing_under_way_takes_no_time() -> None:
    async with asyncio.timeout(0.05):
        await Background().settle(60)
