"""What a call of Slack's client is refused with."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError


async def refused(calling: Awaitable[Any]) -> str:
    """Return the name of the error that a call is answered with."""
    with pytest.raises(SlackApiError) as caught:
        await calling
    return str(caught.value.response["error"])
