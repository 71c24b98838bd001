"""A help desk that is down, slow or mad: what it is told comes in order, once taken it is not sent again."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.people import help_desk
from bot.people.changes import claimed, ended
from bot.people.desk_address import DeskAddress
from bot.people.help_desk import HelpDesk
from bot.people.notices import Action, handoff_id
from bot.people.outbox import Outbox
from bot.people.signing import signer
from bot.people.store import RESOLVED, Handoff, HandoffStore
from evals.sim.help_desk import HelpDesk as Sim
from evals.sim.help_desk import Wrong
from graph.state_store import open_state

QUICK = (0.05, 0.1, 0.15)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let hours be a moment."""
    monkeypatch.setattr(help_desk, "DELAYS_S", QUICK)
    monkeypatch.setattr(help_desk, "LOOK_S", 0.02)
    monkeypatch.setattr(help_desk, "TIMEOUT_S", 1.0)


@dataclass(slots=True)
class Line:
    """One process's end of the line, with what it had done."""

    desk: HelpDesk
    store: HandoffStore
    outbox: Outbox
    acted: list[tuple[str, str, Action]] = field(default_factory=list)
    lost: list[tuple[str, str]] = field(default_factory=list)


@pytest.fixture
async def redis(redis_server: str) -> AsyncIterator[Redis]:
    async with open_state(redis_server) as client:
        await client.flushdb()
        yield client


@asynccontextmanager
async def line(sim: Sim, redis: Redis, *, alone: bool = False, start: bool = True) -> AsyncIterator[Line]:
    outbox, store = Outbox(redis), HandoffStore(redis)
    store.told = outbox
    acted: list[tuple[str, str, Action]] = []
    lost: list[tuple[str, str]] = []

    async def act(handoff: str, name: str, action: Action) -> None:
        acted.append((handoff, name, action))

    async def give_up(conversation: str, handoff: str) -> None:
        lost.append((conversation, handoff))

    desk = HelpDesk(DeskAddress(sim.url, signer(sim.secret)), outbox, act, give_up, alone)
    if start:
        desk.start()
    try:
        yield Line(desk, store, outbox, acted, lost)
    finally:
        await desk.close()


