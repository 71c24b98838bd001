"""Token counts and prompt caches: what a second turn reads, and what it pays for."""

from __future__ import annotations

from typing import Any

import anthropic
import openai
import pytest

from evals.sim import Sim
from evals.sim.usage import PromptCache, count
from tests.evals.sim.asking import CLAUDE_TOOL, ask_claude, ask_gpt

SYSTEM = "Answer from the passages only. " * 200  # 1550 tokens
MARK = {"type": "ephemeral"}


def marked(text: str, **control: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text, "cache_control": MARK | control}]


def turn(*texts: str, system: str = SYSTEM, **control: str) -> dict[str, Any]:
    """A conversation whose last message carries a breakpoint, as the system prompt does."""
    messages: list[dict[str, Any]] = [
        {"role": ("user", "assistant")[place % 2], "content": text} for place, text in enumerate(texts)
    ]
    messages[-1]["content"] = marked(texts[-1], **control)
    return {"model": "claude-haiku-5-5", "system": marked(system, **control), "messages": messages}


async def test_anthropics_second_turn_reads_what_the_first_one_wrote(
    claude: anthropic.AsyncAnthropic,
) -> None:
    asked = {k: v for k, v in turn("Where is it?").items() if k != "model"}
    first = (await ask_claude(claude, **asked)).usage
    asked = {
        k: v for k, v in turn("Where is it?", "On its way.", "When will it come?").items() if k != "model"
    }
    second = (await ask_claude(claude, **asked)).usage
    assert first.cache_read_input_tokens == 0
    assert first.cache_creation_input_tokens >= 1550
    assert first.input_tokens == 0  # the breakpoint stands at the very end
    assert second.cache_read_input_tokens == first.cache_creation_input_tokens
    assert 0 < second.cache_creation_input_tokens < 30


async def test_openais_second_turn_reads_in_steps_of_128(gpt: openai.AsyncOpenAI) -> None:
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "Where is it?"}]
    first = (await ask_gpt(gpt, messages=messages)).usage
    messages += [{"role": "assistant", "content": "On its way."}, {"role": "user", "content": "When?"}]
    second = (await ask_gpt(gpt, messages=messages)).usage
    assert first.prompt_tokens_details.cached_tokens == 0
    assert first.prompt_tokens_details.cache_write_tokens == 1536
    assert second.prompt_tokens_details.cached_tokens == 1536
    assert second.prompt_tokens_details.cache_write_tokens == 0
    assert second.prompt_tokens > first.prompt_tokens > 1550


@pytest.mark.parametrize(
    "changed", [{"system": SYSTEM + "!"}, {"model": "claude-sonnet-5-5"}, {"tools": [CLAUDE_TOOL]}]
)
def test_a_change_before_a_breakpoint_reads_nothing(changed: dict[str, Any]) -> None:
    cache = PromptCache(1024)
    cache.anthropic(turn("Hi"), 0)
    other = turn("Hi") | changed
    if isinstance(changed.get("system"), str):
        other["system"] = marked(changed["system"])
    assert cache.anthropic(other, 1).cache_read == 0


def test_words_after_the_breakpoint_are_fresh_and_not_kept() -> None:
    cache = PromptCache(1024)
    body = turn("Hi")
    body["messages"][-1]["content"].append({"type": "text", "text": "passage " * 100})
    fresh = cache.anthropic(body, 0).fresh
    assert fresh == 201  # the role counts for one
    again = cache.anthropic(body, 1)
    assert (again.fresh, again.cache_write) == (fresh, 0)


def test_without_a_breakpoint_nothing_is_kept() -> None:
    cache = PromptCache(1024)
    body = {"model": "m", "system": SYSTEM, "messages": [{"role": "user", "content": "Hi"}]}
    cache.anthropic(body, 0)
    used = cache.anthropic(body, 1)
    assert (used.cache_read, used.cache_write) == (0, 0)
    assert cache.anthropic(body | {"cache_control": MARK}, 2).cache_write > 1550


def test_a_string_and_a_block_of_the_same_text_are_one_prefix() -> None:
    cache = PromptCache(1024)
    cache.anthropic(turn("Hi"), 0)
    longer = turn("Hi", "Hello.", "Bye")
    assert isinstance(longer["messages"][0]["content"], str)
    assert cache.anthropic(longer, 1).cache_read > 1550


def test_a_short_prefix_is_silently_not_kept() -> None:
    cache = PromptCache(1024)
    cache.anthropic(turn("Hi", system="Be kind."), 0)
    used = cache.anthropic(turn("Hi", system="Be kind."), 1)
    assert (used.cache_read, used.cache_write) == (0, 0)
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi " * 1000}]}
    cache.openai(body, 0)
    assert cache.openai(body, 1).cache_read == 0


@pytest.mark.parametrize(("ttl", "seconds"), [("5m", 300), ("1h", 3600)])
def test_a_prefix_lives_as_long_as_asked_and_each_read_renews_it(ttl: str, seconds: int) -> None:
    cache = PromptCache(1024)
    cache.anthropic(turn("Hi", ttl=ttl), 0)
    assert cache.anthropic(turn("Hi", ttl=ttl), seconds - 1).cache_read
    assert cache.anthropic(turn("Hi", ttl=ttl), 2 * seconds - 2).cache_read
    assert not cache.anthropic(turn("Hi", ttl=ttl), 4 * seconds).cache_read


def test_an_entry_far_before_the_breakpoint_is_not_found() -> None:
    cache = PromptCache(1024)
    opening = turn("Hi")
    opening["system"] = SYSTEM
    cache.anthropic(opening, 0)
    near = turn(*["Hi"] * 19)
    far = turn(*["Hi"] * 31)
    near["system"] = far["system"] = SYSTEM
    assert cache.anthropic(far, 1).cache_read == 0
    cache.clear()
    cache.anthropic(opening, 2)
    assert cache.anthropic(near, 3).cache_read > 1550


async def test_each_kind_of_input_is_counted_once(sim: Sim, claude: anthropic.AsyncAnthropic) -> None:
    asked = {k: v for k, v in turn("Where is it?").items() if k != "model"}
    for _ in range(2):
        await ask_claude(claude, **asked)
    first, second = (record.used for record in sim.requests)
    assert first
    assert second
    assert first.prompt == second.prompt == second.cache_read


def test_tokens_are_counted_at_four_characters() -> None:
    assert [count(text) for text in ("", "a", "abcd", "a" * 400)] == [0, 1, 1, 100]
