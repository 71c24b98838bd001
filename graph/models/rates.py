"""What a token costs: the price list is asked once a minute and model, as asking it takes longer than a rule.

A price list's answer is a sum over kinds of tokens, whose price depends on the model, the day, and on how
long the whole prompt is. So four questions give the prices of all calls of one model and length.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from graph.turn import Usage

MANY = 1_000_000


@dataclass(frozen=True, slots=True)
class Rate:
    """Dollars a token by kind."""

    fresh: Decimal
    cache_read: Decimal
    cache_write: Decimal
    output: Decimal

    def usd(self, usage: Usage) -> float | None:
        """Price one call; None for counts that cannot be: more read from a cache than there was."""
        fresh = usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens
        if min(fresh, usage.cache_read_tokens, usage.cache_write_tokens, usage.output_tokens) < 0:
            return None
        read, written = self.cache_read * usage.cache_read_tokens, self.cache_write * usage.cache_write_tokens
        return float(self.fresh * fresh + read + written + self.output * usage.output_tokens)


def rate_of(provider: str, model: str, input_tokens: int) -> Rate | None:
    """Return what tokens of a call with so long a prompt cost; None where the price list cannot tell."""
    minute = int(time.time() // 60)  # some prices begin on a day, or hold for hours of it
    starts = _longer_prompts(provider, model, minute)
    if starts is None:
        return None
    crossed = max((start for start in starts if input_tokens > start), default=0)
    return _rate(provider, model, crossed + 1, minute)


@lru_cache(maxsize=256)
def _longer_prompts(provider: str, model: str, minute: int) -> frozenset[int] | None:
    """Return the lengths of a prompt above which other prices hold; None where the model is not known."""
    price = _ask(provider, model, minute, 1)
    if price is None:
        return None
    tiers = (getattr(each, "tiers", ()) for each in vars(price.model_price).values())
    return frozenset(tier.start for each in tiers for tier in each)


@lru_cache(maxsize=256)
def _rate(provider: str, model: str, length: int, minute: int) -> Rate | None:
    asked = (
        _ask(provider, model, minute, length),
        _ask(provider, model, minute, length, cache_read_tokens=length),
        _ask(provider, model, minute, length, cache_write_tokens=length),
        _ask(provider, model, minute, length, output_tokens=MANY),
    )
    if any(price is None for price in asked):
        return None
    fresh, read, written, output = (price.total_price for price in asked)
    return Rate(fresh / length, read / length, written / length, (output - fresh) / MANY)


def _ask(provider: str, model: str, minute: int, input_tokens: int, **more: int) -> Any:
    prices = _prices()
    none = {"cache_read_tokens": 0, "cache_write_tokens": 0, "output_tokens": 0}
    usage = prices.Usage(**none | more, input_tokens=input_tokens)
    when = datetime.fromtimestamp(minute * 60, UTC)
    try:
        return prices.calc_price(usage, model_ref=model, provider_id=provider, genai_request_timestamp=when)
    except (LookupError, ValueError):  # a model that the price list does not know, or prices only in part
        return None


@lru_cache(maxsize=1)
def _prices() -> Any:
    # Late, because its price list takes 0.2 s to load and a bot without a key needs none.
    import genai_prices

    return genai_prices