async def until(there: Callable[[], Any], within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not there():
            await asyncio.sleep(0.01)


async def idle(outbox: Outbox) -> None:
    async with asyncio.timeout(30):
        while await outbox.waiting():
            await asyncio.sleep(0.01)


def opened(number: int = 0) -> Handoff:
    root = f"{1700000000 + number}.000100"
    return Handoff(
        f"T0:C0:{root}", "U0CUSTOMER", turn=f"T0:C0:{root}", summary="Where is my parcel?", reason="Asked.",
        opened_at=1700000001.0 + number, changed_at=1700000001.0, since=1700000000.5,
    )  # fmt: skip


async def test_each_change_is_told_once_in_order_and_signed(redis: Redis) -> None:
    async with Sim() as sim, line(sim, redis) as on:
        first = opened()
        taken = claimed(first, "U0STAFF", 1700000010.0, hidden=False).handoff
        over = ended(taken, RESOLVED, "U0STAFF", 1700000020.0).handoff
        for handoff in (
            first,
            first,
            replace(first, reminded=1),
            taken,
            replace(taken, heard_at=5.0),
            over,
            over,
        ):
            await on.store.put(handoff)
        await until(lambda: len(sim.got) >= 3)
        await idle(on.outbox)
        assert sim.types() == ["handoff.opened", "handoff.claimed", "handoff.resolved"]
        assert all(got.signed for got in sim.got)
        assert {got.data["id"] for got in sim.got} == {handoff_id(first)}
        assert sim.got[0].path == "/hooks/firstline"
        assert (on.acted, on.lost) == ([], [])
        assert on.desk.there


@pytest.mark.parametrize("wrong", ["reset", "500", "404", "redirect", "slow", "drip", "not_http"])
async def test_what_is_not_taken_is_sent_again_under_its_name(redis: Redis, wrong: Wrong) -> None:
    async with Sim() as sim, line(sim, redis) as on:
        sim.next(wrong, wrong)
        await on.store.put(opened())
        await on.store.put(claimed(opened(), "U0STAFF", 1700000010.0, hidden=False).handoff)
        await until(lambda: len(sim.got) >= 4)
        await idle(on.outbox)
        assert sim.types() == ["handoff.opened"] * 3 + ["handoff.claimed"]
        assert len({got.name for got in sim.got}) == 2
        assert len({got.raw for got in sim.got}) == 2
        assert sim.redirected == 0
        assert (on.acted, on.lost) == ([], [])


async def test_a_retry_after_is_heeded(redis: Redis) -> None:
    async with Sim() as sim, line(sim, redis) as on:
        sim.next("429")
        await on.store.put(opened())
        await until(lambda: sim.got)
        began = time.monotonic()
        await until(lambda: len(sim.got) == 2)
        assert time.monotonic() - began > 1.5


@pytest.mark.parametrize("wrong", ["nonsense", "huge"])
async def test_an_answer_that_is_none_was_taken_all_the_same(redis: Redis, wrong: Wrong) -> None:
    async with Sim() as sim, line(sim, redis) as on:
        sim.next(wrong)
        await on.store.put(opened())
        await until(lambda: sim.got)
        await idle(on.outbox)
        await asyncio.sleep(0.3)
        assert len(sim.got) == 1
        assert (on.acted, on.lost) == ([], [])


async def test_an_answer_acts_under_a_name_that_a_second_try_has_too(redis: Redis) -> None:
    async with Sim() as sim, line(sim, redis) as on:
        sim.answers["handoff.opened"] = {"action": "resolve", "by": "Dana", "text": "It is on its way."}
        sim.next({"action": "sell", "by": "Dana"})
        await on.store.put(opened())
        await on.store.put(opened(1))
        await until(lambda: len(on.acted) == 1)
        (handoff, name, action) = on.acted[0]
        assert handoff in {handoff_id(opened()), handoff_id(opened(1))}
        assert name == f"{sim.got[1].name}:answer"
        assert action == Action("resolve", "Dana", "It is on its way.")


async def test_what_fails_for_hours_is_given_up_and_what_came_after_is_tried(redis: Redis) -> None:
    async with Sim() as sim, line(sim, redis) as on:
        for _ in range(len(QUICK) + 1):
            sim.next("500")
        await on.store.put(opened())
        await on.store.put(claimed(opened(), "U0STAFF", 1700000010.0, hidden=False).handoff)
        await until(lambda: len(sim.got) == len(QUICK) + 2)
        await idle(on.outbox)
        assert sim.types() == ["handoff.opened"] * (len(QUICK) + 1) + ["handoff.claimed"]
        assert on.lost == [(opened().conversation, handoff_id(opened()))]
        assert await on.outbox.lost() == 1
        (kept,) = await redis.lrange("{bot}:desk:lost", 0, -1)
        assert json.loads(kept)["why"] == "HTTP 500"
        assert b"parcel" not in kept


async def test_a_410_ends_it_until_a_process_starts_anew(redis: Redis) -> None:
    async with Sim() as sim:
        async with line(sim, redis) as on:
            sim.next("410")
            await on.store.put(opened())
            await until(lambda: on.lost)
            await on.store.put(opened(1))
            await until(lambda: len(on.lost) == 2)
            assert len(sim.got) == 1
            assert not on.desk.there
        async with line(sim, redis) as again:
            await again.store.put(opened(2))
            await until(lambda: len(sim.got) == 2)


async def test_another_address_is_not_gone(redis: Redis) -> None:
    async with Sim() as old, Sim() as new, line(new, redis) as on, line(old, redis, start=False) as other:
        await asyncio.sleep(0.1)
        await on.outbox.note_gone(other.desk._where)
        await on.store.put(opened())
        await until(lambda: new.got)


async def test_two_processes_send_each_thing_once_and_outlive_one_another(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(help_desk, "LEASE_S", 3.0)
    async with Sim() as sim:
        async with line(sim, redis) as one, line(sim, redis):
            for number in range(20):
                await one.store.put(opened(number))
            await until(lambda: len(sim.got) >= 10)
        async with line(sim, redis) as three:
            await idle(three.outbox)
            assert len({got.name for got in sim.got}) == 20
            assert {got.data["id"] for got in sim.got} == {handoff_id(opened(n)) for n in range(20)}


async def test_who_stops_leaves_what_it_sends_to_others_at_once(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(help_desk, "TIMEOUT_S", 60.0)
    async with Sim() as sim:
        sim.next("slow")
        async with line(sim, redis) as one:
            await one.store.put(opened())
            await until(lambda: sim.got)
        async with line(sim, redis) as two:
            await until(lambda: len(sim.got) == 2, help_desk.LEASE_S / 2)
            await idle(two.outbox)


async def test_who_is_silent_for_long_loses_what_it_sends(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Sim() as sim, line(sim, redis, start=False) as on:
        await on.store.put(opened())
        mine = await on.outbox.take(0.05, "one")
        assert mine is not None
        assert await on.outbox.take(30, "two") is None
        await asyncio.sleep(0.1)
        theirs = await on.outbox.take(30, "two")
        assert theirs is not None
        assert (theirs.notice, theirs.tries) == (mine.notice, 2)
        await on.outbox.done(mine)
        assert await on.outbox.waiting() == 1
        await on.outbox.done(theirs)
        assert await on.outbox.waiting() == 0


async def test_what_is_known_again_after_a_flush_is_told_again_under_its_name(redis: Redis) -> None:
    async with Sim() as sim, line(sim, redis) as on:
        await on.store.put(opened())
        await until(lambda: sim.got)
        await idle(on.outbox)
        await redis.flushdb()
        assert await on.store.put_lost(opened())
        assert not await on.store.put_lost(opened())
        await until(lambda: len(sim.got) == 2)
        assert sim.got[0].name == sim.got[1].name
        assert sim.got[0].raw == sim.got[1].raw


async def test_alone_it_is_there_while_it_takes_pings(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(help_desk, "PING_S", 0.05)
    async with Sim() as sim, line(sim, redis, alone=True) as on, line(sim, redis, alone=True) as other:
        await until(lambda: on.desk.there and other.desk.there)
        assert sim.got[0].type == "ping"
        assert sim.got[0].signed
        sim.always("500")
        await until(lambda: not on.desk.there and not other.desk.there)
        sim.always(None)
        await until(lambda: on.desk.there)
        monkeypatch.setattr(help_desk, "LATELY_S", 0.0)
        assert not on.desk.there


async def test_with_a_channel_nobody_pings(redis: Redis) -> None:
    async with Sim() as sim, line(sim, redis):
        await asyncio.sleep(0.3)
        assert sim.got == []


async def test_what_is_forgotten_is_not_sent(redis: Redis) -> None:
    async with Sim() as sim, line(sim, redis, start=False) as on:
        await on.store.put(opened())
        await on.store.put(replace(opened(1), customer="U0OTHER"))
        assert await on.outbox.forget(customer="U0CUSTOMER", conversation=None) == 1
        assert await on.outbox.forget(customer=None, conversation="T0:C0:none") == 0
        assert await on.outbox.waiting() == 1
        assert await on.outbox.forget(customer=None, conversation=opened(1).conversation) == 1
        assert await redis.keys("{bot}:desk:box:*") == []
