"""Asking Slack for `bot check`: a refusal is an answer, no answer is an error."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse


class SlackDown(Exception):
    """Slack gave no answer that says anything about the app."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Slack's own name for what is wrong."""

    error: str


async def ask(call: Awaitable[AsyncSlackResponse]) -> AsyncSlackResponse | Refusal:
    """Make a call; raises SlackDown where Slack gives no answer."""
    try:
        return await call
    except SlackApiError as error:
        response: Any = error.response
        status = int(getattr(response, "status_code", None) or getattr(response, "status", None) or 0)
        data = getattr(response, "data", None)
        said = data.get("error") if isinstance(data, dict) else None
        if status >= 429 or not said:
            raise SlackDown(f"HTTP {status}") from None
        return Refusal(str(said))
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise SlackDown(type(error).__name__) from None
