"""What the vendors' faults mean, by status, type and words."""

from __future__ import annotations

import json

import httpx2
import pytest

from graph.errors import (
    CutOff,
    ModelError,
    OutOfCredit,
    Overloaded,
    RateLimited,
    Rejected,
    TooLong,
    ToolsUnsupported,
    TooSlow,
    Unauthorized,
    UnknownModel,
)
from graph.models.faults import from_status, transport_faults

RATE_PAGE = "Rate limit reached. Limit: 3 / min. See https://vendor.example/account/billing to add a method."


@pytest.mark.parametrize(
    ("status", "kind", "message", "error"),
    [
        (400, "invalid_request_error", "messages: at least one message is required", Rejected),
        (400, "invalid_request_error", "prompt is too long: 1000001 tokens > 1000000 maximum", TooLong),
        (400, "context_length_exceeded", "This model's maximum context length is 8192 tokens.", TooLong),
        (400, "invalid_request_error", "Your credit balance is too low to access the API.", OutOfCredit),
        (400, "", "llama3:8b does not support tools", ToolsUnsupported),
        (400, "", '"auto" tool choice requires --enable-auto-tool-choice to be set', ToolsUnsupported),
        (400, "", "Function tools with reasoning_effort are not supported for this model", ToolsUnsupported),
        (500, "server_error", "tools param requires --jinja flag", ToolsUnsupported),
        (401, "authentication_error", "invalid key", Unauthorized),
        (402, "billing_error", "pay", OutOfCredit),
        (403, "permission_error", "no", Unauthorized),
        (404, "not_found_error", "model: x", UnknownModel),
        (408, "", "timeout", Overloaded),
        (413, "request_too_large", "too large", TooLong),
        (422, "", "unknown field `stream_options`", Rejected),
        (429, "rate_limit_error", "slow down", RateLimited),
        (429, "rate_limit_exceeded", RATE_PAGE, RateLimited),
        (
            429,
            "insufficient_quota",
            "You exceeded your current quota, please check your plan and billing",
            OutOfCredit,
        ),
        (429, "enforced_spend_limit_reached", "spend", OutOfCredit),
        (500, "api_error", "oops", Overloaded),
        (502, "", "", Overloaded),
        (503, "", "", Overloaded),
        (529, "overloaded_error", "Overloaded", Overloaded),
        # Events in a stream that began with status 200.
        (200, "overloaded_error", "Overloaded", Overloaded),
        (200, "api_error", "oops", Overloaded),
        (200, "server_error", "oops", Overloaded),
        (200, "rate_limit_error", "slow down", RateLimited),
        (200, "rate_limit_exceeded", "slow down", RateLimited),
        (200, "insufficient_quota", "quota", OutOfCredit),
        (200, "authentication_error", "expired", Unauthorized),
        (200, "invalid_request_error", "odd", Rejected),
        (200, "invalid_request_error", "prompt is too long", TooLong),
        (200, "context_length_exceeded", "too many tokens", TooLong),
    ],
)
def test_a_fault_means(status: int, kind: str, message: str, error: type[ModelError]) -> None:
    made = from_status(status, kind, message, {})
    assert type(made) is error
    assert str(status) in str(made)


def test_a_long_message_is_cut() -> None:
    assert len(str(from_status(500, "x", "y" * 10_000, {}))) < 300


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after-ms": "soon", "retry-after": "3"}, 3.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
    ],
)
def test_a_rate_limit_says_for_how_long_where_the_vendor_does(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert from_status(429, "rate_limit_error", "", headers).retry_after == seconds


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (httpx2.ReadTimeout("slow"), TooSlow),
        (httpx2.ConnectTimeout("slow"), TooSlow),
        (httpx2.RemoteProtocolError("peer closed"), CutOff),
        (httpx2.ReadError(""), CutOff),
        (json.JSONDecodeError("bad", "{", 1), CutOff),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), CutOff),
    ],
)
async def test_what_the_transport_raises_is_mapped(raised: Exception, error: type[ModelError]) -> None:
    with pytest.raises(error) as caught:
        async with transport_faults():
            raise raised
    assert caught.value.__cause__ is raised
    assert str(caught.value)


async def test_a_mistake_of_ours_is_not_mapped() -> None:
    with pytest.raises(ZeroDivisionError):
        async with transport_faults():
            raise ZeroDivisionError
