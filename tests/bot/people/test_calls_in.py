"""A help desk's own calls over HTTP: only what it signed, lately, and once."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.metrics import health_app
from bot.people.calls_in import CallsIn, add_handoffs
from bot.people.notices import Action, handoff_id
from bot.people.signing import signer
from bot.people.store import Handoff
from evals.sim.help_desk import HelpDesk as Sim
from graph.errors import StateError

OPEN = Handoff("T0:C0:1700000000.000100", "U0CUSTOMER", turn="T0:C0:1700000000.000100", opened_at=1.0)
SIM = Sim()
CLAIM = {"action": "claim", "by": "Dana"}


@dataclass(slots=True)
class Door:
    url: str
    known: dict[str, Handoff] = field(default_factory=lambda: {OPEN.conversation: OPEN})
    acted: list[tuple[str, str, Action]] = field(default_factory=list)
    away: bool = False

    async def find(self, conversation: str) -> Handoff | None:
        if self.away:
            raise StateError("Redis is away.")
        return self.known.get(conversation)

    async def act(self, handoff: str, name: str, action: Action) -> None:
        self.acted.append((handoff, name, action))

    async def call(
        self, action: dict[str, Any] | bytes, handoff: str = handoff_id(OPEN), **signed: Any
    ) -> tuple[int, dict[str, Any]]:
        headers, body = SIM.call(action, **signed)
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/handoffs/{handoff}", data=body, headers=headers) as response,
        ):
            return response.status, await response.json()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with served() as on:
        yield on


@asynccontextmanager
async def served() -> AsyncIterator[Door]:
    application = health_app(lambda: None)
    on = Door("")
    add_handoffs(application, CallsIn(signer(SIM.secret), on.find, on.act))
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    on.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield on
    finally:
        await runner.cleanup()


async def test_what_is_signed_is_done_under_its_name(door: Door) -> None:
    assert await door.call(CLAIM, name="msg_1") == (202, {"status": "accepted"})
    assert door.acted == [(handoff_id(OPEN), "call:msg_1", Action("claim", "Dana"))]


@pytest.mark.parametrize(
    ("signed", "says"),
    [
        ({"key": b"x" * 32}, "webhook-signature does not fit"),
        ({"at": time.time() - 400}, "more than 5 minutes away"),
        ({"at": time.time() + 900}, "more than 5 minutes away"),
    ],
)
async def test_what_is_not_is_refused(door: Door, signed: dict[str, Any], says: str) -> None:
    status, told = await door.call(CLAIM, **signed)
    assert status == 401
    assert says in told["error"]
    assert door.acted == []


async def test_nothing_unsigned_is_looked_at(door: Door) -> None:
    async with aiohttp.ClientSession() as session:
        for handoff in (handoff_id(OPEN), "x"):
            async with session.post(f"{door.url}/handoffs/{handoff}", json=CLAIM) as response:
                assert response.status == 401
        async with session.get(f"{door.url}/handoffs/{handoff_id(OPEN)}") as response:
            assert response.status == 405


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"<html>", 400),
        (b"[]", 400),
        (b"\xff\xfe", 400),
        (b"{}", 400),
        (b'{"action":"explode","by":"Dana"}', 400),
        (b'{"action":"reply","by":"Dana"}', 400),
        (b"[" * 60_000, 400),
        (b"x" * 70_000, 413),
        (b"x" * 900_000, 413),
    ],
)
async def test_nonsense_says_what_is_wrong(door: Door, body: bytes, status: int) -> None:
    found, told = await door.call(body)
    assert found == status
    assert told["error"]
    assert door.acted == []


@pytest.mark.parametrize(
    "handoff",
    ["x", ":", "T0:C0:1.0:abcd1234", f"{OPEN.conversation}:00000000", OPEN.conversation, "%00:a:1:x"],
)
async def test_a_handoff_that_is_none_or_another_now_is_not_found(door: Door, handoff: str) -> None:
    status, _ = await door.call(CLAIM, handoff)
    assert status == 404
    assert door.acted == []


async def test_what_is_over_cannot_end_again_but_can_be_replied_to(door: Door) -> None:
    door.known[OPEN.conversation] = replace(OPEN, state="resolved")
    assert (await door.call({"action": "resolve", "by": "Dana"}))[0] == 409
    assert (await door.call({"action": "hand_back", "by": "Dana"}))[0] == 409
    assert (await door.call({"action": "reply", "by": "Dana", "text": "One more thing."}))[0] == 202


async def test_while_redis_is_away_it_is_to_try_again(door: Door) -> None:
    door.away = True
    status, told = await door.call(CLAIM)
    assert (status, told["error"]) == (503, "it cannot be kept now: try again")
