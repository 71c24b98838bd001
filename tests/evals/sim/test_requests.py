"""What the stand-ins refuse, as the vendors do: keys, models, and requests that are not as they must be."""

from __future__ import annotations

from typing import Any

import anthropic
import httpx2
import openai
import pytest

from evals.sim import Settings, Sim
from tests.evals.sim.asking import CLAUDE_TOOL, GPT_TOOL, HELLO, ask_claude, ask_gpt

MARK = {"type": "ephemeral"}


def block(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": text, **more}


def said(*contents: Any) -> list[dict[str, Any]]:
    roles = ("user", "assistant")
    return [{"role": roles[place % 2], "content": content} for place, content in enumerate(contents)]


CLAUDE_REFUSES: list[tuple[dict[str, Any], str]] = [
    ({"extra_body": {"temperature": 1.0}}, "temperature"),
    ({"extra_body": {"top_p": 1}}, "top_p"),
    ({"extra_body": {"top_k": 5}}, "top_k"),
    ({"extra_body": {"colour": "blue"}}, "Extra inputs"),
    ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "budget_tokens"),
    ({"model": "claude-opus-5-5"}, "always thinks"),
    ({"messages": said("Hi", "Well,")}, "Prefilling"),
    ({"messages": []}, "at least one message"),
    ({"messages": [{"role": "assistant", "content": "Hi"}, *HELLO]}, "first message"),
    ({"messages": said("")}, "must be non-empty"),
    ({"messages": said([block("")])}, "must be non-empty"),
    ({"messages": said([block("  ")])}, "non-whitespace"),
    ({"messages": said([])}, "non-empty"),
    ({"messages": [{"role": "system", "content": "x"}]}, "role"),
    ({"system": [block("")]}, "must be non-empty"),
    ({"max_tokens": -1}, "max_tokens"),
    ({"tool_choice": {"type": "any"}}, "tool_choice"),
    ({"tools": [CLAUDE_TOOL], "tool_choice": {"type": "tool", "name": "other"}}, "tool_choice.name"),
    ({"tools": [{"name": "x", "input_schema": {}}]}, "input_schema"),
    ({"system": [block(str(n), cache_control=MARK) for n in range(5)]}, "Found 5"),
    ({"system": [block("x", cache_control={"type": "ephemeral", "ttl": "2h"})]}, "ttl"),
    ({"extra_headers": {"anthropic-version": "2020-01-01"}}, "anthropic-version"),
]
CLAUDE_TAKES: list[dict[str, Any]] = [
    {"system": "Be kind."},
    {"system": [block("Be kind.", cache_control={"type": "ephemeral", "ttl": "1h"})]},
    {"cache_control": MARK},
    {"messages": said("Hi", "Hello.", [block("And?")])},
    {"tools": [CLAUDE_TOOL], "tool_choice": {"type": "tool", "name": "escalate"}},
    {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
    {"model": "claude-haiku-4-5", "messages": said("Hi", "Well,")},
    {"model": "claude-haiku-4-5", "thinking": {"type": "enabled", "budget_tokens": 1024}},
]
GPT_REFUSES: list[tuple[dict[str, Any], str]] = [
    ({"extra_body": {"colour": "blue"}}, "unknown_parameter"),
    ({"max_tokens": 5}, "unsupported_parameter"),
    ({"tools": [GPT_TOOL], "reasoning_effort": "low"}, "unsupported_parameter"),
    ({"tools": [GPT_TOOL], "reasoning_effort": openai.omit}, "unsupported_parameter"),
    ({"model": "gpt-6.2-sol"}, "unsupported_value"),
    ({"model": "gpt-6.2-astra", "reasoning_effort": "minimal"}, "unsupported_value"),
    ({"reasoning_effort": "utmost"}, "unsupported_value"),
    ({"reasoning_effort": "low", "temperature": 0.2}, "unsupported_parameter"),
    ({"model": "gpt-6.1-terra", "prediction": {"type": "content", "content": "x"}}, "unsupported_parameter"),
    ({"messages": []}, "empty_array"),
    ({"messages": [{"role": "robot", "content": "x"}]}, "invalid_value"),
    ({"messages": [{"role": "user", "content": None}]}, "invalid_value"),
    ({"messages": [{"role": "user", "content": 5}]}, "invalid_type"),
    ({"tool_choice": "auto"}, "invalid_value"),
    ({"parallel_tool_calls": False}, "invalid_value"),
    ({"tools": [{"type": "function", "function": {}}]}, "missing_required_parameter"),
]
GPT_TAKES: list[dict[str, Any]] = [
    {"temperature": 0.2},
    {"tools": [GPT_TOOL], "tool_choice": "auto", "parallel_tool_calls": False},
    {"model": "gpt-6.1-sol", "tools": [GPT_TOOL], "reasoning_effort": "low"},
    {"max_completion_tokens": 90, "prompt_cache_key": "k"},
    {"model": "llama-local", "max_tokens": 90, "reasoning_effort": openai.omit, "temperature": 0.2},
]


@pytest.mark.parametrize(("changed", "words"), CLAUDE_REFUSES)
async def test_anthropic_refuses(
    changed: dict[str, Any], words: str, claude: anthropic.AsyncAnthropic
) -> None:
    with pytest.raises(anthropic.BadRequestError, match=words) as caught:
        await ask_claude(claude, **changed)
    assert caught.value.type == "invalid_request_error"


@pytest.mark.parametrize("changed", CLAUDE_TAKES)
async def test_anthropic_takes(changed: dict[str, Any], claude: anthropic.AsyncAnthropic) -> None:
    assert (await ask_claude(claude, **{"max_tokens": 2000} | changed)).stop == "end_turn"


@pytest.mark.parametrize(("changed", "code"), GPT_REFUSES)
async def test_openai_refuses(changed: dict[str, Any], code: str, gpt: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await ask_gpt(gpt, **changed)
    assert (caught.value.type, caught.value.code) == ("invalid_request_error", code)
    assert caught.value.param


@pytest.mark.parametrize("changed", GPT_TAKES)
async def test_openai_takes(changed: dict[str, Any], gpt: openai.AsyncOpenAI) -> None:
    assert (await ask_gpt(gpt, **changed)).stop == "stop"


async def test_openai_refuses_stream_options_without_a_stream(gpt: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="stream_options"):
        await gpt.chat.completions.create(
            model="gpt-6-luna",
            messages=[{"role": "user", "content": "x"}],
            extra_body={"stream_options": {} | {"include_usage": True}},
        )


async def test_a_missing_field_is_named(sim: Sim) -> None:
    headers = {"authorization": "Bearer sim-key", "anthropic-version": "2026-10-21"}
    async with httpx2.AsyncClient(verify=False) as client:
        first = await client.post(f"{sim.anthropic_url}/v1/messages", json={"model": "x"}, headers=headers)
        second = await client.post(f"{sim.openai_url}/chat/completions", json={"model": "x"}, headers=headers)
        third = await client.post(f"{sim.openai_url}/chat/completions", content=b"{", headers=headers)
    assert first.json()["error"]["message"] == "max_tokens: Field required"
    assert second.json()["error"]["param"] == "messages"
    assert third.status_code == 400


async def test_a_wrong_key_is_401_with_the_vendors_body(sim: Sim) -> None:
    async with anthropic.AsyncAnthropic(api_key="wrong", base_url=sim.anthropic_url, max_retries=0) as claude:
        with pytest.raises(anthropic.AuthenticationError) as first:
            await ask_claude(claude)
    async with openai.AsyncOpenAI(api_key="wrong", base_url=sim.openai_url, max_retries=0) as gpt:
        with pytest.raises(openai.AuthenticationError) as second:
            await ask_gpt(gpt)
    assert first.value.type == "authentication_error"
    assert second.value.code == "invalid_api_key"
    assert [record.status for record in sim.requests] == [401, 401]


@pytest.mark.parametrize(("version", "status"), [("2023-06-01", 200), ("2026-10-21", 401)])
async def test_the_older_header_for_the_key_goes_with_the_older_version_only(
    version: str, status: int, sim: Sim
) -> None:
    headers = {"x-api-key": "sim-key", "anthropic-version": version}
    async with httpx2.AsyncClient(verify=False) as client:
        assert (await client.get(f"{sim.anthropic_url}/v1/models", headers=headers)).status_code == status


async def test_an_unknown_model_is_404_with_the_vendors_body(
    claude: anthropic.AsyncAnthropic, gpt: openai.AsyncOpenAI
) -> None:
    with pytest.raises(anthropic.NotFoundError) as first:
        await ask_claude(claude, model="claude-haiku-99")
    with pytest.raises(openai.NotFoundError) as second:
        await ask_gpt(gpt, model="gpt-99")
    assert first.value.type == "not_found_error"
    assert second.value.code == "model_not_found"


async def test_both_sdks_can_list_the_models(
    claude: anthropic.AsyncAnthropic, gpt: openai.AsyncOpenAI
) -> None:
    assert "claude-haiku-5-5" in [model.id async for model in claude.models.list()]
    assert "gpt-6-luna" in [model.id async for model in gpt.models.list()]


async def test_a_prompt_over_the_window_is_refused_in_the_vendors_words() -> None:
    async with Sim(Settings(context_tokens=100)) as small:
        long = [{"role": "user", "content": "word " * 200}]
        async with anthropic.AsyncAnthropic(
            api_key="sim-key", base_url=small.anthropic_url, max_retries=0
        ) as claude:
            with pytest.raises(anthropic.BadRequestError, match="prompt is too long"):
                await ask_claude(claude, messages=long)
        async with openai.AsyncOpenAI(api_key="sim-key", base_url=small.openai_url, max_retries=0) as gpt:
            with pytest.raises(openai.BadRequestError) as caught:
                await ask_gpt(gpt, messages=long)
    assert caught.value.code == "context_length_exceeded"


async def test_another_path_is_404(sim: Sim) -> None:
    async with httpx2.AsyncClient(verify=False) as client:
        response = await client.get(f"{sim.openai_url}/files", headers={"authorization": "Bearer sim-key"})
    assert response.status_code == 404
