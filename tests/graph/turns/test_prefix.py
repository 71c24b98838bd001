"""The prompt begins with the same bytes turn after turn, so that vendors cache it, and it is priced so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evals.sim import Reply, Sim
from evals.sim.settings import Record
from graph.support import Support
from tests.graph.turns.talking import ESCALATES, HANDOVER, Vendor, say

PRICES = {
    "claude-haiku-5-5": (0.10, 0.50, 0.01, 0.125),
    "gpt-6-luna": (0.10, 0.50, 0.01, 0.125),
    "claude-sonnet-5-5": (2.0, 10.0, 0.10, 2.5),
    "gpt-6.1-sol": (2.0, 10.0, 0.10, 2.5),
}
"""US dollars a million tokens: in, out, read from the cache, written to it."""


def stable(record: Record) -> tuple[str, str]:
    """Return the JSON of tools and system prompt, as it was sent but for the cache's marks."""
    body = json.loads(record.raw)
    system = body["system"] if record.vendor == "anthropic" else body["messages"][0]
    return json.dumps(_bare(body["tools"])), json.dumps(_bare(system))


def said(record: Record) -> list[str]:
    """Return the JSON of the conversation's messages."""
    messages = json.loads(record.raw)["messages"]
    return [json.dumps(_bare(m)) for m in messages if m["role"] != "system"]


def _bare(part: Any) -> Any:
    if isinstance(part, list):
        return [_bare(item) for item in part]
    if isinstance(part, dict):
        return {key: _bare(value) for key, value in part.items() if key != "cache_control"}
    return part


def by_hand(record: Record) -> float:
    """Price one request from what the vendor counted."""
    used = record.used
    assert used is not None
    fresh, out, read, write = PRICES[str(record.body["model"])]
    sum_ = used.fresh * fresh + used.output * out + used.cache_read * read + used.cache_write * write
    return sum_ / 1_000_000


async def test_the_second_turn_begins_with_the_bytes_of_the_first(
    bot: Support, sim: Sim, vendor: Vendor
) -> None:
    """Tools, system prompt, the first question and answer; not what only the first turn needed."""
    sim.script.next(Reply("You have 30 days [1]."), Reply("Pack it well [1]."), Reply("In a week [1]."))
    await say(bot)
    await say(bot, "How should I pack a lamp that goes back?", id="t2")
    await say(bot, "When is my money there?", id="t3")
    first, second, third = sim.requests
    assert stable(first) == stable(second) == stable(third)
    question = said(first)[0]
    if vendor == "anthropic":
        blocks = json.loads(question)["content"]
        question = json.dumps({"role": "user", "content": blocks[:1]})
        assert said(second)[0] == question
    else:  # one string, in which the passages follow
        assert question.startswith(said(second)[0].removesuffix('"}'))
    assert said(third)[:2] == said(second)[:2]
    assert "<data-" not in said(second)[0]


async def test_cache_reads_are_counted_and_priced(bot: Support, sim: Sim) -> None:
    """The second turn reads what the first wrote; a turn's cost is the sum by hand."""
    sim.script.next(Reply("You have 30 days [1]."), Reply("Pack it well [1]."))
    first = await say(bot)
    second = await say(bot, "How should I pack a lamp that goes back?", id="t2")
    for heard, record in zip((first, second), sim.requests, strict=True):
        usage, used = heard.record.calls[0].usage, record.used
        assert usage is not None
        assert used is not None
        assert usage.input_tokens == used.prompt
        assert usage.output_tokens == used.output
        assert (usage.cache_read_tokens, usage.cache_write_tokens) == (used.cache_read, used.cache_write)
        assert heard.record.cost_usd == pytest.approx(by_hand(record), rel=1e-9)
    assert sim.requests[0].used is not None
    assert sim.requests[0].used.cache_write > 512
    assert sim.requests[1].used is not None
    assert sim.requests[1].used.cache_read > 512
    assert (second.record.cost_usd or 1) < (first.record.cost_usd or 0)


async def test_a_hard_turn_costs_the_sum_of_both_models(bot: Support, sim: Sim) -> None:
    """Each call at the price of its own model."""
    sim.script.next(Reply(tools=(ESCALATES,)), Reply("Until Friday [1]."))
    heard = await say(bot)
    assert heard.record.cost_usd == pytest.approx(sum(by_hand(record) for record in sim.requests), rel=1e-9)
    assert len(sim.requests) == 2


async def test_a_handover_is_no_part_of_what_is_cached(bot: Support, sim: Sim) -> None:
    """It stands behind the customer's words; the next turn's history does not repeat it."""
    sim.script.next(Reply(tools=(ESCALATES,)), Reply("Until Friday [1]."), Reply("Pack it well [1]."))
    await say(bot)
    await say(bot, "How should I pack a lamp that goes back?", id="t2")
    assert HANDOVER in sim.requests[1].raw.decode()
    assert HANDOVER not in sim.requests[2].raw.decode()
