"""`evals bench turn`: what a turn costs beside the model, through graph, adapter and HTTP stand-in."""

from __future__ import annotations

import asyncio
import resource
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import Progress

from evals.bench.figures import Figure, figures_table, percentile
from evals.bench.vendor import Seen, Vendor, vendor
from graph.run import run_turn
from graph.support import Support, open_support
from graph.turn import Finished, Message, TextDelta, Turn

QUESTIONS = (
    "How long do I have to send back a jacket that does not fit?",
    "What does delivery to Austria cost for a parcel of three kilos?",
    "Can I pay half with a gift card and half with my credit card?",
    "Do you repair tents that are out of warranty, and who pays the postage?",
    "Where do I find the invoice for an order from last month?",
)
PIECE = 4
"""Characters of a piece of text that the stand-in sends."""
WARM_UP = 3
"""Turns that are not counted: they open connections and fill caches."""
ONE_BY_ONE = 8000.0
"""Tokens a second that come as an event and a packet each, and hardly leave a pause."""


@dataclass(slots=True)
class Sample:
    """One turn."""

    before_ms: float
    """From the call of run_turn to the request's arrival at the vendor."""
    out_ms: list[float]
    """Of each piece of text: from the vendor's writing it to its being handed to the caller."""
    cpu_ms: float


@dataclass(slots=True)
class Bench:
    """Runs the parts and collects figures."""

    turns: int
    progress: Progress
    figures: list[Figure] = field(default_factory=list)

    def add(self, name: str, value: float, unit: str, at_most: float | None = None) -> None:
        """Add a figure."""
        self.figures.append(Figure(name, value, unit, at_most))


async def bench_turn(console: Console, *, turns: int) -> int:
    """Print the figures; returns 1 where one is over its limit."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bench = Bench(turns, progress)
        _imports(bench)
        for provider, cpu_limit in (("anthropic", 15.0), ("openai", 25.0)):
            await _one_at_a_time(bench, provider)
            await _cpu_of_a_turn(bench, provider, "at once", None, cpu_limit)
            await _cpu_of_a_turn(bench, provider, "one by one", ONE_BY_ONE, cpu_limit)
        await _long_conversation(bench)
        await _at_once(bench)
    bench.add(
        "memory of this process at its end", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB"
    )
    console.print(figures_table("A turn, beside the model's own time", bench.figures))
    return 0 if all(figure.fine for figure in bench.figures) else 1


def _turn(conversation: str, text: str) -> Turn:
    name = uuid.uuid4().hex
    messages = (Message(name, text),)
    return Turn(name, conversation, "bench", messages, time.time(), audience="internal")


async def _run(
    support: Support, conversation: str, text: str
) -> tuple[float, list[tuple[float, int]], float]:
    """Run a turn; returns its start, (time, characters so far) of each delta, and its CPU in ms."""
    cpu, start = time.process_time(), time.perf_counter()
    shown: list[tuple[float, int]] = []
    length = 0
    async for chunk in run_turn(support, _turn(conversation, text)):
        if isinstance(chunk, TextDelta):
            length += len(chunk.text)
            shown.append((time.perf_counter(), length))
        elif isinstance(chunk, Finished):
            assert chunk.record.outcome == "answered", chunk.record
    return start, shown, (time.process_time() - cpu) * 1000


def _sample(run: tuple[float, list[tuple[float, int]], float], seen: Seen) -> Sample:
    start, shown, cpu = run
    out: list[float] = []
    deltas = iter(shown)
    at, length = next(deltas)
    for place, written in enumerate(seen.words_at, start=1):
        while length < place * PIECE:
            following = next(deltas, None)
            if following is None:
                return Sample((seen.arrived - start) * 1000, out, cpu)
            at, length = following
        out.append((at - written) * 1000)
    return Sample((seen.arrived - start) * 1000, out, cpu)


async def _one_at_a_time(bench: Bench, provider: str) -> None:
    samples: list[Sample] = []
    task = bench.progress.add_task(f"{provider}, one at a time", total=bench.turns)
    async with (
        vendor(ttft_s=0.02, tokens_per_s=250) as stand_in,
        open_support(stand_in.settings(provider)) as support,
    ):
        support.warm_up().join()
        for number in range(bench.turns + WARM_UP):
            run = await _run(support, f"{provider}-{number}", QUESTIONS[number % len(QUESTIONS)])
            sample = _sample(run, (await stand_in.seen())[0])
            if number >= WARM_UP:
                samples.append(sample)
                bench.progress.advance(task)
    before = sorted(s.before_ms for s in samples)
    bench.add(f"{provider}: before the request leaves, p50", statistics.median(before), "ms", 10)
    bench.add(f"{provider}: before the request leaves, p95", percentile(before, 95), "ms", 20)
    out = sorted(ms for s in samples for ms in s.out_ms)
    bench.add(f"{provider}: words out after they came in, p50", statistics.median(out), "ms", 3)
    bench.add(f"{provider}: words out after they came in, p95", percentile(out, 95), "ms")


async def _cpu_of_a_turn(
    bench: Bench, provider: str, how: str, tokens_per_s: float | None, limit: float | None
) -> None:
    """Measure a turn's CPU beside a bare SDK loop, in turn.

    Tokens come without pauses: a machine that goes to sleep between two tokens charges the waking up (0.1 ms
    and more) to whoever it wakes, which says nothing of the program. `_at_once` measures with pauses.
    """
    turn: list[float] = []
    bare: list[float] = []
    rounds = bench.turns * 2
    task = bench.progress.add_task(f"{provider}, CPU, tokens {how}", total=rounds)
    async with (
        vendor(ttft_s=0, tokens_per_s=tokens_per_s) as stand_in,
        open_support(stand_in.settings(provider)) as support,
    ):
        support.warm_up().join()
        ask = _bare_loop(provider, stand_in)
        for number in range(rounds + WARM_UP):
            *_, cpu = await _run(support, f"cpu-{number}", QUESTIONS[number % len(QUESTIONS)])
            spent = await _cpu(ask)
            if number >= WARM_UP:
                turn.append(cpu)
                bare.append(spent)
                bench.progress.advance(task)
    bench.add(f"{provider}: CPU of a turn, 85 tokens {how}, p50", statistics.median(turn), "ms", limit)
    bench.add(f"{provider}: a bare SDK loop, 85 tokens {how}, p50", statistics.median(bare), "ms")


async def _cpu(work: Callable[[], Awaitable[None]]) -> float:
    started = time.process_time()
    await work()
    return (time.process_time() - started) * 1000


def _bare_loop(provider: str, stand_in: Vendor) -> Callable[[], Awaitable[None]]:
    """Make the smallest program that does the same with the vendor's SDK alone."""
    url = stand_in.urls[provider]
    messages: list[Any] = [{"role": "user", "content": QUESTIONS[0]}]
    if provider == "anthropic":
        from anthropic import AsyncAnthropic

        claude = AsyncAnthropic(api_key="sim-key", base_url=url, max_retries=0)

        async def ask() -> None:
            async for _ in await claude.messages.create(
                model="claude-haiku-5-5",
                max_tokens=700,
                messages=messages,
                thinking={"type": "disabled"},
                stream=True,
            ):
                pass

        return ask
    from openai import AsyncOpenAI

    gpt = AsyncOpenAI(api_key="sim-key", base_url=url, max_retries=0)

    async def ask_openai() -> None:
        async for _ in await gpt.chat.completions.create(
            model="gpt-6-luna",
            messages=messages,
            reasoning_effort="none",
            stream=True,
            stream_options={"include_usage": True, "include_obfuscation": False},
        ):
            pass

    return ask_openai


