"""How often and in what order events come."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from tests.evals.sim.slack.delivering import (
    SETTINGS,
    Slack,
    SocketApp,
    message,
    slack_with,
    socket_app,
    until,
)


async def deliver(slack: Slack, count: int) -> None:
    for number in range(count):
        slack.deliveries.deliver(message(number))
    await until(lambda: not slack.deliveries.waiting())


async def heard_with_seed(seed: int) -> list[str]:
    """Which of 40 events came twice."""
    settings = replace(SETTINGS, redeliver_share=0.3, seed=seed)
    async with slack_with(settings) as slack, socket_app(slack) as app:
        await deliver(slack, 40)
        return sorted(text for text, times in Counter(app.texts()).items() if times == 2)


async def test_without_chaos_each_event_comes_once_and_in_order() -> None:
    async with slack_with(SETTINGS) as slack, socket_app(slack) as app:
        await deliver(slack, 30)
        assert app.texts() == [f"hello {number}" for number in range(30)]


async def test_an_acknowledged_event_comes_again_as_a_retry() -> None:
    settings = replace(SETTINGS, redeliver_share=1.0)
    async with slack_with(settings) as slack, socket_app(slack) as app:
        await deliver(slack, 1)
        assert [line.outcome for line in slack.deliveries.log] == ["acked", "acked"]
        assert [(r.retry_attempt, r.retry_reason) for r in app.heard] == [(0, ""), (1, "timeout")]
        assert len(set(app.event_ids())) == 1


async def test_the_seed_decides_which_events_come_twice() -> None:
    first = await heard_with_seed(1)
    assert 4 <= len(first) <= 20
    assert await heard_with_seed(1) == first
    assert await heard_with_seed(2) != first


async def test_an_event_can_come_twice_at_once_with_nothing_that_says_so() -> None:
    settings = replace(SETTINGS, duplicate_share=1.0)
    async with slack_with(settings) as slack, socket_app(slack) as app:
        await deliver(slack, 1)
        assert [request.retry_attempt for request in app.heard] == [0, 0]
        assert len(set(app.event_ids())) == 1


async def test_a_late_event_is_overtaken() -> None:
    settings = replace(SETTINGS, reorder_share=0.5, reorder_s=0.02)
    async with slack_with(settings) as slack, socket_app(slack) as app:
        await deliver(slack, 30)
        assert sorted(app.texts()) == sorted(f"hello {number}" for number in range(30))
        assert app.texts() != [f"hello {number}" for number in range(30)]


async def test_what_changes_after_the_event_does_not_change_the_event() -> None:
    async with slack_with(SETTINGS) as slack:
        inner = message(text="as it was")
        slack.deliveries.deliver(inner)
        inner["text"] = "as it is now"
        async with socket_app(slack) as app:
            await until(lambda: app.heard)
            assert app.texts() == ["as it was"]


async def test_without_a_transport_nothing_is_sent() -> None:
    async with slack_with(replace(SETTINGS, transport="none")) as slack:
        slack.deliveries.deliver(message())
        slack.deliveries.interact({"type": "block_actions"})
        assert slack.deliveries.log == []
        assert slack.deliveries.waiting() == 0


async def test_closing_ends_what_is_under_way() -> None:
    async with slack_with(replace(SETTINGS, reorder_share=1.0, reorder_s=9.0)) as slack:
        slack.deliveries.deliver(message())
        slack.deliveries.settings = SETTINGS
        slack.deliveries.deliver(message(1))
        assert slack.deliveries.waiting() == 2
        await slack.deliveries.close()
        assert slack.deliveries.waiting() == 0


async def test_an_app_that_stops_acknowledging_is_seen_in_the_count() -> None:
    async with slack_with(SETTINGS) as slack, socket_app(slack, acks=False) as app:
        slack.deliveries.deliver(message())
        await until(lambda: app.heard)
        assert slack.deliveries.waiting() == 1
        await _ack(app)
        await until(lambda: not slack.deliveries.waiting())


async def _ack(app: SocketApp) -> None:
    await app.client.send_socket_mode_response({"envelope_id": app.heard[0].envelope_id})
