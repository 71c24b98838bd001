"""Tokens to dollars."""

from __future__ import annotations

import pytest

from graph.models.prices import cost_usd, total_usd
from graph.turn import Call, Usage

MILLION = 1_000_000

# Dollars for a million tokens: input, output, cache read, cache write. Prices of November 2026.
SHORT_PROMPTS = {
    ("anthropic", "claude-haiku-5-5"): (0.10, 0.50, 0.01, 0.125),
    ("anthropic", "claude-sonnet-5-5"): (2, 10, 0.10, 2.50),
    ("anthropic", "claude-opus-5-5"): (4, 20, 0.20, 5),
    ("openai", "gpt-6-luna"): (0.10, 0.50, 0.01, 0.125),
    ("openai", "gpt-6.1-terra"): (1, 5, 0.05, 1.25),
    ("openai", "gpt-6.1-sol"): (2, 10, 0.10, 2.5),
}


@pytest.mark.parametrize("model", SHORT_PROMPTS, ids=lambda model: model[1])
@pytest.mark.parametrize(
    "usage",
    [
        Usage(10_000, 500),
        Usage(10_000, 500, cache_read_tokens=8_000),
        Usage(10_000, 500, cache_write_tokens=8_000),
        Usage(10_000, 500, cache_read_tokens=6_000, cache_write_tokens=3_000),
        Usage(10_000, 0, cache_read_tokens=10_000),
        Usage(),
    ],
)
def test_a_call_costs_what_the_vendor_lists(model: tuple[str, str], usage: Usage) -> None:
    """`input_tokens` has the cached ones in it, whoever the vendor is."""
    fresh = usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens
    counts = (fresh, usage.output_tokens, usage.cache_read_tokens, usage.cache_write_tokens)
    dollars = sum(count * price for count, price in zip(counts, SHORT_PROMPTS[model], strict=True)) / MILLION
    assert cost_usd(*model, usage) == pytest.approx(dollars)


def test_a_long_prompt_costs_more() -> None:
    assert cost_usd("anthropic", "claude-haiku-5-5", Usage(200_000, 1_000)) == pytest.approx(0.1 + 0.0025)


@pytest.mark.parametrize(
    ("provider", "model", "usage"),
    [
        ("anthropic", "claude-haiku-5-5", None),
        ("openai", "llama3.2:3b", Usage(1000, 50)),
        ("openai", "", Usage(1000, 50)),
        ("nobody", "claude-haiku-5-5", Usage(1000, 50)),
        ("openai", "gpt-6-luna", Usage(10, 10, cache_read_tokens=50)),
    ],
)
def test_what_is_unknown_costs_unknown_and_not_nothing(
    provider: str, model: str, usage: Usage | None
) -> None:
    assert cost_usd(provider, model, usage) is None


@pytest.mark.parametrize("provider", ["extractive", "scripted"])
def test_what_runs_in_the_process_is_free(provider: str) -> None:
    assert cost_usd(provider, "any", Usage(1000, 50)) == 0.0


def call(cost: float | None) -> Call:
    return Call("small", "openai", "m", "ok", {}, cost_usd=cost)


@pytest.mark.parametrize(
    ("costs", "total"),
    [([], 0.0), ([0.25], 0.25), ([0.25, 0.5], 0.75), ([0.25, None], None), ([None], None), ([0.0, 0.0], 0.0)],
)
def test_a_turn_costs_its_calls_and_is_unknown_as_soon_as_one_is(
    costs: list[float | None], total: float | None
) -> None:
    assert total_usd(call(cost) for cost in costs) == total
