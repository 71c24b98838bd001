"""What the real SDKs raise for every fault of the catalogue: the adapters may rely on no more than this."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import anthropic
import httpx2
import openai
import pytest

from evals.sim import FAULTS, Fault, Reply, Sim
from evals.sim.faults import MID_STREAM
from tests.evals.sim.asking import CLAUDE_TOOL, GPT_TOOL, READ_S, Heard, ask_claude, ask_gpt

TEXT = "Your parcel is on its way."
BY_STATUS = {
    400: (anthropic.BadRequestError, openai.BadRequestError),
    401: (anthropic.AuthenticationError, openai.AuthenticationError),
    402: (anthropic.PaymentRequiredError, openai.APIStatusError),
    403: (anthropic.PermissionDeniedError, openai.PermissionDeniedError),
    404: (anthropic.NotFoundError, openai.NotFoundError),
    413: (anthropic.ContentTooLargeError, openai.APIStatusError),
    429: (anthropic.RateLimitError, openai.RateLimitError),
    500: (anthropic.InternalServerError, openai.InternalServerError),
    502: (anthropic.InternalServerError, openai.InternalServerError),
    503: (anthropic.ServiceUnavailableError, openai.InternalServerError),
    504: (anthropic.GatewayTimeoutError, openai.InternalServerError),
    529: (anthropic.OverloadedError, openai.InternalServerError),
}
# By the kind of the fault: what each SDK raises once the response has begun; None where it raises nothing.
IN_STREAM: dict[str, tuple[type[Exception] | None, type[Exception] | None]] = {
    "stall": (httpx2.ReadTimeout, openai.APITimeoutError),
    "reset": (httpx2.ReadError, openai.APIConnectionError),
    "cut": (httpx2.RemoteProtocolError, openai.APIConnectionError),
    "event": (anthropic.APIStatusError, openai.APIError),
    "malformed": (json.JSONDecodeError, json.JSONDecodeError),
}
BEFORE_HEADERS = {
    "stall": (anthropic.APITimeoutError, openai.APITimeoutError),
    "reset": (anthropic.APIConnectionError, openai.APIConnectionError),
    "cut": (anthropic.APIConnectionError, openai.APIConnectionError),
}
STATUSES = sorted(name for name, fault in FAULTS.items() if fault.kind == "status")
EARLY = sorted(n for n, fault in FAULTS.items() if fault.after is None and fault.kind != "status")
BREAKING = sorted(n for n, f in FAULTS.items() if f.after is not None and f.kind in IN_STREAM and not f.pings)


LONGER_S = 1.6 * READ_S


def faulty(name: str) -> Reply:
    fault = FAULTS[name]
    if fault.kind == "delay":
        fault = replace(fault, seconds=LONGER_S)
    return Reply(TEXT, tokens_per_s=2000, fault=fault)


def before(fault: Fault) -> str:
    """The words that come before the fault."""
    return TEXT[: (fault.after or 0) * 4]


@pytest.mark.parametrize("name", STATUSES)
async def test_a_status_raises_the_sdks_class_for_it(
    name: str, sim: Sim, claude: anthropic.AsyncAnthropic, gpt: openai.AsyncOpenAI
) -> None:
    fault = FAULTS[name]
    sim.script.next(faulty(name), faulty(name))
    with pytest.raises(BY_STATUS[fault.status][0]) as first:
        await ask_claude(claude, tools=[CLAUDE_TOOL])
    with pytest.raises(BY_STATUS[fault.status][1]) as second:
        await ask_gpt(gpt, tools=[GPT_TOOL])
    assert first.value.status_code == second.value.status_code == fault.status
    wanted = f"{fault.retry_after:g}" if fault.retry_after else None
    for caught in (first.value, second.value):
        assert caught.response.headers.get("retry-after") == wanted
    if fault.status != 502:
        assert isinstance(first.value.body, dict)
        assert first.value.request_id == first.value.body["request_id"]
        assert second.value.type


@pytest.mark.parametrize("name", EARLY)
async def test_a_break_before_the_headers_is_a_connection_error_or_a_timeout(
    name: str, sim: Sim, claude: anthropic.AsyncAnthropic, gpt: openai.AsyncOpenAI
) -> None:
    sim.script.next(faulty(name), faulty(name))
    expected = BEFORE_HEADERS[FAULTS[name].kind]
    with pytest.raises(expected[0]) as first:
        await ask_claude(claude)
    with pytest.raises(expected[1]) as second:
        await ask_gpt(gpt)
    assert type(first.value) is expected[0]
    assert type(second.value) is expected[1]


@pytest.mark.parametrize("name", BREAKING)
async def test_a_break_in_the_stream_raises_after_the_words_before_it(
    name: str, sim: Sim, claude: anthropic.AsyncAnthropic, gpt: openai.AsyncOpenAI
) -> None:
    fault = FAULTS[name]
    sim.script.next(faulty(name), faulty(name))
    first, second = Heard(), Heard()
    claude_raises, gpt_raises = IN_STREAM[fault.kind]
    assert claude_raises is not None
    assert gpt_raises is not None
    with pytest.raises(claude_raises):
        await ask_claude(claude, first)
    with pytest.raises(gpt_raises):
        await ask_gpt(gpt, second)
    assert first.words == second.words == before(fault)
    assert first.stop is None
    assert second.stop is None


@pytest.mark.parametrize("name", ["eof_before_words", "eof_mid_stream"])
async def test_a_clean_end_without_the_last_events_raises_nothing_and_leaves_no_stop_reason(
    name: str, sim: Sim, claude: anthropic.AsyncAnthropic, gpt: openai.AsyncOpenAI
) -> None:
    sim.script.next(faulty(name), faulty(name))
    for heard in (await ask_claude(claude), await ask_gpt(gpt)):
        assert heard.words == before(FAULTS[name])
        assert heard.stop is None


async def test_an_error_event_has_status_200_with_anthropic_and_none_with_openai(
    sim: Sim, claude: anthropic.AsyncAnthropic, gpt: openai.AsyncOpenAI
) -> None:
    sim.script.next(faulty("event_mid_stream"), faulty("event_mid_stream"))
    with pytest.raises(anthropic.APIStatusError) as first:
        await ask_claude(claude)
    assert (first.value.status_code, first.value.type) == (200, "overloaded_error")
    assert not isinstance(first.value, anthropic.OverloadedError)
    with pytest.raises(openai.APIError) as second:
        await ask_gpt(gpt)
    assert not isinstance(second.value, openai.APIStatusError)
    assert second.value.type == "server_error"


@pytest.mark.parametrize("name", ["stall_with_pings_before_words", "stall_with_pings_mid_stream"])
async def test_pings_keep_the_read_timeout_from_firing_while_no_word_comes(
    name: str, sim: Sim, claude: anthropic.AsyncAnthropic, gpt: openai.AsyncOpenAI
) -> None:
    sim.script.next(faulty(name), faulty(name))
    first, second = Heard(), Heard()
    for asking, heard in ((ask_claude(claude, first), first), (ask_gpt(gpt, second), second)):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(LONGER_S):
                await asking
        assert heard.words == before(FAULTS[name])


@pytest.mark.parametrize("name", ["delay_with_pings_before_words", "delay_with_pings_mid_stream"])
async def test_a_delay_with_pings_outlasts_the_read_timeout_and_ends_well(
    name: str, sim: Sim, claude: anthropic.AsyncAnthropic, gpt: openai.AsyncOpenAI
) -> None:
    sim.script.next(faulty(name), faulty(name))
    first, second = await ask_claude(claude), await ask_gpt(gpt)
    assert first.words == second.words == TEXT
    assert (first.stop, second.stop) == ("end_turn", "stop")
    gaps = [b - a for a, b in zip(first.at, first.at[1:], strict=False)]
    if FAULTS[name].after:
        assert max(gaps) > 0.9 * LONGER_S


@pytest.mark.parametrize("name", ["delay_before_words", "delay_mid_stream"])
async def test_a_silent_delay_longer_than_the_read_timeout_breaks_the_stream(
    name: str, sim: Sim, claude: anthropic.AsyncAnthropic, gpt: openai.AsyncOpenAI
) -> None:
    sim.script.next(faulty(name), faulty(name))
    with pytest.raises(httpx2.ReadTimeout):
        await ask_claude(claude)
    with pytest.raises(openai.APITimeoutError):
        await ask_gpt(gpt)


@pytest.mark.parametrize("name", ["refusal_before_words", "refusal_mid_stream"])
async def test_a_refusal_ends_the_stream_with_the_vendors_word_for_it(
    name: str, sim: Sim, claude: anthropic.AsyncAnthropic, gpt: openai.AsyncOpenAI
) -> None:
    sim.script.next(faulty(name), faulty(name))
    first, second = await ask_claude(claude), await ask_gpt(gpt)
    assert (first.stop, second.stop) == ("refusal", "content_filter")
    assert first.refusal == "general_harms"
    assert second.refusal
    assert first.words == second.words == before(FAULTS[name])


async def test_a_token_limit_ends_the_answer_early_with_its_own_stop_reason(
    sim: Sim, claude: anthropic.AsyncAnthropic, gpt: openai.AsyncOpenAI
) -> None:
    sim.script.next(faulty("length_mid_stream"), faulty("length_mid_stream"))
    first, second = await ask_claude(claude), await ask_gpt(gpt)
    assert first.words == second.words == TEXT[: MID_STREAM * 4]
    assert (first.stop, second.stop) == ("max_tokens", "length")


async def test_an_empty_answer_ends_as_if_all_were_well(
    sim: Sim, claude: anthropic.AsyncAnthropic, gpt: openai.AsyncOpenAI
) -> None:
    sim.script.next(faulty("empty"), faulty("empty"))
    first, second = await ask_claude(claude), await ask_gpt(gpt)
    assert first.words == second.words == ""
    assert (first.stop, second.stop) == ("end_turn", "stop")
    assert "content_block_start" not in first.kinds


async def test_a_server_without_tools_refuses_only_requests_with_tools(
    sim: Sim, gpt: openai.AsyncOpenAI
) -> None:
    sim.script.next(*(faulty("http_400_tools_unsupported") for _ in range(2)))
    with pytest.raises(openai.BadRequestError, match="does not support tools"):
        await ask_gpt(gpt, tools=[GPT_TOOL])
    assert (await ask_gpt(gpt)).words == TEXT


async def test_a_spend_limit_is_told_apart_from_a_rate_limit(
    sim: Sim, claude: anthropic.AsyncAnthropic, gpt: openai.AsyncOpenAI
) -> None:
    sim.script.next(faulty("http_429_spend_limit"), faulty("http_429_spend_limit"))
    with pytest.raises(anthropic.RateLimitError) as first:
        await ask_claude(claude)
    assert first.value.error_code == "enforced_spend_limit_reached"
    with pytest.raises(openai.RateLimitError) as second:
        await ask_gpt(gpt)
    assert second.value.code == "insufficient_quota"


async def test_after_a_fault_the_next_request_is_answered(
    sim: Sim, claude: anthropic.AsyncAnthropic, gpt: openai.AsyncOpenAI
) -> None:
    for name in ("reset_mid_stream", "cut_mid_stream", "http_500", "malformed_mid_stream"):
        sim.script.next(faulty(name), vendor="anthropic")
        with pytest.raises(Exception):  # noqa: B017, PT011 - which one is the other tests' matter
            await ask_claude(claude)
        sim.script.next(Reply("Fine."))
        assert (await ask_claude(claude)).words == "Fine."


def test_every_fault_of_the_catalogue_is_in_some_test() -> None:
    walked = {*STATUSES, *EARLY, *BREAKING}
    rest = {
        name
        for name in FAULTS
        if name.startswith(("eof", "delay", "refusal", "stall_with_pings", "length", "empty"))
    }
    assert walked | rest == set(FAULTS)


@pytest.mark.parametrize(
    "fields", [{"kind": "event"}, {"kind": "status"}, {"kind": "status", "status": 500, "after": 1}]
)
def test_a_fault_that_cannot_happen_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a fault of kind"):
        Fault(**fields)  # type: ignore[arg-type]
