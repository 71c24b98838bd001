"""What a run will cost: the likely sum and the bound, against what the stand-in counts."""

from __future__ import annotations

from dataclasses import replace

from evals.recording.budget import Budget
from evals.sim import Script, Sim
from evals.suite.case import EscalationLabel, Trials
from evals.suite.estimate import estimate
from tests.evals.recording.sample import CASES, play_all, quoting, recording


async def test_the_bound_holds_and_the_likely_sum_is_of_the_right_size() -> None:
    budget = Budget(100.0)
    async with Sim(script=Script(quoting)) as sim, recording(sim, None, budget=budget) as support:
        expected = estimate(CASES, support)
        await play_all(support, "live")
    assert budget.spent_usd <= expected.most_usd
    assert 0.3 * budget.spent_usd <= expected.likely_usd <= 4 * budget.spent_usd
    assert expected.likely_usd < expected.most_usd


async def test_trials_and_labels_count() -> None:
    async with Sim() as sim, recording(sim, None) as support:
        once = estimate(CASES[:1], support)
        thrice = estimate([replace(CASES[0], trials=Trials(3, 2))], support)
        hard = estimate([replace(CASES[0], escalation=EscalationLabel("must", to="large"))], support)
        person = estimate([replace(CASES[0], escalation=EscalationLabel("must", to="person"))], support)
        nothing = estimate([], support)
    assert thrice.most_usd == 3 * once.most_usd
    assert (once.calls, thrice.calls, hard.calls, person.calls) == (1, 3, 2, 2)
    assert person.likely_usd < once.likely_usd < hard.likely_usd
    assert (nothing.likely_usd, nothing.most_usd, nothing.calls) == (0.0, 0.0, 0)
