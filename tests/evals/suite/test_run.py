"""Every trial is played once, so many at a time, and an interrupted run goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from evals.suite.case import Case, Trials
from evals.suite.run import run_cases
from evals.suite.trial import Trial
from evals.suite.trials_file import TrialsFile
from graph.errors import InputError
from tests.evals.suite.making import make_case, make_trial

CASES = [make_case("a", trials=Trials(3, 2)), make_case("b"), make_case("c")]


class Player:
    """Plays trials that pass, and counts."""

    def __init__(self, *, wait_at: int | None = None) -> None:
        self.played: list[tuple[str, int]] = []
        self.at_once = self.most_at_once = 0
        self.wait_at = wait_at
        self.waiting = asyncio.Event()

    async def __call__(self, case: Case, number: int) -> Trial:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0.001)
            if self.wait_at == len(self.played):
                self.waiting.set()
                await asyncio.Event().wait()
            self.played.append((case.id, number))
            return make_trial(case.id, number=number)
        finally:
            self.at_once -= 1


@pytest.fixture
def trials(tmp_path: Path) -> Iterator[TrialsFile]:
    """An empty file of trials."""
    file = TrialsFile(tmp_path / "cases.jsonl")
    yield file
    file.close()


async def test_each_case_is_played_as_often_as_it_says(trials: TrialsFile) -> None:
    player = Player()
    await run_cases(CASES, trials, player, at_once=2)
    assert sorted(player.played) == [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("c", 1)]
    assert player.most_at_once == 2
    assert all(trials.known(*key) for key in player.played)


async def test_as_often_as_is_asked_for(trials: TrialsFile) -> None:
    player = Player()
    await run_cases(CASES, trials, player, times=2)
    assert len(player.played) == 6


async def test_a_run_that_was_cancelled_goes_on_with_what_is_not_known(trials: TrialsFile) -> None:
    first, second = Player(wait_at=3), Player()
    running = asyncio.create_task(run_cases(CASES, trials, first, at_once=1))
    await first.waiting.wait()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await run_cases(CASES, trials, second)
    assert len(first.played) == 3
    assert sorted(first.played + second.played) == [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("c", 1)]


async def test_what_ended_in_an_error_is_played_again(trials: TrialsFile) -> None:
    trials.append(make_trial("b", "error"))
    trials.append(make_trial("c", "failed"))
    player = Player()
    await run_cases(CASES[1:], trials, player)
    assert player.played == [("b", 1)]


async def test_a_run_that_is_over_begins_nothing_new(trials: TrialsFile) -> None:
    player = Player()
    await run_cases(CASES, trials, player, at_once=1, over=lambda: len(player.played) == 2)
    assert len(player.played) == 2


async def test_a_trial_that_the_end_cut_is_not_written_and_is_played_when_the_run_goes_on(
    trials: TrialsFile,
) -> None:
    async def cut(case: Case, number: int) -> Trial:
        return make_trial(case.id, "error" if case.id == "b" else "passed", number=number)

    ended = False

    def over() -> bool:
        nonlocal ended
        before, ended = ended, trials.written("a", 3)
        return before

    await run_cases(CASES, trials, cut, at_once=1, over=over)
    assert not trials.written("b", 1)
    player = Player()
    await run_cases(CASES, trials, player)
    assert player.played == [("b", 1), ("c", 1)]


async def test_a_fault_of_the_player_ends_the_run_as_itself(trials: TrialsFile) -> None:
    async def fails(case: Case, number: int) -> Trial:
        raise InputError("There is no key.")

    with pytest.raises(InputError, match=r"^There is no key\.$"):
        await run_cases(CASES, trials, fails)
