"""`evals bench first-text` measures what it says: what it reads out of calls, its sums, its processes."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest
from rich.progress import Progress

from evals.bench.echo import EchoRule, echoed, nonce, question
from evals.bench.figures import Figure, percentile
from evals.bench.first_text import bench_first_text
from evals.bench.first_text_acks import ack_times
from evals.bench.first_text_load import Asked, ended, take_calls, take_deliveries
from evals.bench.first_text_stage import Bench, Sizes, staged
from evals.bench.serving import usage
from evals.sim.script import DefaultRule
from graph.command_line import make_console
from graph.errors import InputError


def called(method: str, at: float = 1.0, **args: Any) -> dict[str, Any]:
    return {
        "number": 0,
        "method": method,
        "args": {"channel": "D1", **args},
        "at": at,
        "done_at": at,
        "ok": True,
        "error": "",
        "ts": "2.0",
    }


def seen(*calls: dict[str, Any], half_latency_s: float = 0.0) -> Asked:
    asked = Asked("abc", "D1", "1.0")
    take_calls({"D1": asked}, calls, half_latency_s)
    return asked


def chunks(text: str) -> list[dict[str, str]]:
    return [{"type": "markdown_text", "text": text}]


def test_first_words_are_the_first_call_that_brings_the_nonce() -> None:
    status = called("assistant.threads.setStatus", 1.0, status="abc is being looked up")
    started = called("chat.startStream", 1.5, chunks=chunks("abc"))
    assert seen(status, started, called("chat.appendStream", 2.0, chunks=chunks(" abc"))).first_at == 1.5


def test_with_latency_words_arrive_half_of_it_after_their_call_began() -> None:
    assert seen(called("chat.startStream", 1.5, chunks=chunks("abc")), half_latency_s=0.075).first_at == 1.575


def test_a_call_that_slack_refused_showed_nothing() -> None:
    refused = called("chat.startStream", 1.5, chunks=chunks("abc")) | {"ok": False, "error": "ratelimited"}
    asked = seen(refused, called("chat.postMessage", 1.7, markdown_text="abc"))
    assert (asked.first_at, asked.messages) == (1.7, 1)


@pytest.mark.parametrize(
    ("way", "calls"),
    [
        ("stream", [called("chat.startStream"), called("chat.update", metadata={}, blocks=[])]),
        ("edit", [called("chat.postMessage", metadata={}), called("chat.update", metadata={}, blocks=[])]),
        ("whole", [called("chat.postMessage", metadata={}, blocks=[])]),
    ],
)
def test_how_an_answer_was_shown_is_seen_by_its_calls(way: str, calls: list[dict[str, Any]]) -> None:
    asked = seen(*calls)
    assert asked.way == way
    assert asked.messages == 1
    assert asked.done_at == 1.0


def test_a_second_message_counts_unless_it_was_taken_away() -> None:
    twice = called("chat.startStream"), called("chat.postMessage")
    assert seen(*twice).messages == 2
    assert seen(*twice, called("chat.delete")).messages == 1


def test_an_answer_without_its_last_form_is_not_done() -> None:
    assert seen(called("chat.startStream"), called("chat.postMessage", metadata={})).done_at is None


def test_calls_under_way_are_read_again_later_and_those_of_a_client_that_went_away_are_not() -> None:
    calls = [called("a"), called("b") | {"done_at": None}, called("c")]
    assert ended(calls, now=2.0) == calls[:1]
    assert ended(calls, now=60.0) == calls


def test_only_the_first_delivery_of_a_question_counts() -> None:
    asked = Asked("abc", "D1", "1.0")
    sent = [{"ts": "1.0", "kind": "message", "sent_at": at} for at in (None, 3.0, 4.0)]
    take_deliveries({"1.0": asked}, sent)
    assert asked.sent_at == 3.0


def test_what_was_never_acknowledged_took_for_ever() -> None:
    sent: list[dict[str, Any]] = [{"sent_at": 1.0, "acked_at": 1.25}, {"sent_at": 1.0, "acked_at": None}]
    assert ack_times(sent) == [250, float("inf")]


def test_a_percentile_goes_by_rank_and_of_nothing_there_is_none() -> None:
    assert percentile(list(range(100, 0, -1)), 95) == 96
    assert percentile([5.0], 95) == 5.0
    assert not Figure("nothing", percentile([], 95), "ms", 100).fine


def test_a_question_is_answered_with_its_nonce_as_the_first_token() -> None:
    sign = nonce(1234)
    body = {"model": "claude-haiku-5-5", "messages": [{"role": "user", "content": question("Why?", sign)}]}
    reply = EchoRule(DefaultRule(tokens=85))("anthropic", body)
    assert reply.text == echoed(sign, 85)
    assert reply.text[:4] == f"{sign} "
    assert 80 * 4 < len(reply.text) <= 85 * 4
    assert len({nonce(number) for number in range(5000)}) == 5000


def test_what_a_process_takes_is_read() -> None:
    mine = usage(os.getpid())
    assert 5 < mine.rss_mb < 2000
    assert 0 < mine.cpu_s < 10_000


async def test_an_unknown_part_is_refused_before_anything_is_started() -> None:
    with pytest.raises(InputError, match="no part nonsense; there are start"):
        await bench_first_text(make_console(), quick=True, parts=["nonsense"])


async def test_the_real_bot_is_measured_between_its_stand_ins() -> None:
    with Progress(disable=True) as progress:
        bench = Bench(Sizes(), progress)
        async with staged(bench, "once", asks="nothing") as stage:
            await stage.bot.ready()
            [asked] = await stage.load.one_at_a_time(1)
            [said] = [one for one in await stage.vendor.seen() if one.words_at]
    assert asked.sent_at is not None
    assert asked.first_at is not None
    assert asked.done_at is not None
    assert asked.sent_at < said.arrived < said.words_at[0] < asked.first_at < asked.done_at
    assert (asked.way, asked.messages, stage.load.limited) == ("stream", 1, Counter())
