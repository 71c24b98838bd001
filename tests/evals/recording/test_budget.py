"""A budget holds whatever runs at once, and whatever vendors say that they used."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.recording import budget as module
from evals.recording.budget import Budget, BudgetModel, BudgetSpent, priced
from evals.recording.played import playing
from evals.sim import Fault, Reply, Script, Sim
from evals.sim import server as sim_server
from evals.sim.anthropic import AnthropicFormat
from evals.sim.openai import OpenAIFormat
from evals.sim.script import Body, Vendor
from evals.sim.settings import Record
from evals.sim.usage import Tokens
from evals.sim.wire import Answer, Rendered
from graph.errors import InputError, ModelError, RateLimited
from graph.models import ChatMessage, ChatModel, Event, Request
from graph.models.pool import ModelPool
from graph.models.prices import cost_usd
from graph.models.scripted import Reply as Scripted
from graph.models.scripted import ScriptedModel
from graph.tiers import Deadlines
from graph.turn import Usage
from tests.evals.recording.sample import sim_settings

MODELS = {
    "anthropic": ("claude-haiku-5-5", "claude-sonnet-5-5"),
    "openai": ("gpt-6-luna", "gpt-6.1-sol"),
}


def asked(model: str = "claude-haiku-5-5", text: str = "How long?", most: int = 700) -> Request:
    message = ChatMessage("user", text)
    return Request(model, "Answer from the passages. " * 200, (message,), "", "", (), max_output_tokens=most)


async def hear(model: ChatModel, request: Request) -> list[Event]:
    async with aclosing(model.stream(request)) as events:
        return [event async for event in events]


def true_cost(record: Record) -> float:
    """Return what a request costs by the stand-in's own count, whatever it told the client."""
    used = record.used
    if used is None:
        return 0.0
    usage = Usage(used.prompt, used.output, used.cache_read, used.cache_write)
    cost = cost_usd(record.vendor, str(record.body["model"]), usage)
    assert cost is not None
    return cost


