"""How soon events are acknowledged while questions, reactions, chatter and repetitions come at once."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evals.bench.figures import percentile
from evals.bench.first_text_load import Asked
from evals.bench.first_text_stage import TTFT_S, Bench, Stage, staged

QUESTIONS_PER_S = 10
REACTIONS_PER_S = 25
CHATTER_PER_S = 25
AGAIN = 0.67
"""The share of events that come once more: with it there are 100 events a second beside the bot's own."""
CHANNELS = 20


async def acks(bench: Bench) -> None:
    """Measure acknowledgements at 100 events a second, of which 10 are questions."""
    async with staged(bench, "acknowledgements") as stage:
        answered = await stage.load.settle(await stage.load.ask_many(CHANNELS))
        await stage.slack.do("settings", redeliver_share=AGAIN)
        since = (await stage.slack.look("deliveries"))["next"]
        asked = await _traffic(stage, bench.sizes.ack_s, [(one.channel, one.answer) for one in answered])
        await stage.load.settle(asked)
        sent = (await stage.slack.look("deliveries", since=since))["deliveries"]
    _add(bench, asked, sent)


def ack_times(deliveries: Iterable[Mapping[str, Any]]) -> list[float]:
    """Return of each delivery how long it took to be acknowledged, in ms; infinity where it never was."""
    return [
        float("inf") if sent["acked_at"] is None else (sent["acked_at"] - sent["sent_at"]) * 1000
        for sent in deliveries
        if sent["sent_at"] is not None
    ]


def _add(bench: Bench, asked: Sequence[Asked], sent: Sequence[Mapping[str, Any]]) -> None:
    times = ack_times(sent)
    first = [(one.first_s - TTFT_S) * 1000 for one in asked if one.first_s is not None]
    bench.add("acknowledgements: events a second, with the bot's own", len(times) / bench.sizes.ack_s, "")
    bench.add("acknowledgements: p50", percentile(times, 50), "ms")
    bench.add("acknowledgements: p99", percentile(times, 99), "ms", 300)
    bench.add("acknowledgements: first words meanwhile, p95", percentile(first, 95), "ms")
    bench.add(
        f"acknowledgements: not answered, of {len(asked)}", sum(one.done_at is None for one in asked), "", 0
    )
    bench.add("acknowledgements: answered twice", sum(one.messages > 1 for one in asked), "", 0)


async def _traffic(stage: Stage, seconds: float, answers: Sequence[tuple[str, str]]) -> list[Asked]:
    """Let people write and react for so long; returns the questions."""
    numbers = itertools.count()
    every = [1] * QUESTIONS_PER_S + [2] * REACTIONS_PER_S + [3] * CHATTER_PER_S
    asking: list[asyncio.Task[Asked]] = []
    other: list[asyncio.Task[Any]] = []
    started = time.monotonic()
    for number in range(round(seconds * len(every))):
        await asyncio.sleep(started + number / len(every) - time.monotonic())
        # A step that has no factor with the length spreads the kinds over each second.
        kind = every[number * 7 % len(every)]
        if kind == 1:
            asking.append(asyncio.create_task(stage.load.ask()))
        elif kind == 2:
            other.append(asyncio.create_task(_react(stage, answers, next(numbers))))
        else:
            other.append(asyncio.create_task(_chat(stage, next(numbers))))
    await asyncio.gather(*other)
    return list(await asyncio.gather(*asking))


async def _react(stage: Stage, answers: Sequence[tuple[str, str]], number: int) -> None:
    channel, ts = answers[number % len(answers)]
    names = {"channel": channel, "ts": ts, "name": ("+1", "-1", "eyes")[number % 3]}
    await stage.slack.do("react", user=f"U9{number:05d}", **names)


async def _chat(stage: Stage, number: int) -> None:
    await stage.slack.do(
        "say",
        user=f"U8{number % 200:05d}",
        channel=f"C{number % CHANNELS:05d}",
        text=f"Lunch at one? Table {number}.",
    )
