"""The switch: one for all processes, by channel, with who and why, and not lost with what Redis loses."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from bot.control.pause import EVERYWHERE, KEY, LONGEST, Pauses
from graph.errors import InputError


async def raw(redis: Redis) -> bytes | None:
    """Read the switch as a process does once a second."""
    found = await redis.get(KEY)
    return found.encode() if isinstance(found, str) else found


async def test_a_pause_of_everywhere_holds_in_each_channel_and_one_of_a_channel_in_it_alone(
    redis: Redis,
) -> None:
    one, other = Pauses(redis), Pauses(redis)
    assert await one.pause("C1", "ada", "wrong prices") is None
    await other.look()
    assert other.on("C2") is None
    found = other.on("C1")
    assert found is not None
    assert (found.scope, found.by, found.reason) == ("C1", "ada", "wrong prices")
    await other.pause(EVERYWHERE, "bob", "fire drill")
    await one.look()
    held = one.on("C1")
    assert held is not None
    assert held.by == "bob"
    assert [pause.scope for pause in one.all] == [EVERYWHERE, "C1"]


async def test_a_second_pause_replaces_the_first_and_returns_it(redis: Redis) -> None:
    pauses = Pauses(redis)
    await pauses.pause("C1", "ada", "wrong prices")
    before = await pauses.pause("C1", "bob", "still wrong")
    assert before is not None
    assert before.by == "ada"
    assert [pause.by for pause in pauses.all] == ["bob"]


async def test_to_resume_what_is_not_paused_changes_nothing(redis: Redis) -> None:
    pauses = Pauses(redis)
    await pauses.pause("C1", "ada", "wrong prices")
    assert await pauses.resume(EVERYWHERE) is None
    assert pauses.on("C1") is not None
    lifted = await pauses.resume("C1")
    assert lifted is not None
    assert pauses.all == ()
    assert await pauses.resume("C1") is None


@pytest.mark.parametrize("reason", ["", "  ", "\n\t"])
async def test_nobody_pauses_without_a_reason(redis: Redis, reason: str) -> None:
    with pytest.raises(InputError, match="say why"):
        await Pauses(redis).pause(EVERYWHERE, "ada", reason)
    assert await redis.get(KEY) is None


async def test_odd_and_long_reasons_are_kept_as_far_as_they_can_be(redis: Redis) -> None:
    pauses = Pauses(redis)
    await pauses.pause(EVERYWHERE, "ada", 'half \ud83d "quoted"\n' + "x" * 1000)
    (pause,) = pauses.all
    assert pause.reason.startswith('half ? "quoted" xxx')
    assert len(pause.reason) == LONGEST


async def test_a_flush_does_not_lift_a_pause_that_a_process_knows_of(redis: Redis) -> None:
    knows = Pauses(redis)
    await knows.pause(EVERYWHERE, "ada", "wrong prices")
    await redis.flushdb()
    knows.saw(await raw(redis))
    assert knows.on("C1") is not None
    await asyncio.sleep(0.05)
    new = Pauses(redis)
    await new.look()
    assert new.all == knows.all


async def test_a_resume_elsewhere_is_no_flush(redis: Redis) -> None:
    one, other = Pauses(redis), Pauses(redis)
    await one.pause(EVERYWHERE, "ada", "wrong prices")
    await other.look()
    await one.resume(EVERYWHERE)
    other.saw(await raw(redis))
    assert other.all == ()


async def test_a_switch_that_cannot_be_read_stays_as_it_was(redis: Redis) -> None:
    pauses = Pauses(redis)
    await pauses.pause("C1", "ada", "wrong prices")
    for broken in (b"{", b"[1]", b'{"*": {}}', b'{"*": 1}'):
        pauses.saw(broken)
        assert pauses.on("C1") is not None
