"""Play all cases, so many at once; of each trial, once written, only its place in the file is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from evals.suite.case import Case
from evals.suite.trial import Trial
from evals.suite.trials_file import TrialsFile

AT_ONCE = 8
Player: TypeAlias = Callable[[Case, int], Awaitable[Trial]]
"""Plays a trial of a case; its number is from 1."""


def never() -> bool:
    """Tell that nothing ends the run early."""
    return False


async def run_cases(
    cases: Sequence[Case],
    trials: TrialsFile,
    player: Player,
    *,
    times: int | None = None,
    at_once: int = AT_ONCE,
    console: Console | None = None,
    over: Callable[[], bool] = never,
) -> None:
    """Play every trial that is not yet known, and write it to the file.

    `times` stands for the number of trials that each case says; `over` is asked before each trial, and ends
    the run when it tells so: a trial that it ended in an error was not played, and is not written. A run that
    was cancelled goes on where it was by being called again. Progress goes to `console`. Raises what `player`
    raises, the first of it.
    """
    left = [(case, number) for case, number in planned(cases, times) if not trials.known(case.id, number)]
    with _progress(console) as progress:
        task = progress.add_task("playing", total=len(left))
        jobs = iter(left)

        async def work() -> None:
            for case, number in jobs:
                if over():
                    return
                trial = await player(case, number)
                if trial.status == "error" and over():
                    return
                trials.append(trial)
                progress.advance(task)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(at_once, len(left))):
                    group.create_task(work())
        except ExceptionGroup as faults:
            raise faults.exceptions[0] from None


def planned(cases: Sequence[Case], times: int | None = None) -> Iterator[tuple[Case, int]]:
    """Yield every trial of a run."""
    return ((case, number) for case in cases for number in range(1, (times or case.trials.n) + 1))


def _progress(console: Console | None) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    shows = console is not None and console.is_terminal
    return Progress(*columns, console=console, transient=True, disable=not shows, refresh_per_second=5)
