"""Tokens to dollars; what is unknown stays unknown."""

from __future__ import annotations

import json
from collections.abc import Iterable

from graph.models import Request
from graph.models.rates import rate_of
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

BEYOND = 1000
"""Tokens that vendors add to a request: its framing, and their instructions for tools."""
FRAMING = 16
"""Tokens around each message."""


def cost_usd(provider: str, model: str, usage: Usage | None) -> float | None:
    """Price one call in US dollars; None when the usage or the model's price is unknown."""
    if usage is None:
        return None
    if provider in ("extractive", "scripted"):
        return 0.0
    rate = rate_of(provider, model, usage.input_tokens)
    return rate.usd(usage) if rate else None


def worst_usd(provider: str, request: Request) -> float | None:
    """Return what a call can cost at most; None where the model's price is not known.

    No tokenizer makes more tokens than there are bytes, no answer is longer than its limit, and what a vendor
    writes into its cache may be dearer than what it only reads.
    """
    most = sent_bytes(request) + BEYOND + FRAMING * len(request.messages)
    costs = (
        cost_usd(provider, request.model, Usage(most, request.max_output_tokens, 0, written))
        for written in (0, most)
    )
    known = [cost for cost in costs if cost is not None]
    return max(known, default=None)


def sent_bytes(request: Request) -> int:
    """Return the size of all texts of a request, in UTF-8."""
    texts = [request.system, request.context, *(message.text for message in request.messages)]
    texts += [json.dumps([tool.description, tool.parameters], ensure_ascii=False) for tool in request.tools]
    return sum(len(text.encode("utf-8", "replace")) for text in texts)


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
