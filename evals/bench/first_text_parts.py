"""The parts of `evals bench first-text`: what each starts, asks and adds to the table."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence

from evals.bench.figures import percentile
from evals.bench.first_text_acks import acks
from evals.bench.first_text_load import WAYS, Asked
from evals.bench.first_text_stage import TTFT_S, Bench, Stage, staged

LATENCY_S = 0.15
RATE = 20.0
SLOW_RATE = 6.0
SLOW_COUNT = 60
SETTLED_S = 3.0
"""After the first hello, until what is loaded beside the work is loaded."""
STARTS = 3

Limits = tuple[float | None, float | None]
"""What p50 and p95 may be, in ms."""


async def start(bench: Bench) -> None:
    """Measure from the start of the process to its connection, to /readyz and to its first answer's words."""
    connected, ready, answered = [], [], []
    for _ in range(STARTS):
        async with staged(bench, "start", asks="before") as stage:
            ready.append(await stage.bot.ready() - stage.bot.started)
            first = (await stage.load.settle(stage.load.waiting))[0]
            # The question waits for a connection and is sent right after Slack's hello.
            connected.append((first.sent_at or float("nan")) - stage.bot.started)
            answered.append((first.first_at or float("nan")) - stage.bot.started - TTFT_S)
    bench.add("start: until connected, median of 3", percentile(connected, 50), "s", 2.5)
    bench.add("start: until /readyz says so, median of 3", percentile(ready, 50), "s", 4)
    bench.add("start: until the first words, less the model's, median of 3", percentile(answered, 50), "s", 4)


async def limits_off(bench: Bench) -> None:
    """Measure the first words where Slack limits nothing, and the CPU of turns and of none."""
    async with staged(bench, "limits off") as stage:
        await stage.vendor.seen()
        await _loads(bench, stage, "limits off", alone=(25, 60), random=(None, 100), once=(None, 600), cpu=30)
        bench.add("idle: CPU, of one core", await _idle(stage, bench.sizes.idle_s), "%", 3)


async def latency(bench: Bench) -> None:
    """Measure the first words where every Slack call takes 150 ms."""
    async with staged(bench, "150 ms a Slack call") as stage:
        await stage.slack.do("settings", latency_s=LATENCY_S)
        asked = await stage.load.one_at_a_time(bench.sizes.turns, LATENCY_S / 2)
        _first_words(bench, "150 ms a Slack call, one at a time", asked, (200, None))


async def limits_on(bench: Bench) -> None:
    """Show what becomes of answers where Slack limits every method, each load after a quiet minute."""
    sizes = bench.sizes
    loads: Mapping[str, Callable[[Stage], Awaitable[list[Asked]]]] = {
        "one at a time": lambda stage: stage.load.one_at_a_time(sizes.turns),
        "20 a second": lambda stage: stage.load.at_random(sizes.at_random, RATE),
        f"{sizes.at_once} at once": lambda stage: stage.load.at_once(sizes.rounds, sizes.at_once),
        "6 a second": lambda stage: stage.load.at_random(SLOW_COUNT, SLOW_RATE),
    }
    for name, run in loads.items():
        async with staged(bench, f"limits on, {name}", limits=True) as stage:
            asked, limited = await run(stage), stage.load.limited
        _first_words(bench, f"limits on, {name}", asked, (None, None))
        _shown(bench, f"limits on, {name}", asked, limited)


async def openai(bench: Bench) -> None:
    """Measure the CPU of a turn with the other vendor."""
    sizes = bench.sizes
    async with staged(bench, "openai", vendors=("openai",)) as stage:
        asked, cpu = await _at_once(bench, stage)
        _first_words(bench, f"openai, {sizes.at_once} at once", asked, (None, None))
        bench.add(f"openai, {sizes.at_once} at once: CPU a turn", cpu, "ms", 40)


