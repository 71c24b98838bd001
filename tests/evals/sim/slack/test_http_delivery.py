"""Events over HTTP, as Bolt meets them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import pytest
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from evals.sim.slack.delivery import Deliveries
from evals.sim.slack.events import block_actions
from evals.sim.slack.http_delivery import signature
from tests.evals.sim.slack.delivering import HttpApp, http_app, message, press, slack_with, until

BUTTON = {
    "type": "button",
    "action_id": "feedback",
    "value": "pos",
    "text": {"type": "plain_text", "text": "Yes"},
}
SHOWN = {"ts": "1700000000.000001", "blocks": [{"type": "actions", "block_id": "b", "elements": [BUTTON]}]}


@dataclass
class Both:
    deliveries: Deliveries
    app: HttpApp

    def retries(self) -> list[tuple[str | None, str | None]]:
        headers = [request.headers for request in self.app.requests]
        return [(one.get("X-Slack-Retry-Num"), one.get("X-Slack-Retry-Reason")) for one in headers]

    def outcomes(self) -> list[str]:
        return [line.outcome for line in self.deliveries.log]

    async def settled(self) -> None:
        await until(lambda: not self.deliveries.waiting())


@pytest.fixture
async def both() -> AsyncIterator[Both]:
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(slack_with())
        yield Both(slack.deliveries, await stack.enter_async_context(http_app(slack)))


async def test_bolt_takes_a_signed_event(both: Both) -> None:
    both.deliveries.deliver(message(1))
    await both.settled()
    [line] = both.deliveries.log
    assert (line.outcome, line.status, line.attempt) == ("acked", 200, 0)
    assert line.sent_at
    assert line.acked_at
    assert line.sent_at < line.acked_at
    await until(lambda: both.app.events)
    assert both.app.events[0]["event"] == message(1)
    assert both.retries() == [(None, None)]


async def test_bolt_takes_a_press_as_a_form(both: Both) -> None:
    settings = both.deliveries.settings
    pressed = block_actions(
        settings, user="U1", channel="D1", message=SHOWN, element=BUTTON, value="pos", ts="1700000001.000001"
    )
    both.deliveries.interact(pressed)
    await both.settled()
    assert both.outcomes() == ["acked"]
    assert both.app.events == [pressed]
    assert both.app.requests[0].content_type == "application/x-www-form-urlencoded"


async def test_a_failure_is_retried_with_its_reason(both: Both) -> None:
    both.app.failing = [web.Response(status=503), web.Response(status=302, headers={"Location": "/"})]
    both.deliveries.deliver(message())
    await both.settled()
    assert both.outcomes() == ["503", "302", "acked"]
    assert both.retries() == [(None, None), ("1", "http_error"), ("2", "http_error")]
    assert len({line.event_id for line in both.deliveries.log}) == 1


async def test_after_three_retries_an_event_is_lost(both: Both) -> None:
    both.app.failing = [web.Response(status=500) for _ in range(9)]
    both.deliveries.deliver(message())
    await both.settled()
    assert both.outcomes() == ["500", "500", "500", "lost"]
    assert both.deliveries.log[-1].status == 500


async def test_an_app_can_ask_for_no_retry(both: Both) -> None:
    both.app.failing = [web.Response(status=500, headers={"X-Slack-No-Retry": "1"})]
    both.deliveries.deliver(message())
    await both.settled()
    assert both.outcomes() == ["no_retry"]


async def test_a_slow_answer_is_a_timeout(both: Both) -> None:
    both.deliveries.settings = replace(both.deliveries.settings, ack_timeout_s=0.05)
    both.app.stall_s = 0.2
    both.deliveries.deliver(message())
    await until(lambda: len(both.app.requests) == 2)
    both.app.stall_s = 0.0
    both.deliveries.settings = replace(both.deliveries.settings, ack_timeout_s=3.0)
    await both.settled()
    assert both.outcomes() == ["timeout", "timeout", "acked"]
    assert both.retries()[1:] == [("1", "http_timeout"), ("2", "http_timeout")]


async def test_an_app_that_is_not_there_is_tried_again(both: Both) -> None:
    there = both.deliveries.settings
    both.deliveries.settings = replace(
        there, events_url="http://127.0.0.1:1/", retry_after_s=(0.05, 0.02, 0.02)
    )
    both.deliveries.deliver(message())
    await until(lambda: both.outcomes() == ["connection_failed"])
    both.deliveries.settings = there
    await both.settled()
    assert both.outcomes() == ["connection_failed", "acked"]
    assert both.retries() == [("1", "connection_failed")]


async def test_a_press_is_tried_once(both: Both) -> None:
    both.app.failing = [web.Response(status=500)]
    both.deliveries.interact(press())
    await both.settled()
    assert both.outcomes() == ["lost"]


async def test_slow_requests_hold_nobody_up(both: Both) -> None:
    both.app.stall_s = 0.1
    async with asyncio.timeout(2.0):
        for number in range(50):
            both.deliveries.deliver(message(number))
        await both.settled()
    assert both.outcomes() == ["acked"] * 50


async def test_bolt_answers_the_challenge_of_a_url(both: Both) -> None:
    assert await both.deliveries.http.verify_url()
    both.app.failing = [web.Response(text="no")]
    assert not await both.deliveries.http.verify_url()


async def test_bolt_refuses_what_is_signed_wrongly(both: Both) -> None:
    http = both.deliveries.http
    assert (await http.forged(message())).status == 401
    assert (await http.outdated(message())).status == 401
    assert (await http.unreadable_timestamp(message())).status == 500
    assert both.app.events == []


async def test_a_huge_body_is_refused_by_the_server(both: Both) -> None:
    answer = await both.deliveries.http.oversized(message())
    # The server may close while the body is still on its way.
    assert answer.status in {413, 0}
    assert both.app.events == []


async def test_a_server_that_is_gone_is_an_answer_too(both: Both) -> None:
    both.deliveries.settings = replace(both.deliveries.settings, events_url="http://127.0.0.1:1/")
    assert (await both.deliveries.http.forged(message())).status == 0


def test_the_signature_is_the_one_that_the_sdk_expects() -> None:
    expected = SignatureVerifier("words").generate_signature(timestamp="1700000000", body=b'{"a": 1}')
    assert signature("words", "1700000000", b'{"a": 1}') == expected