class Lies:
    """What vendors say that they used: the truth, far too little, far too much, nothing at all."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def told(self, answer: Answer) -> Answer:
        factor = self.rng.choice([1, 1, 0, 0.05, 5])
        used = answer.used
        lie = Tokens(*(int(n * factor) for n in (used.fresh, used.cache_read, used.cache_write, used.output)))
        return replace(answer, used=lie if factor != 1 else used)

    def sent(self, rendered: Rendered) -> Rendered:
        if self.rng.random() > 0.2:
            return rendered
        return replace(
            rendered,
            opening=rendered.opening.replace(b'"usage"', b'"used"'),
            closing=rendered.closing.replace(b'"usage":{', b'"usage":{},"used":{'),
        )


class LyingAnthropic(AnthropicFormat):
    def __init__(self, lies: Lies) -> None:
        self.lies = lies

    def stream(self, answer: Answer) -> Rendered:
        return super().stream(self.lies.told(answer))


class LyingOpenAI(OpenAIFormat):
    def __init__(self, lies: Lies) -> None:
        self.lies = lies

    def stream(self, answer: Answer) -> Rendered:
        return self.lies.sent(super().stream(self.lies.told(answer)))


def at_random(rng: random.Random) -> Reply:
    faults = [
        None,
        None,
        None,
        None,
        Fault("cut", after=2),
        Fault("reset", after=3),
        Fault("status", status=500),
    ]
    words = "Returns are free for thirty days. " * rng.randint(1, 60)
    return Reply(words, ttft_s=rng.random() / 50, tokens_per_s=20_000, fault=rng.choice(faults))


@pytest.mark.parametrize("seed", range(6))
async def test_true_costs_stay_below_the_budget_at_any_concurrency(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(seed)
    lies = Lies(rng)
    monkeypatch.setattr(
        sim_server, "FORMATS", {"anthropic": LyingAnthropic(lies), "openai": LyingOpenAI(lies)}
    )
    monkeypatch.setattr(module, "WAIT_S", 0.5)
    budget = Budget(0.05 + rng.random() / 5)

    def rule(_vendor: Vendor, _body: Body) -> Reply:
        return at_random(rng)

    async with Sim(script=Script(rule)) as sim:
        pool = ModelPool(sim_settings(sim), Deadlines())
        models = {name: BudgetModel(pool.model(name), budget) for name in MODELS}

        async def one(number: int) -> None:
            provider = rng.choice(sorted(MODELS))
            model = rng.choice(MODELS[provider])
            text = "How long do I have to send shoes back? " * rng.randint(1, 40) + str(number)
            try:
                await hear(models[provider], asked(model, text, rng.choice([200, 700, 2000])))
            except (ModelError, BudgetSpent):
                return

        await asyncio.gather(*(one(number) for number in range(150)))
        await pool.close()
        true = sum(true_cost(record) for record in sim.requests)
        vendors = {record.vendor: record.headers["user-agent"] for record in sim.requests}
    assert budget.over
    assert 0.3 * budget.usd < budget.spent_usd
    assert true <= budget.usd
    assert budget._reserved == 0
    # The vendors' own SDKs, as the bot uses them.
    assert vendors["anthropic"].startswith("AsyncAnthropic/")
    assert vendors["openai"].startswith("AsyncOpenAI/")


@given(st.data())
def test_what_is_set_aside_never_passes_the_budget(data: st.DataObject) -> None:
    budget = Budget(data.draw(st.floats(0, 2)))

    async def run() -> None:
        held: list[tuple[int, float]] = []
        for _ in range(data.draw(st.integers(1, 30))):
            worst = data.draw(st.floats(0, 1))
            try:
                held.append((await budget.reserve(worst), worst))
            except BudgetSpent:
                assert budget.over
            for _ in range(min(len(held), data.draw(st.integers(0, 2)))):
                amount, most = held.pop(0)
                budget.settle(amount, most * data.draw(st.floats(0, 1)))
            assert budget._spent + budget._reserved <= budget.usd * module.NANO

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "WAIT_S", 0.0)
        asyncio.run(run())


async def test_a_refusal_within_a_trial_is_noted_and_calls_nobody() -> None:
    real = ScriptedModel.of("Thirty days.", provider="anthropic")
    model = BudgetModel(real, Budget(0.000001))
    with playing("a-case", 1) as played:
        await hear(model, asked())
    assert real.requests == []
    assert played.over
    assert played.refused.startswith(
        "The budget of $0.0000 is spent: $0.0000 used, and a call may cost up to $"
    )


async def test_a_refusal_outside_of_a_trial_is_an_error() -> None:
    model = BudgetModel(ScriptedModel.of("Thirty days.", provider="anthropic"), Budget(0.0))
    with pytest.raises(BudgetSpent, match="is spent"):
        await hear(model, asked())


async def test_a_model_of_unknown_price_is_refused_by_name() -> None:
    real = ScriptedModel.of("Thirty days.", provider="openai")
    with pytest.raises(InputError, match="No price is known for openai llama-local"):
        await hear(BudgetModel(real, Budget(100.0)), asked("llama-local"))
    assert real.requests == []


@pytest.mark.parametrize(
    ("reply", "spent"),
    [
        (Scripted("Thirty days.", usage=Usage(1000, 50)), "told"),
        (Scripted("Thirty days.", usage=Usage(0, 0)), "worst"),
        (Scripted("Thirty days.", usage=Usage(5, 50)), "worst"),
        (Scripted("Thirty days. " * 100, usage=Usage(1000, 3)), "worst"),
        (Scripted("Thirty days.", usage=Usage(1000, 50, 2000)), "worst"),
        (Scripted("", error=RateLimited("too many")), "nothing"),
        (Scripted("Thirty", error=RateLimited("too many")), "worst"),
    ],
)
async def test_what_a_call_counts_for(reply: Scripted, spent: str) -> None:
    budget = Budget(1.0)
    model = BudgetModel(ScriptedModel.of(reply, provider="anthropic"), budget)
    with suppress(RateLimited):
        await hear(model, asked())
    costs = {
        "told": cost_usd("anthropic", "claude-haiku-5-5", reply.usage),
        "worst": priced("anthropic", asked()),
        "nothing": 0.0,
    }
    assert budget.spent_usd == pytest.approx(costs[spent], abs=2e-9)


async def test_an_answer_that_is_ended_early_counts_at_its_worst() -> None:
    budget = Budget(1.0)
    model = BudgetModel(ScriptedModel.of("Thirty days.", provider="anthropic"), budget)
    events: AsyncGenerator[Event, None] = model.stream(asked())
    await anext(events)
    await events.aclose()
    assert budget.spent_usd == pytest.approx(priced("anthropic", asked()), abs=2e-9)


async def test_a_call_waits_for_what_others_give_back() -> None:
    worst = priced("anthropic", asked())
    budget = Budget(worst * 1.5)
    slow = ScriptedModel.of(Scripted("Thirty.", delay_s=0.2), "Forty.", provider="anthropic")
    model = BudgetModel(slow, budget)
    first, second = await asyncio.gather(hear(model, asked()), hear(model, asked()))
    assert len(slow.requests) == 2
    assert first != second
    assert not budget.over


def test_the_worst_case_counts_bytes_and_the_dearer_kind_of_input() -> None:
    request = asked(text="ü" * 10_000, most=1)
    tokens = 20_000 + len(request.system)
    written = cost_usd("anthropic", request.model, Usage(tokens, 1, 0, tokens))
    fresh = cost_usd("anthropic", request.model, Usage(tokens, 1))
    assert written is not None
    assert fresh is not None
    assert fresh < written < priced("anthropic", request) < 1.1 * written
