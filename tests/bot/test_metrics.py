"""The metrics count what happens and name nobody; the health pages say why a process wants no traffic."""

from __future__ import annotations

import re
from dataclasses import replace

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from bot.inbox import Stats
from bot.metrics import Metrics, health_app, metrics_app
from graph.errors import StateError
from tests.graph.records.samples import CALL, TURN, turn

STATS = Stats(waiting=3, ready=1, leased=2, delayed=0, dead=4, oldest_waiting_s=1.5)


def samples(text: bytes) -> dict[str, float]:
    """Return each sample by its name and labels, read as Prometheus does."""
    return {
        f"{sample.name}{{{','.join(f'{k}={v}' for k, v in sorted(sample.labels.items()))}}}": sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def test_a_turn_is_counted_with_tier_outcome_and_provider() -> None:
    metrics = Metrics()
    metrics.turn(turn(queue_ms=40.0))
    read = samples(metrics.text())
    assert read["bot_turns_total{outcome=answered,provider=anthropic,tier=small}"] == 1
    assert read["bot_first_words_seconds_sum{tier=small}"] == 0.48
    assert read["bot_first_words_seconds_bucket{le=0.5,tier=small}"] == 1
    assert read["bot_first_words_seconds_bucket{le=0.25,tier=small}"] == 0
    assert read["bot_queue_wait_seconds_sum{}"] == 0.04
    assert read["bot_cost_usd_total{}"] == 0.0009
    model = "gen_ai_operation_name=chat,gen_ai_provider_name=anthropic,gen_ai_request_model=claude-haiku-5-5"
    assert read[f"gen_ai_client_operation_duration_seconds_sum{{error_type=,{model}}}"] == 0.90025
    assert read[f"gen_ai_client_operation_time_to_first_chunk_seconds_sum{{{model}}}"] == 0.3105
    assert read[f"gen_ai_client_token_usage_sum{{{model},gen_ai_token_type=output}}"] == 85


def test_what_nobody_knows_is_not_counted() -> None:
    metrics = Metrics()
    fault = replace(CALL, outcome="overloaded", usage=None, cost_usd=None, ttft_ms=None)
    metrics.turn(turn(calls=(fault,), first_words_ms=None, cost_usd=None, outcome="failed"))
    metrics.turn(turn("t2", calls=(), first_words_ms=None))
    read = samples(metrics.text())
    assert read["bot_turns_total{outcome=failed,provider=anthropic,tier=small}"] == 1
    assert read["bot_turns_total{outcome=answered,provider=none,tier=small}"] == 1
    assert read["bot_cost_usd_total{}"] == 0
    assert any("error_type=overloaded" in name for name in read)
    assert not any(name.startswith(("bot_first_words_seconds_c", "gen_ai_client_token")) for name in read)


def test_every_event_has_its_counter() -> None:
    metrics = Metrics()
    metrics.ack(0.02)
    metrics.slack_call("chat.appendStream", "ok")
    metrics.slack_call("chat.appendStream", "ok")
    metrics.shown("stream")
    metrics.redelivered()
    metrics.adopted()
    metrics.dead()
    metrics.lease_lost()
    read = samples(metrics.text())
    assert read["bot_ack_seconds_bucket{le=0.025}"] == 1
    assert read["bot_slack_calls_total{method=chat.appendStream,outcome=ok}"] == 2
    assert read["bot_shown_total{how=stream}"] == 1
    for name in ("redeliveries", "adopted", "dead", "leases_lost"):
        assert read[f"bot_{name}_total{{}}"] == 1


def test_no_metric_names_anybody() -> None:
    metrics = Metrics()
    metrics.turn(TURN)
    text = metrics.text().decode()
    assert not re.search(rf"{TURN.customer}\b|{re.escape(TURN.conversation)}|{TURN.turn_id}", text)


def test_two_processes_in_one_test_do_not_share_numbers() -> None:
    one, other = Metrics(), Metrics()
    one.dead()
    assert samples(other.text())["bot_dead_total{}"] == 0


async def get(app: web.Application, path: str) -> tuple[int, str]:
    async with TestClient(TestServer(app)) as client, client.get(path) as response:
        return response.status, await response.text()


async def test_a_scrape_asks_the_inbox() -> None:
    async def stats() -> Stats:
        return STATS

    status, text = await get(metrics_app(Metrics(), stats), "/metrics")
    read = samples(text.encode())
    assert status == 200
    assert read["bot_inbox{state=waiting}"] == 3
    assert read["bot_inbox{state=dead}"] == 4
    assert read["bot_oldest_waiting_seconds{}"] == 1.5


async def test_a_scrape_while_redis_is_away_still_has_the_other_numbers() -> None:
    async def away() -> Stats:
        raise StateError("Redis does not answer.")

    metrics = Metrics()
    metrics.backlog(STATS)
    metrics.dead()
    status, text = await get(metrics_app(metrics, away), "/metrics")
    assert status == 200
    assert "bot_dead_total 1.0" in text
    assert 'bot_inbox{state="waiting"} NaN' in text


async def test_a_process_is_ready_or_says_why_not() -> None:
    why: list[str] = []
    app = health_app(lambda: why[0] if why else None)
    async with TestClient(TestServer(app)) as client:
        async with client.get("/readyz") as response:
            assert (response.status, await response.text()) == (200, "ready\n")
        why.append("draining")
        async with client.get("/readyz") as response:
            assert (response.status, await response.text()) == (503, "draining\n")
        async with client.get("/healthz") as response:
            assert response.status == 200
