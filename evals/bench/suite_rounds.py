"""A round of `evals bench suite`: the same cases by a bare loop and as a run, one after the other."""

from __future__ import annotations

import asyncio
import gc
import os
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from evals.bench.serving import usage
from evals.running.stage import Stage
from evals.suite.case import Case
from evals.suite.run import AT_ONCE, planned, run_cases
from evals.suite.trial import Trial
from evals.suite.trials_file import TrialsFile
from graph.run import Rated, remember, run_turn
from graph.support import Support
from graph.turn import Message, Turn


@dataclass(frozen=True, slots=True)
class Round:
    """What some of the cases took both ways; CPU of this process in ms a trial."""

    bare_ms: float
    run_ms: float
    played: int
    """Trials of the run."""
    rss_mb: float
    """Afterwards."""


async def play_round(
    cases: Sequence[Case], bare: Support, stage: Stage, trials: TrialsFile, played: Callable[[], None]
) -> Round:
    """Play cases on both, as many at once; `played` is called after each trial of either."""
    jobs = list(planned(cases))
    left = iter(jobs)

    async def loop() -> None:
        for case, number in left:
            await _converse(case, number, bare)
            played()

    async def play(case: Case, number: int) -> Trial:
        trial = await stage.play(case, number)
        played()
        return trial

    bare_s = await _cpu_s(lambda: asyncio.gather(*(loop() for _ in range(AT_ONCE))))
    run_s = await _cpu_s(lambda: run_cases(cases, trials, play))
    return Round(bare_s * 1000 / len(jobs), run_s * 1000 / len(jobs), len(jobs), _memory_mb())


async def _converse(case: Case, number: int, support: Support) -> None:
    """Play a case's turns and forget the conversation; nothing is looked at."""
    conversation = f"bare:{case.id}:{number}:{uuid.uuid4().hex[:12]}"
    for place, scripted in enumerate(case.turns, 1):
        if scripted.rating:
            await remember(support, conversation, Rated(scripted.rating))
        name = f"{conversation}:{place}"
        messages = (Message(name, scripted.user),)
        turn = Turn(name, conversation, "evals", messages, time.time(), audience=case.audience)
        async for _ in run_turn(support, turn):
            pass
    await support.saver.adelete_thread(conversation)


async def _cpu_s(work: Callable[[], Awaitable[object]]) -> float:
    gc.collect()  # or one way would be charged for the other's garbage
    started = time.process_time()
    await work()
    return time.process_time() - started


def _memory_mb() -> float:
    gc.collect()  # what only waits for the collector has not grown
    return usage(os.getpid()).rss_mb
