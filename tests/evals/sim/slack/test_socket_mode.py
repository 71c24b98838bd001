"""Socket Mode, as the SDK's own client meets it."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import replace

import aiohttp
import pytest

from tests.evals.sim.slack.delivering import SETTINGS, UNHEARD, message, press, slack_with, socket_app, until


async def test_an_event_arrives_and_its_ack_is_noted() -> None:
    async with slack_with() as slack, socket_app(slack) as app:
        before = time.monotonic()
        slack.deliveries.deliver(message(1))
        await until(lambda: not slack.deliveries.waiting())
        [line] = slack.deliveries.log
        assert (line.kind, line.ts, line.attempt, line.outcome) == (
            "message",
            "1700000000.000001",
            0,
            "acked",
        )
        assert line.sent_at
        assert line.acked_at
        assert before <= line.sent_at <= line.acked_at <= time.monotonic()
        [request] = app.heard
        assert (request.type, request.retry_attempt, request.retry_reason) == ("events_api", 0, "")
        assert request.payload["event_id"] == line.event_id


async def test_hello_counts_the_connections() -> None:
    async with slack_with() as slack, socket_app(slack) as first, socket_app(slack) as second:
        assert [app.said[0]["num_connections"] for app in (first, second)] == [1, 2]
        assert first.said[0]["type"] == "hello"
        assert first.said[0]["connection_info"] == {"app_id": "A0BOT"}
        assert first.said[0]["debug_info"]["approximate_connection_time"] > 0


async def test_an_address_is_good_for_one_connection() -> None:
    async with slack_with() as slack, aiohttp.ClientSession() as session:
        url = slack.deliveries.open_connection()
        assert url.startswith("ws://127.0.0.1:")
        async with session.ws_connect(url) as ws:
            assert (await ws.receive_json())["type"] == "hello"
        for refused in (url, url.replace("ticket=", "ticket=un")):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
                await session.ws_connect(refused)
            assert refusal.value.status == 403


async def test_a_ping_is_answered_with_its_own_words() -> None:
    async with slack_with() as slack, aiohttp.ClientSession() as session:
        url = slack.deliveries.open_connection()
        async with session.ws_connect(url, autoping=False) as ws:
            await ws.receive()
            await ws.ping(b"sdk-ping-pong:1")
            pong = await ws.receive()
            assert (pong.type, bytes(pong.data)) == (aiohttp.WSMsgType.PONG, b"sdk-ping-pong:1")


async def test_what_is_not_acknowledged_comes_three_more_times_and_is_lost() -> None:
    async with slack_with(UNHEARD) as slack, socket_app(slack, acks=False) as app:
        slack.deliveries.deliver(message())
        await until(lambda: not slack.deliveries.waiting())
        assert [line.outcome for line in slack.deliveries.log] == ["timeout", "timeout", "timeout", "lost"]
        assert [(r.retry_attempt, r.retry_reason) for r in app.heard] == [
            (0, ""),
            (1, "timeout"),
            (2, "timeout"),
            (3, "timeout"),
        ]
        assert len(set(app.event_ids())) == 1
        assert len({request.envelope_id for request in app.heard}) == 4


async def test_a_retry_may_come_on_another_connection() -> None:
    async with (
        slack_with(replace(SETTINGS, ack_timeout_s=0.2)) as slack,
        socket_app(slack, acks=False) as deaf,
        socket_app(slack) as awake,
    ):
        for number in range(20):
            slack.deliveries.deliver(message(number))
        await until(lambda: not slack.deliveries.waiting())
        retried = [request for request in awake.heard if request.retry_attempt]
        assert retried
        assert {request.payload["event_id"] for request in retried} <= set(deaf.event_ids())


async def test_an_ack_that_comes_too_late_changes_nothing() -> None:
    async with slack_with(replace(UNHEARD, retry_after_s=())) as slack, socket_app(slack, acks=False) as app:
        slack.deliveries.deliver(message())
        await until(lambda: not slack.deliveries.waiting())
        await app.client.send_socket_mode_response({"envelope_id": app.heard[0].envelope_id})
        slack.deliveries.deliver(message(1))
        await until(lambda: len(app.heard) == 2)
        assert slack.deliveries.log[0].outcome == "lost"


async def test_events_spread_over_the_connections() -> None:
    async with slack_with() as slack, AsyncExitStack() as stack:
        apps = [await stack.enter_async_context(socket_app(slack)) for _ in range(3)]
        for number in range(60):
            slack.deliveries.deliver(message(number))
        await until(lambda: not slack.deliveries.waiting())
        assert sum(len(app.heard) for app in apps) == 60
        assert min(len(app.heard) for app in apps) >= 10


async def test_one_connection_too_many_is_told_so() -> None:
    settings = replace(SETTINGS, connections_max=1)
    async with (
        slack_with(settings) as slack,
        socket_app(slack),
        aiohttp.ClientSession() as session,
        session.ws_connect(slack.deliveries.open_connection()) as ws,
    ):
        told = await ws.receive_json()
        assert (told["type"], told["reason"]) == ("disconnect", "too_many_websockets")
        assert (await ws.receive()).type is aiohttp.WSMsgType.CLOSE


async def test_a_refresh_brings_a_new_connection_and_loses_nothing() -> None:
    async with slack_with() as slack, socket_app(slack) as app:
        assert slack.deliveries.socket.refresh() == 1
        for number in range(20):
            slack.deliveries.deliver(message(number))
        await until(lambda: not slack.deliveries.waiting())
        assert set(app.texts()) == {f"hello {number}" for number in range(20)}
        assert [said["type"] for said in app.said[:3]] == ["hello", "disconnect", "hello"]
        assert app.said[1]["reason"] == "refresh_requested"


async def test_a_refresh_in_the_middle_of_an_ack_delivers_twice() -> None:
    async with slack_with(replace(SETTINGS, ack_timeout_s=0.2)) as slack, aiohttp.ClientSession() as session:
        async with session.ws_connect(slack.deliveries.open_connection()) as ws:
            await ws.receive()
            slack.deliveries.deliver(message())
            envelope = await ws.receive_json()
            slack.deliveries.socket.refresh(linger_s=0.0)
            assert (await ws.receive_json())["type"] == "disconnect"
            assert (await ws.receive()).type is aiohttp.WSMsgType.CLOSE
        async with session.ws_connect(slack.deliveries.open_connection()) as ws:
            await ws.receive()
            # The envelope of the old connection says nothing on the new one.
            await ws.send_json({"envelope_id": envelope["envelope_id"]})
            again = await ws.receive_json()
            assert again["payload"] == envelope["payload"]
            assert again["retry_attempt"] == 1


async def test_connections_are_refreshed_on_time() -> None:
    async with slack_with(replace(SETTINGS, socket_refresh_s=0.05)) as slack, socket_app(slack) as app:
        await until(lambda: [said["type"] for said in app.said].count("hello") >= 3)
        assert "refresh_requested" in [said.get("reason") for said in app.said]


async def test_a_cut_connection_is_made_anew_and_what_was_on_it_comes_again() -> None:
    settings = replace(SETTINGS, ack_timeout_s=0.4)
    async with slack_with(settings) as slack, socket_app(slack, acks=False, ping_s=0.2) as app:
        slack.deliveries.deliver(message())
        await until(lambda: app.heard)
        app.acks = True
        assert slack.deliveries.socket.drop() == 1
        await until(lambda: not slack.deliveries.waiting())
        assert slack.deliveries.log[-1].outcome == "acked"
        assert len(app.heard) == 2


async def test_events_wait_for_a_connection_and_go_out_in_order() -> None:
    async with slack_with() as slack:
        for number in range(5):
            slack.deliveries.deliver(message(number))
        assert [line.sent_at for line in slack.deliveries.log] == [None] * 5
        async with socket_app(slack) as app:
            await until(lambda: not slack.deliveries.waiting())
            assert app.texts() == [f"hello {number}" for number in range(5)]
            assert {line.attempt for line in slack.deliveries.log} == {0}


async def test_events_are_lost_when_nobody_ever_connects() -> None:
    async with slack_with(UNHEARD) as slack:
        slack.deliveries.deliver(message())
        await until(lambda: not slack.deliveries.waiting())
        assert [line.outcome for line in slack.deliveries.log] == ["timeout", "timeout", "timeout", "lost"]
        assert {line.sent_at for line in slack.deliveries.log} == {None}


async def test_a_press_is_never_repeated() -> None:
    async with slack_with(replace(SETTINGS, ack_timeout_s=0.2)) as slack:
        slack.deliveries.interact(press())
        assert [line.outcome for line in slack.deliveries.log] == ["lost"]
        async with socket_app(slack, acks=False) as app:
            slack.deliveries.interact(press())
            await until(lambda: not slack.deliveries.waiting())
            assert [line.outcome for line in slack.deliveries.log] == ["lost", "lost"]
            app.acks = True
            slack.deliveries.interact(press())
            await until(lambda: not slack.deliveries.waiting())
            assert slack.deliveries.log[-1].outcome == "acked"
            assert [(r.type, r.payload) for r in app.heard] == [("interactive", press())] * 2


async def test_a_burst_is_cheap() -> None:
    async with slack_with() as slack, socket_app(slack) as app:
        tasks = len(asyncio.all_tasks())
        for number in range(50):
            slack.deliveries.deliver(message(number))
        assert len(asyncio.all_tasks()) == tasks
        await until(lambda: not slack.deliveries.waiting())
        assert app.texts() == [f"hello {number}" for number in range(50)]
