"""Tokens to dollars; what is unknown stays unknown."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from graph.turn import Call, Usage

UNBILLED = {
    "unreachable",
    "rate_limited",
    "out_of_credit",
    "unauthorized",
    "unknown_model",
    "rejected",
    "too_long",
    "tools_unsupported",
}
"""What a vendor refuses before it begins costs nothing; of all else without usage the cost is unknown."""


def cost_usd(provider: str, model: str, usage: Usage | None) -> float | None:
    """Price one call in US dollars; None when the usage or the model's price is unknown."""
    if usage is None:
        return None
    if provider in ("extractive", "scripted"):
        return 0.0
    prices = _prices()
    counted = prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
    )
    try:
        price = prices.calc_price(counted, model_ref=model, provider_id=provider)
    except (LookupError, ValueError):  # a model that the price list does not know, or prices only in part
        return None
    return float(price.total_price)


def warm_up() -> None:
    """Load the price list now, so that no answer waits for it."""
    cost_usd("anthropic", "", Usage(1, 1))


def total_usd(calls: Iterable[Call]) -> float | None:
    """Sum the calls; None as soon as one of them is unknown."""
    total = 0.0
    for call in calls:
        if call.cost_usd is None:
            return None
        total += call.cost_usd
    return total


@lru_cache(maxsize=1)
def _prices() -> Any:
    # Late, because its price list takes 0.2 s to load and a bot without a key needs none.
    import genai_prices

    return genai_prices
