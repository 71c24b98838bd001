"""A process whose lease is gone changes nothing of a conversation and says nothing more in it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

import pytest

from evals.sim import Reply, Sim
from graph.errors import Superseded
from graph.run import PersonSaid, remember, run_turn
from graph.support import Support
from graph.turn import Chunk, Fence, Finished
from tests.graph.turns.talking import WHOLE, Heard, Vendor, make_turn, say, state_of, until_words

HELD = Fence("{bot}:job:c1", "fence", "7")


@pytest.fixture
def vendor() -> Vendor:
    """One is enough: the vendors' adapters have no part in this."""
    return "anthropic"


async def set_fence(bot: Support, value: str) -> None:
    """Let the process of this number hold the lease."""
    await bot.saver._redis.hset(HELD.key, HELD.field, value)


async def read_on(chunks: AsyncGenerator[Chunk, None]) -> list[Chunk]:
    """Read the rest of a turn that another process takes over."""
    rest = []
    with suppress(Superseded):
        async for chunk in chunks:
            rest.append(chunk)  # noqa: PERF401  # what came before the error is wanted
        raise AssertionError("the turn came to an end")
    return rest


async def stored(bot: Support) -> Any:
    """Read a conversation's hash as it is."""
    return await bot.saver._redis.hgetall("{bot}:conv:c1")


async def test_a_turn_behind_its_fence_is_answered_and_kept(bot: Support, sim: Sim) -> None:
    """As without one."""
    sim.script.next(Reply(WHOLE))
    await set_fence(bot, HELD.value)
    heard = Heard([chunk async for chunk in run_turn(bot, make_turn(), fence=HELD)])
    heard.check()
    assert heard.text == WHOLE
    assert [exchange["id"] for exchange in (await state_of(bot))["history"]] == ["t1"]


@pytest.mark.parametrize("earlier", [False, True], ids=["first turn", "second turn"])
async def test_a_lease_that_is_lost_while_the_model_writes_ends_the_turn(
    earlier: bool, bot: Support, sim: Sim
) -> None:
    """The successor's state stays as it is, and no end of the turn is said."""
    if earlier:
        sim.script.next(Reply("Pack it well [1]."))
        await say(bot, "How should I pack a lamp that goes back?", id="t0")
    sim.script.next(Reply(WHOLE, tokens_per_s=400))
    await set_fence(bot, HELD.value)
    async with aclosing(run_turn(bot, make_turn(), fence=HELD)) as chunks:
        await until_words(chunks)
        await set_fence(bot, "8")
        before = await stored(bot)
        rest = await read_on(chunks)
    assert rest
    assert not any(isinstance(chunk, Finished) for chunk in rest)
    assert await stored(bot) == before


async def test_leaving_a_turn_whose_lease_is_lost_is_quiet(bot: Support, sim: Sim) -> None:
    """Whoever closes it has been told by the lease already."""
    sim.script.next(Reply(WHOLE, tokens_per_s=20))
    await set_fence(bot, HELD.value)
    async with aclosing(run_turn(bot, make_turn(), fence=HELD)) as chunks:
        await until_words(chunks)
        await set_fence(bot, "8")
        before = await stored(bot)
    assert await stored(bot) == before


async def test_the_successor_answers_the_turn_once(bot: Support, sim: Sim) -> None:
    """Under its own fence, with one exchange in the history."""
    sim.script.next(Reply(WHOLE), Reply(WHOLE))
    await set_fence(bot, "8")
    with pytest.raises(Superseded):
        _ = [chunk async for chunk in run_turn(bot, make_turn(), fence=HELD)]
    mine = Fence(HELD.key, HELD.field, "8")
    heard = Heard([chunk async for chunk in run_turn(bot, make_turn(), fence=mine)])
    heard.check()
    assert [exchange["id"] for exchange in (await state_of(bot))["history"]] == ["t1"]


async def test_nothing_is_remembered_without_the_lease(bot: Support) -> None:
    """What is no turn is fenced too."""
    await set_fence(bot, "8")
    with pytest.raises(Superseded):
        await remember(bot, "c1", PersonSaid("I will look into it."), HELD)
    assert await stored(bot) == {}