async def memory(bench: Bench) -> None:
    """Measure the memory just connected, and after many turns and twice as many."""
    turns = bench.sizes.memory_turns
    async with staged(bench, "memory", asks="nothing") as stage:
        await stage.bot.ready()
        await asyncio.sleep(SETTLED_S)
        connected = stage.bot.usage.rss_mb
        sizes: list[float] = []
        for _ in range(2):
            await stage.load.at_random(turns, RATE)
            sizes.append(stage.bot.usage.rss_mb)
    bench.add("memory just connected", connected, "MB")
    bench.add(f"memory after {turns} turns", sizes[0], "MB", 210)
    bench.add(f"memory after {turns} turns, above just connected", sizes[0] - connected, "MB", 30)
    bench.add(f"memory after {2 * turns} turns, above {turns}", sizes[1] - sizes[0], "MB", 5)


async def yardstick(bench: Bench) -> None:
    """Measure the same with a bare loop, which says how fast this machine is."""
    async with staged(bench, "a bare loop", program="bare loop") as stage:
        await stage.vendor.seen()
        await _loads(bench, stage, "a bare loop")
        bench.add("a bare loop: memory", stage.bot.usage.rss_mb, "MB")


async def _loads(
    bench: Bench,
    stage: Stage,
    name: str,
    *,
    alone: Limits = (None, None),
    random: Limits = (None, None),
    once: Limits = (None, None),
    cpu: float | None = None,
) -> None:
    sizes = bench.sizes
    asked = await stage.load.one_at_a_time(sizes.turns)
    _first_words(bench, f"{name}, one at a time", asked, alone)
    took = [(seen.words_at[0] - seen.arrived) * 1000 for seen in await stage.vendor.seen() if seen.words_at]
    bench.add("  the model's time to first token beside it, p50 (300 taken off)", percentile(took, 50), "ms")
    asked = await stage.load.at_random(sizes.at_random, RATE)
    _first_words(bench, f"{name}, 20 a second", asked, random)
    asked, spent = await _at_once(bench, stage)
    _first_words(bench, f"{name}, {sizes.at_once} at once", asked, once)
    bench.add(f"{name}, {sizes.at_once} at once: CPU a turn", spent, "ms", cpu)


async def _at_once(bench: Bench, stage: Stage) -> tuple[list[Asked], float]:
    """Return what was asked at once, and the CPU of each turn in ms."""
    before = stage.bot.usage.cpu_s
    asked = await stage.load.at_once(bench.sizes.rounds, bench.sizes.at_once)
    return asked, (stage.bot.usage.cpu_s - before) * 1000 / len(asked)


async def _idle(stage: Stage, seconds: float) -> float:
    await asyncio.sleep(SETTLED_S)
    before, started = stage.bot.usage.cpu_s, time.monotonic()
    await asyncio.sleep(seconds)
    return (stage.bot.usage.cpu_s - before) * 100 / (time.monotonic() - started)


def _first_words(bench: Bench, name: str, asked: Sequence[Asked], at_most: Limits) -> None:
    times = [(one.first_s - TTFT_S) * 1000 for one in asked if one.first_s is not None]
    for percent, limit in zip((50, 95), at_most, strict=True):
        bench.add(f"{name}: first words, p{percent}", percentile(times, percent), "ms", limit)
    bench.add(f"{name}: not answered, of {len(asked)}", sum(one.done_at is None for one in asked), "", 0)
    bench.add(f"{name}: answered twice", sum(one.messages > 1 for one in asked), "", 0)


def _shown(bench: Bench, name: str, asked: Sequence[Asked], limited: Counter[str]) -> None:
    ways = Counter(one.way for one in asked)
    for way in WAYS:
        bench.add(f"{name}: shown by {way}", ways[way] * 100 / len(asked), "%")
    methods = f" ({', '.join(sorted(limited))})" if limited else ""
    bench.add(f"{name}: refused with 429{methods}", limited.total(), "")


PARTS: Mapping[str, Callable[[Bench], Awaitable[None]]] = {
    "start": start,
    "limits-off": limits_off,
    "latency": latency,
    "limits-on": limits_on,
    "openai": openai,
    "acks": acks,
    "memory": memory,
    "yardstick": yardstick,
}
