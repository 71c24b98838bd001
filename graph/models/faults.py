"""What both vendors' faults mean, in the project's own errors."""

from __future__ import annotations

import errno
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
import httpx2

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

# Not "billing" alone: the words of an ordinary rate limit recommend a page of that name.
NO_CREDIT = (
    "credit balance",
    "insufficient_quota",
    "current quota",
    "spend_limit",
    "billing_error",
    "billing_hard",
)
TOO_LONG = ("too long", "context_length", "context length", "maximum context", "context window")
BY_STATUS: dict[int, type[ModelError]] = {
    401: Unauthorized,
    402: OutOfCredit,
    403: Unauthorized,
    404: UnknownModel,
    413: TooLong,
}
BY_TYPE: dict[str, type[ModelError]] = {
    "authentication_error": Unauthorized,
    "permission_error": Unauthorized,
    "billing_error": OutOfCredit,
    "not_found_error": UnknownModel,
    "rate_limit_error": RateLimited,
    "invalid_request_error": Rejected,
    # OpenAI's codes, which stand in error events of a stream.
    "invalid_api_key": Unauthorized,
    "insufficient_quota": OutOfCredit,
    "model_not_found": UnknownModel,
    "rate_limit_exceeded": RateLimited,
    "context_length_exceeded": TooLong,
}
CUT = frozenset({errno.ECONNRESET, errno.ECONNREFUSED, errno.ECONNABORTED, errno.EPIPE})
NO_TOOLS = ("support", "unknown", "unrecognized", "requires")
"""What servers say of `tools` that they do not take, or only with a flag of theirs."""


def was_reset(error: BaseException) -> bool:
    """Tell whether a connection was cut: the SDKs' aiohttp transport calls that a timeout."""
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__
    return any(
        isinstance(c, aiohttp.ServerDisconnectedError) or (isinstance(c, OSError) and c.errno in CUT)
        for c in causes
    )


def from_status(status: int, kind: str, message: str, headers: Mapping[str, str]) -> ModelError:
    """Turn an HTTP status, or an error event within a stream of status 200, into a ModelError.

    `kind` is the vendor's error type or code, where it sends one.
    """
    said = f"{kind} {message}".lower()
    words = f"{status} {kind}: {message[:200]}".strip()
    if status == 429 or BY_TYPE.get(kind) is RateLimited:
        return _too_many(words, said, headers)
    if status < 300:
        found = BY_TYPE.get(kind, Overloaded)
        return _bad_request(words, said) if found is Rejected else found(words)
    if status in BY_STATUS:
        return BY_STATUS[status](words)
    if status >= 500 and "tools param" in said:  # llama.cpp started without its templates
        return ToolsUnsupported(words)
    if status == 408 or status >= 500:
        return Overloaded(words)
    return _bad_request(words, said)


def _too_many(words: str, said: str, headers: Mapping[str, str]) -> ModelError:
    if any(sign in said for sign in NO_CREDIT):
        return OutOfCredit(words)
    return RateLimited(words, retry_after=_seconds(headers))


def _bad_request(words: str, said: str) -> ModelError:
    # Vendors say all of these with a 400, so that only the words tell them apart.
    if any(sign in said for sign in NO_CREDIT):
        return OutOfCredit(words)
    if any(sign in said for sign in TOO_LONG):
        return TooLong(words)
    if "tool" in said and any(sign in said for sign in NO_TOOLS):
        return ToolsUnsupported(words)
    return Rejected(words)


def _seconds(headers: Mapping[str, str]) -> float | None:
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) / scale
        except (KeyError, ValueError):  # absent, or a date
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    return None


@asynccontextmanager
async def transport_faults() -> AsyncIterator[None]:
    """Map what comes through the SDKs unmapped: broken streams, and lines that are no JSON."""
    try:
        yield
    except httpx2.TimeoutException as error:
        raise TooSlow(f"no answer in time: {type(error).__name__}") from error
    except httpx2.TransportError as error:
        raise CutOff(f"the stream broke: {str(error) or type(error).__name__}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # Events are read as plain JSON: one that is cut, or shaped like no event, is a fault of the stream.
        # Its name alone: the rest may quote the customer, and this goes into the log.
        raise CutOff(f"the stream holds an event that cannot be read: {type(error).__name__}") from error
