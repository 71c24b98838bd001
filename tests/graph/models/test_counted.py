"""A counted call: noted at its worst before it is made, and afterwards at what it was."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from graph.allowance import Allowance
from graph.errors import CutOff, ModelError, RateLimited, StateError
from graph.models import ChatMessage, Request
from graph.models.counted import CountedModel
from graph.models.prices import cost_usd, worst_usd
from graph.models.scripted import Reply, ScriptedModel
from graph.turn import Usage

MODEL = "claude-haiku-5-5"
REQUEST = Request(MODEL, "Be kind.", (ChatMessage("user", "Hello"),), "", "Hello", ())


@dataclass
class Purse:
    """Keeps what it is told."""

    begun: list[float] = field(default_factory=list)
    ended: list[tuple[str, float]] = field(default_factory=list)
    away: bool = False

    async def allowance(self) -> Allowance:
        return "all"

    async def begin(self, worst_usd: float) -> str:
        if self.away:
            raise StateError("Redis is away.")
        self.begun.append(worst_usd)
        return f"call {len(self.begun)}"

    async def end(self, name: str, cost_usd: float) -> None:
        self.ended.append((name, cost_usd))


async def hear(purse: Purse, *replies: Reply) -> ScriptedModel:
    """Hear one call out."""
    model = ScriptedModel.of(*replies, provider="anthropic")
    async for _ in CountedModel(model, purse).stream(REQUEST):
        pass
    return model


async def test_a_call_counts_at_what_it_cost() -> None:
    purse, used = Purse(), Usage(10_000, 500)
    await hear(purse, Reply("Hi", usage=used))
    assert purse.begun == [worst_usd("anthropic", REQUEST)]
    assert purse.ended == [("call 1", cost_usd("anthropic", MODEL, used))]


@pytest.mark.parametrize(
    ("reply", "share"),
    [(Reply(error=RateLimited("busy")), 0.0), (Reply("Hel", error=CutOff("cut")), 1.0)],
    ids=["refused before it began", "cut in the middle"],
)
async def test_a_call_of_unknown_cost_counts_at_its_worst(reply: Reply, share: float) -> None:
    purse = Purse()
    with pytest.raises(ModelError):
        await hear(purse, reply)
    assert purse.ended == [("call 1", share * (worst_usd("anthropic", REQUEST) or 0.0))]


async def test_a_call_that_cannot_be_noted_is_not_made() -> None:
    purse, model = Purse(away=True), ScriptedModel.of("Hi", provider="anthropic")
    with pytest.raises(StateError):
        async for _ in CountedModel(model, purse).stream(REQUEST):
            pass
    assert not model.requests


def test_the_worst_is_never_less_than_what_a_call_can_cost() -> None:
    sent = len("Be kind.Hello")
    least = cost_usd("anthropic", MODEL, Usage(sent, REQUEST.max_output_tokens, cache_write_tokens=sent))
    worst = worst_usd("anthropic", REQUEST)
    assert least is not None
    assert worst is not None
    assert worst > least


async def test_a_model_without_a_known_price_counts_for_nothing() -> None:
    purse = Purse()
    model = CountedModel(ScriptedModel.of("Hi", provider="openai"), purse)
    async for _ in model.stream(replace(REQUEST, model="llama-local")):
        pass
    assert purse.begun == [0.0]
    assert purse.ended == [("call 1", 0.0)]
