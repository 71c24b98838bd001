"""The day's budget: what calls cost is counted by all processes, those of dead ones at their worst."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis

from bot.control.budget import OVER_S, Budget
from graph.allowance import NEARLY, SPENT, Allowance, within
from graph.turn import PERSON, Route
from tests.fakes import LADDER


@dataclass
class Clock:
    """A time that a test moves."""

    now: float = 1_000_000_000.0

    def __call__(self) -> float:
        return self.now


async def spend(budget: Budget, usd: float) -> None:
    """Let a call have cost so much."""
    await budget.end(await budget.begin(0.0), usd)


async def test_what_is_allowed_shrinks_with_what_is_left(redis: Redis) -> None:
    budget = Budget(redis, 1.0, Clock())
    seen: list[Allowance] = [await budget.allowance()]
    for usd in (0.89, 0.02, 0.08, 0.02):
        await spend(budget, usd)
        seen.append(await budget.allowance())
    assert seen == ["all", "all", "smallest", "smallest", "none"]
    assert await Budget(redis, 2.0, Clock()).allowance() == "all"


async def test_a_new_day_has_a_new_budget(redis: Redis) -> None:
    clock = Clock()
    budget = Budget(redis, 1.0, clock)
    await spend(budget, 5.0)
    clock.now += 86_400
    assert await budget.spent_usd() == 0
    assert await budget.allowance() == "all"


async def test_a_budget_of_nothing_is_spent(redis: Redis) -> None:
    assert await Budget(redis, 0.0, Clock()).allowance() == "none"


async def test_a_call_whose_process_died_counts_at_its_worst_and_once(redis: Redis) -> None:
    clock = Clock()
    budget = Budget(redis, 1.0, clock)
    name = await budget.begin(0.25)
    assert await budget.spent_usd() == 0
    clock.now += OVER_S + 1
    assert await budget.spent_usd() == pytest.approx(0.25)
    await budget.end(name, 0.01)  # it had only seemed dead
    assert await budget.spent_usd() == pytest.approx(0.25)


async def test_calls_under_way_count_against_what_is_allowed_but_are_not_spent(redis: Redis) -> None:
    budget = Budget(redis, 1.0, Clock())
    one, two = await budget.begin(0.6), await budget.begin(0.6)
    assert await budget.allowance() == "none"
    assert await budget.spent_usd() == 0
    await budget.end(one, 0.01)
    await budget.end(two, 0.01)
    left: Allowance = await budget.allowance()
    assert left == "all"
    assert await budget.spent_usd() == pytest.approx(0.02)


async def test_many_calls_at_once_are_all_counted(redis: Redis) -> None:
    budget = Budget(redis, 1.0, Clock())
    await asyncio.gather(*(spend(budget, 0.001) for _ in range(40)))
    assert await budget.spent_usd() == pytest.approx(0.04)


@pytest.mark.parametrize(
    ("tier", "allowance", "people", "covered", "asked", "becomes"),
    [
        ("large", "all", True, True, False, Route("large", "r")),
        ("small", "smallest", True, True, False, Route("small", "r")),
        ("large", "smallest", True, True, False, Route(PERSON, NEARLY, "budget")),
        ("large", "smallest", False, True, False, Route("small", NEARLY, "budget")),
        ("large", "smallest", False, True, True, Route("extractive", NEARLY, "budget")),
        ("large", "smallest", False, False, True, Route(PERSON, NEARLY, "budget")),
        ("small", "none", True, True, False, Route(PERSON, SPENT, "budget")),
        ("small", "none", False, True, False, Route("extractive", SPENT, "budget")),
        ("small", "none", False, None, False, Route(PERSON, SPENT, "budget")),
        (PERSON, "none", True, True, False, Route(PERSON, "r")),
        ("phrase", "none", True, True, False, Route("phrase", "r")),
    ],
)
def test_a_route_keeps_within_what_may_be_spent(
    tier: str, allowance: Allowance, people: bool, covered: bool | None, asked: bool, becomes: Route
) -> None:
    found = within(Route(tier, "r"), allowance, LADDER, people=people, covered=covered, asked=asked)
    assert found == becomes
