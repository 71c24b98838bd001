"""What a process posted after its lease had ended is taken away, unless somebody has adopted it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, cast

import pytest

from bot.inbox import Job
from bot.slack.answer import form_key
from bot.slack.api import Slack
from bot.slack.history import History
from bot.slack.limiter import Limiter, Rates
from bot.slack.marks import Marks
from bot.slack.pen import Pen, Place
from bot.slack.strays import Strays
from bot.worker import Again, Lease
from tests.bot.inbox.filling import message
from tests.bot.slack.catching_up import ANN, DM, Scene, scene


@pytest.fixture
async def on() -> AsyncIterator[Scene]:
    """A workspace with a direct conversation."""
    async with scene() as opened:
        yield opened


async def strays_of(on: Scene) -> tuple[Strays, Limiter]:
    bot = await on.bot()
    limiter = Limiter(on.redis, rates=Rates(unlimited=True))
    team, me = on.sim.settings.team, on.sim.settings.bot_user
    history = History(on.slack, limiter, team)
    return Strays(
        bot.inbox, Marks(on.redis, tenant=on.sim.settings.team), history, on.background, me
    ), limiter


def place(on: Scene, root: str) -> Place:
    return Place(on.sim.settings.team, DM, root, ANN, on.sim.settings.team, root)


async def kept(strays: Strays) -> Job:
    await strays.background.settle(2.0)
    job = await strays.inbox.take()
    assert job is not None
    return job


def shown(on: Scene) -> list[str]:
    return [m["ts"] for m in on.sim.messages(DM) if m.get("user") == on.sim.settings.bot_user]


async def test_a_stream_that_began_after_the_lease_had_ended_is_stopped_and_deleted(on: Scene) -> None:
    strays, limiter = await strays_of(on)
    root = on.say("one")
    placed = await strays.inbox.put(f"{on.sim.settings.team}:{DM}:{root}", message("one"), keys=["one"])
    assert placed.job is not None
    lease = Lease(placed.job)

    class StandsStill:
        timeout_s = 0.0

        async def call(self, method: str, **arguments: Any) -> Any:
            lease.job = replace(lease.job, lease_until=0.0)
            return await on.slack.call(method, **arguments)

    slow = cast("Slack", StandsStill())
    pen = Pen(slow, limiter, lease, place(on, root), on.sim.settings.bot_user, on.background, strays.posted)
    said = await pen.call(
        "chat.startStream",
        thread_ts=root,
        recipient_team_id=on.sim.settings.team,
        recipient_user_id=ANN,
        chunks=[{"type": "markdown_text", "text": "late"}],
    )
    await strays.inbox.finish(placed.job)
    assert shown(on) == [said["ts"]]
    await strays.deal(await kept(strays))
    assert shown(on) == []


async def test_what_was_adopted_stays(on: Scene) -> None:
    strays, _ = await strays_of(on)
    root = on.say("one")
    ts = await on.answer(root)
    strays.posted(place(on, root), ts)
    await strays.deal(await kept(strays))
    assert shown(on) == [ts]


async def test_what_had_its_last_form_gets_it_again(on: Scene) -> None:
    strays, _ = await strays_of(on)
    root = on.say("one")
    ts = await on.answer(root)
    metadata = {"event_type": "bot_answer", "event_payload": {"turn": "t", "messages": ["m"]}}
    form = {"text": "The whole answer.", "blocks": [], "metadata": metadata}
    await on.redis.set(form_key(on.sim.settings.team, DM, ts), json.dumps(form))
    strays.posted(place(on, root), ts)
    await strays.deal(await kept(strays))
    (message,) = [m for m in on.sim.messages(DM) if m["ts"] == ts]
    assert (message["text"], message["metadata"]) == ("The whole answer.", metadata)


async def test_a_cancelled_call_that_lands_all_the_same_is_told(on: Scene) -> None:
    strays, limiter = await strays_of(on)
    root = on.say("one")
    placed = await strays.inbox.put(f"{on.sim.settings.team}:{DM}:{root}", message("one"), keys=["one"])
    assert placed.job is not None
    lease = Lease(replace(placed.job, lease_until=time.monotonic() + 60))
    pen = Pen(
        on.slack, limiter, lease, place(on, root), on.sim.settings.bot_user, on.background, strays.posted
    )
    calling = asyncio.create_task(pen.call("chat.postMessage", thread_ts=root, text="late"))
    await asyncio.sleep(0)
    lease.end()
    calling.cancel()
    await asyncio.wait({calling})
    await strays.inbox.finish(placed.job)
    await on.background.settle(2.0)
    assert len(shown(on)) == 1
    await strays.deal(await kept(strays))
    assert shown(on) == []


async def test_what_may_be_adopted_yet_is_waited_for(on: Scene) -> None:
    strays, _ = await strays_of(on)
    root = on.say("one")
    conversation = f"{on.sim.settings.team}:{DM}:{root}"
    placed = await strays.inbox.put(conversation, message("one"), keys=["one"])
    assert placed.job is not None
    ts = await on.stream(root)
    strays.posted(place(on, root), ts)
    job = await kept(strays)
    with pytest.raises(Again):
        await strays.deal(job)
    assert shown(on) == [ts]
    await strays.inbox.finish(placed.job)
    await strays.deal(job)
    assert shown(on) == []


async def test_one_that_is_gone_already_is_no_fault(on: Scene) -> None:
    strays, _ = await strays_of(on)
    root = on.say("one")
    strays.posted(place(on, root), "1.000001")
    async with asyncio.timeout(5):
        await strays.deal(await kept(strays))