async def _long_conversation(bench: Bench) -> None:
    early: list[float] = []
    late: list[float] = []
    size = 0
    task = bench.progress.add_task("a conversation of 200 turns, three times", total=600)
    async with (
        vendor(ttft_s=0, tokens_per_s=None) as stand_in,
        open_support(stand_in.settings("anthropic")) as support,
    ):
        support.warm_up().join()
        for conversation in ("warm-up", "one", "two", "three"):
            for number in range(1, 6 if conversation == "warm-up" else 206):
                text = f"{QUESTIONS[number % len(QUESTIONS)]} It is about order {uuid.uuid4().hex}."
                *_, cpu = await _run(support, conversation, text)
                if conversation != "warm-up":
                    early += [cpu] if 3 <= number <= 8 else []
                    late += [cpu] if 198 <= number <= 205 else []
                    bench.progress.advance(task)
            size = max(size, await support.saver.size(conversation))
    bench.add("turn 5 of a conversation: CPU, p50", statistics.median(early), "ms")
    bench.add("turn 200 of a conversation: CPU, p50", statistics.median(late), "ms")
    bench.add("turn 200 against turn 5", statistics.median(late) / statistics.median(early), "times", 1.2)
    bench.add("state after 205 turns", size / 1024, "KB", 64)


async def _at_once(bench: Bench) -> None:
    lags: list[float] = []

    async def watch() -> None:
        while True:
            due = time.perf_counter() + 0.005
            await asyncio.sleep(0.005)
            lags.append((time.perf_counter() - due) * 1000)

    async with (
        vendor(ttft_s=0.3, tokens_per_s=100) as stand_in,
        open_support(stand_in.settings("anthropic")) as support,
    ):
        support.warm_up().join()
        await _run(support, "warm-up", QUESTIONS[0])
        watching = asyncio.create_task(watch())
        cpu, started = time.process_time(), time.perf_counter()
        await asyncio.gather(
            *(_run(support, f"at-once-{n}", QUESTIONS[n % len(QUESTIONS)]) for n in range(100))
        )
        cpu, wall = time.process_time() - cpu, time.perf_counter() - started
        watching.cancel()
    bench.add("100 at once: loop lag, p99", percentile(lags, 99), "ms", 100)
    bench.add("100 at once: CPU a turn", cpu * 10, "ms")
    bench.add("100 at once: until the last is answered", wall, "s")


IMPORTS = """
import resource, sys, time
started = time.perf_counter()
import graph.run
took = (time.perf_counter() - started) * 1000
late = {"anthropic", "openai", "genai_prices", "py3langid", "phonenumbers", "slack_bolt"}
unneeded = late & sys.modules.keys()
assert not unneeded, f"imported without need: {unneeded}"
print(took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def _imports(bench: Bench) -> None:
    runs = [
        subprocess.run([sys.executable, "-c", IMPORTS], check=True, capture_output=True, text=True)
        for _ in range(4)
    ]
    numbers = [[float(n) for n in run.stdout.split()] for run in runs[1:]]
    bench.add("import of the bot without SDKs, median of 3", statistics.median(n[0] for n in numbers), "ms")
    bench.add("memory after it", statistics.median(n[1] for n in numbers), "MB")
