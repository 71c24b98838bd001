"""What playing, checking, writing and reporting many trials takes beside a bare loop of the same turns."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path

from evals.bench.suite_rounds import Round, play_round
from evals.bench.vendor import vendor
from evals.outputs.writing import write_all
from evals.running.stage import Way, open_stage
from evals.suite.case import Case, Trials
from evals.suite.gate import make_report
from evals.suite.people import somebody
from evals.suite.run import AT_ONCE, planned
from evals.suite.trials_file import NAME, Results, TrialsFile
from graph.support import open_support

ROUNDS = 12
"""Interleaved, so that a machine that grows slower slows both ways."""
BUDGET_USD = 100_000.0
"""Every call is set aside and settled as in a live run; stand-ins bill nothing."""


@dataclass(frozen=True, slots=True)
class Overhead:
    """What all rounds came to; each says how many trials were played up to its end."""

    rounds: tuple[Round, ...]
    report_ms: float
    """CPU a trial of reading all of them, judging the run, and writing its files."""
    void: int
    """Trials that ended in an error: above 0, the figures are of something else."""

    @property
    def bare_ms(self) -> float:
        """The median of the bare loops."""
        return statistics.median(each.bare_ms for each in self.rounds)

    @property
    def beside_ms(self) -> float:
        """The median of the differences within a round."""
        return statistics.median(each.run_ms - each.bare_ms for each in self.rounds)

    @property
    def early(self) -> Round:
        """The round that ends the first third."""
        return self.rounds[len(self.rounds) // 3 - 1]


def many_cases(cases: Sequence[Case], count: int, trials: int) -> tuple[Case, ...]:
    """Return so many cases, those given over and over, each with a name of its own and without a judge."""
    return tuple(
        replace(case, id=f"{case.id}-{number}", trials=Trials(trials, trials), rubric=())
        for number, case in enumerate(islice(cycle(cases), count))
    )


async def measure_overhead(cases: Sequence[Case], folder: Path, played: Callable[[], None]) -> Overhead:
    """Play cases, at least three, both ways in front of a stand-in process; leaves a run in `folder`.

    A run is played as `evals run --live` does it. `played` is called after each trial of either way.
    """
    trials = TrialsFile(folder / NAME)
    async with vendor(ttft_s=0, tokens_per_s=None) as stand_in:
        settings = stand_in.settings("anthropic")
        way = Way("live", budget_usd=BUDGET_USD, judged=False)
        async with (
            open_support(settings, people=somebody) as bare,
            open_stage(settings, way, folder / "none") as stage,
        ):
            await asyncio.to_thread(bare.warm_up().join)
            warm_up = TrialsFile(folder / "warm-up.jsonl")
            await play_round(cases[: AT_ONCE * 4], bare, stage, warm_up, lambda: None)
            warm_up.close()
            rounds: list[Round] = []
            for number in range(count := min(ROUNDS, len(cases))):
                found = await play_round(cases[number::count], bare, stage, trials, played)
                rounds.append(replace(found, played=found.played + (rounds[-1].played if rounds else 0)))
                await stand_in.seen()  # it forgets them, or its memory would press on this one's
    trials.close()
    return _reported(cases, trials, rounds, folder)


def _reported(cases: Sequence[Case], trials: TrialsFile, rounds: Sequence[Round], folder: Path) -> Overhead:
    started = time.process_time()
    report = make_report("bench", "live", trials.source, Results(cases, trials), None)
    write_all(report, folder)
    took_s = time.process_time() - started
    jobs = list(planned(cases))
    void = sum(not trials.known(case.id, number) for case, number in jobs)
    return Overhead(tuple(rounds), took_s * 1000 / len(jobs), void)
