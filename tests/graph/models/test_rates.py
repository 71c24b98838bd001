"""A call's price from the rate is the price list's own, for every model that it knows of both vendors."""

from __future__ import annotations

import time

import genai_prices
import pytest
from genai_prices import data_snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.models import rates
from graph.models.prices import cost_usd
from graph.models.rates import rate_of
from graph.turn import Usage

MODELS = sorted(
    (provider.id, model.id)
    for provider in data_snapshot.get_snapshot().providers
    if provider.id in ("anthropic", "openai")
    for model in provider.models
)


def listed(provider: str, model: str, usage: Usage) -> float | None:
    """Ask the price list about this one call."""
    counted = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
    )
    try:
        return float(genai_prices.calc_price(counted, model_ref=model, provider_id=provider).total_price)
    except (LookupError, ValueError):
        return None


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    sizes = st.sampled_from([0, 1, 100_000, 128_000, 200_000, 200_001, 272_000, 272_001, 1_000_000])
    sent = draw(sizes | st.integers(0, 2_000_000))
    read = draw(st.integers(0, sent))
    return Usage(sent, draw(st.integers(0, 200_000)), read, draw(st.integers(0, sent - read)))


@settings(max_examples=300)
@given(st.sampled_from(MODELS), usages())
def test_a_rate_prices_as_the_list_does(model: tuple[str, str], usage: Usage) -> None:
    expected = listed(*model, usage)
    found = cost_usd(*model, usage)
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-12))


def test_a_longer_prompt_has_a_rate_of_its_own_from_the_next_token_on() -> None:
    starts = rates._longer_prompts("anthropic", "claude-haiku-5-5", int(time.time() // 60))
    assert starts
    start = min(starts)
    short, long = (rate_of("anthropic", "claude-haiku-5-5", size) for size in (start, start + 1))
    assert short is not None
    assert long is not None
    assert short.fresh < long.fresh


def test_the_list_is_not_asked_again_within_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_795_000_020.0
    monkeypatch.setattr("graph.models.rates.time.time", lambda: now)
    asked: list[str] = []
    real = rates._ask

    def ask(provider: str, model: str, *rest: int, **more: int) -> object:
        asked.append(model)
        return real(provider, model, *rest, **more)

    monkeypatch.setattr(rates, "_ask", ask)
    first = cost_usd("openai", "gpt-6.1-sol", Usage(1000, 10))
    assert asked
    asked.clear()
    assert cost_usd("openai", "gpt-6.1-sol", Usage(2000, 20)) == pytest.approx(2 * (first or 0))
    assert not asked
    now += 60
    cost_usd("openai", "gpt-6.1-sol", Usage(1000, 10))
    assert asked
