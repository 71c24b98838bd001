"""Whole answers over the real SDKs: text, tools, thinking, pace, and what is remembered of each request."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import anthropic
import openai
import pytest

from evals.sim import DefaultRule, Reply, Sim, ToolUse
from evals.sim.script import answer, pieces
from tests.evals.sim.asking import CLAUDE_TOOL, GPT_TOOL, HELLO, Heard, ask_claude, ask_gpt

HARD: list[dict[str, Any]] = [{"role": "user", "content": "Weigh these two laws against each other [hard]"}]
BOTH = ("claude", "gpt")


class Clients:
    """Asks either vendor in the same words."""

    def __init__(self, claude: anthropic.AsyncAnthropic, gpt: openai.AsyncOpenAI) -> None:
        self.claude, self.gpt = claude, gpt

    async def ask(
        self, vendor: str, heard: Heard | None = None, *, tools: bool = False, **changed: Any
    ) -> Heard:
        if tools:
            changed["tools"] = [CLAUDE_TOOL if vendor == "claude" else GPT_TOOL]
        if vendor == "claude":
            return await ask_claude(self.claude, heard, **changed)
        return await ask_gpt(self.gpt, heard, **changed)


@pytest.fixture
def clients(claude: anthropic.AsyncAnthropic, gpt: openai.AsyncOpenAI) -> Clients:
    return Clients(claude, gpt)


async def test_anthropics_events_come_in_the_vendors_order(clients: Clients) -> None:
    heard = await clients.ask("claude")
    deltas = heard.kinds.count("content_block_delta")
    expected = ["message_start", "content_block_start", *["content_block_delta"] * deltas]
    assert heard.kinds == [*expected, "content_block_stop", "message_delta", "message_stop"]
    assert deltas == heard.usage.output_tokens == 85


@pytest.mark.parametrize("vendor", BOTH)
async def test_small_models_answer_in_85_tokens_with_words_no_other_answer_has(
    vendor: str, clients: Clients
) -> None:
    first, second = await clients.ask(vendor), await clients.ask(vendor)
    assert len(first.text) == 85
    assert first.stop in ("end_turn", "stop")
    assert first.words.startswith("Case ")
    assert first.words[:13] != second.words[:13]


@pytest.mark.parametrize(("vendor", "model"), [("claude", "claude-sonnet-5-5"), ("gpt", "gpt-6.1-sol")])
async def test_large_models_answer_at_length_and_never_escalate(
    vendor: str, model: str, clients: Clients
) -> None:
    changed = {"thinking": {"type": "adaptive"}} if vendor == "claude" else {"reasoning_effort": "low"}
    heard = await clients.ask(vendor, model=model, messages=HARD, tools=True, **changed)
    assert len(heard.text) == 255
    assert not heard.tools


@pytest.mark.parametrize("vendor", BOTH)
async def test_a_small_model_escalates_by_tool_where_it_has_one_else_by_marker(
    vendor: str, clients: Clients
) -> None:
    with_tool = await clients.ask(vendor, messages=HARD, tools=True)
    (call,) = with_tool.calls
    assert call[0] == "escalate"
    assert set(json.loads(call[1])) == {"reason", "handover"}
    assert with_tool.stop in ("tool_use", "tool_calls")
    without = await clients.ask(vendor, messages=HARD)
    assert without.words.startswith("ESCALATE: complex | ")


def test_the_reason_for_escalating_is_one_that_the_tool_allows() -> None:
    schema = {"type": "object", "properties": {"reason": {"enum": ["legal", "money"]}}}
    body = {
        "model": "gpt-6-luna",
        "messages": HARD,
        "tools": [{"function": {"name": "escalate", "parameters": schema}}],
    }
    reply = DefaultRule()("openai", body)
    assert reply.tools[0].parsed["reason"] == "legal"


@pytest.mark.parametrize("vendor", BOTH)
@pytest.mark.parametrize(
    ("tools", "arguments"),
    [
        ((ToolUse(arguments='{"reason": "x"}'),), ['{"reason": "x"}']),
        ((ToolUse(arguments='{"reason": "x"}', split=False),), ['{"reason": "x"}']),
        ((ToolUse(arguments='{"reason": "x}'),), ['{"reason": "x}']),
        ((ToolUse(arguments='{"reason": "long words"}', cut=True),), ['{"reason": "']),
        ((ToolUse(arguments='{"n": 1}'), ToolUse("other", '{"n": 2}')), ['{"n": 1}', '{"n": 2}']),
    ],
    ids=["split", "whole", "invalid", "cut", "two"],
)
async def test_tool_calls_come_after_their_preamble_as_they_were_written(
    vendor: str, tools: tuple[ToolUse, ...], arguments: list[str], sim: Sim, clients: Clients
) -> None:
    sim.script.next(Reply("Let me see.", tools))
    heard = await clients.ask(vendor, tools=True)
    assert heard.words == "Let me see."
    assert [said for _, said in heard.calls] == arguments
    assert [name for name, _ in heard.calls] == [tool.name for tool in tools]
    parts = [part for _, said in heard.tools.values() for part in said if part]
    assert (len(parts) > len(tools)) == (tools[0].split and len(arguments[0]) > 4)


@pytest.mark.parametrize("vendor", BOTH)
async def test_without_streaming_the_same_answer_comes_as_one_document(
    vendor: str, sim: Sim, clients: Clients
) -> None:
    sim.script.next(Reply("Let me see.", (ToolUse(arguments='{"n": 1}'),), ttft_s=0.05))
    if vendor == "claude":
        message = await clients.claude.messages.create(
            model="claude-haiku-4-5", max_tokens=50, messages=[{"role": "user", "content": "Hi"}]
        )
        text, tool = message.content
        assert text.type == "text"
        assert tool.type == "tool_use"
        assert (text.text, tool.input, message.stop_reason) == ("Let me see.", {"n": 1}, "tool_use")
        assert message.usage.output_tokens == 3 + 8 + 2
    else:
        done = await clients.gpt.chat.completions.create(
            model="gpt-6-luna", messages=[{"role": "user", "content": "Hi"}], reasoning_effort="none"
        )
        choice = done.choices[0]
        assert (choice.message.content, choice.finish_reason) == ("Let me see.", "tool_calls")
        assert choice.message.tool_calls
        assert done.usage
        assert done.usage.completion_tokens == 3 + 8 + 2


@pytest.mark.parametrize("vendor", BOTH)
async def test_the_pace_is_kept_without_drift(vendor: str, sim: Sim, clients: Clients) -> None:
    sim.script.next(Reply(answer(60), ttft_s=0.1, tokens_per_s=200))
    heard = await clients.ask(vendor)
    (record,) = sim.requests
    offsets = [at - record.arrived for at in record.words_at]
    assert len(offsets) == 60
    assert 0.099 <= offsets[0] <= 0.15
    assert offsets[-1] - 0.1 == pytest.approx(59 / 200, abs=0.06)
    assert all(0 <= got - sent < 0.1 for got, sent in zip(heard.at, record.words_at, strict=True))


@pytest.mark.parametrize("vendor", BOTH)
async def test_characters_split_over_segments_arrive_whole(vendor: str, sim: Sim, clients: Clients) -> None:
    text = "Grüße aus Köln, 寄送中 🚚 ждите"
    sim.script.next(Reply(text, split_characters=True))
    assert (await clients.ask(vendor)).words == text


async def test_a_model_that_thinks_is_silent_first_and_says_so_with_a_block(
    sim: Sim, claude: anthropic.AsyncAnthropic
) -> None:
    sim.script.next(*(Reply("Done.", thinking_s=0.1) for _ in range(3)))
    plain = await ask_claude(claude)
    omitted = await ask_claude(claude, thinking={"type": "adaptive"})
    shown = await ask_claude(claude, thinking={"type": "adaptive", "display": "summarized"})
    assert plain.usage.output_tokens_details.thinking_tokens == 0
    assert omitted.usage.output_tokens_details.thinking_tokens > 0
    assert omitted.kinds.count("content_block_start") == 2
    assert shown.kinds.count("content_block_delta") == omitted.kinds.count("content_block_delta") + 1
    waits = [record.words_at[0] - record.arrived for record in sim.requests]
    assert waits[0] < 0.1 <= waits[1]


async def test_a_limit_of_tokens_in_the_request_cuts_the_answer(clients: Clients) -> None:
    first = await clients.ask("claude", max_tokens=10)
    second = await clients.ask("gpt", max_completion_tokens=10)
    assert (len(first.text), first.stop) == (10, "max_tokens")
    assert (len(second.text), second.stop) == (10, "length")
    assert (await clients.ask("claude", max_tokens=0)).words == ""


async def test_openais_padding_and_usage_are_sent_as_asked(gpt: openai.AsyncOpenAI) -> None:
    padded = await ask_gpt(gpt, stream_options={"include_usage": False})
    bare = await ask_gpt(gpt, stream_options={"include_usage": True, "include_obfuscation": False})
    assert set(padded.kinds) == {"obfuscated"}
    assert padded.usage is None
    assert set(bare.kinds) == {"plain"}
    assert bare.usage.total_tokens == bare.usage.prompt_tokens + 85


async def test_requests_are_remembered_as_they_came(sim: Sim, clients: Clients) -> None:
    await clients.ask("claude")
    await clients.ask("gpt", reasoning_effort="none")
    first, second = sim.requests
    assert (first.vendor, first.path, second.path) == ("anthropic", "/v1/messages", "/v1/chat/completions")
    assert first.key == second.key == "sim-key"
    assert first.headers["anthropic-version"] == "2026-10-21"
    assert json.loads(first.raw) == first.body
    assert first.body["thinking"] == {"type": "disabled"}
    assert second.body["messages"] == HELLO
    assert second.body["stream_options"] == {"include_usage": True}
    assert first.arrived < first.words_at[0] < second.arrived
    assert first.finished
    assert not first.cancelled


@pytest.mark.parametrize("vendor", BOTH)
async def test_a_client_that_goes_away_is_seen(vendor: str, sim: Sim, clients: Clients) -> None:
    sim.script.next(Reply(answer(1000), tokens_per_s=50))
    asked = asyncio.create_task(clients.ask(vendor))
    await asyncio.sleep(0.15)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    await asyncio.sleep(0.05)
    assert sim.requests[0].cancelled
    assert not sim.requests[0].finished
    assert 0 < len(sim.requests[0].words_at) < 30


@pytest.mark.parametrize("vendor", BOTH)
async def test_turns_of_one_client_share_a_connection(vendor: str, sim: Sim, clients: Clients) -> None:
    for _ in range(3):
        await clients.ask(vendor)
    assert sim.opened == 1


async def test_replies_go_first_in_first_out_to_their_vendor_then_to_either_then_to_the_rule(
    sim: Sim, clients: Clients
) -> None:
    sim.script.rule = lambda vendor, body: Reply(f"rule of {vendor}")
    sim.script.next(Reply("either"))
    sim.script.next(Reply("one"), Reply("two"), vendor="openai")
    said = [(await clients.ask(vendor)).words for vendor in ("gpt", "gpt", "claude", "claude")]
    assert said == ["one", "two", "either", "rule of anthropic"]


async def test_a_hundred_streams_at_once_all_end_well(sim: Sim, clients: Clients) -> None:
    sim.script.rule = lambda vendor, body: Reply(answer(20), ttft_s=0.02, tokens_per_s=400)
    heard = await asyncio.gather(*(clients.ask("gpt", timeout=5) for _ in range(100)))
    assert {one.stop for one in heard} == {"stop"}
    assert all(record.finished for record in sim.requests)


def test_pieces_put_together_are_the_text() -> None:
    assert "".join(pieces("Grüße aus Köln")) == "Grüße aus Köln"
    assert pieces("") == []
