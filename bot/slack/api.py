"""Slack's Web API, with its faults told apart by what they mean for the caller.

SlackFault
├── Refused       Slack said no: nothing happened, and asking again changes nothing
│   └── Gone      no message can be posted to this place any more
├── Limited       too much at once: nothing happened, `retry_after` seconds from now it may
└── Unsure        no answer, or a server's fault: it may have happened, or may still happen
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.metrics import Metrics
from graph.errors import FirstlineError

log = structlog.get_logger()

SLACK_API_URL = "https://slack.com/api/"
CONNECTIONS = 100
LONGEST_WAIT_S = 60.0
"""A Retry-After that says more is a mistake or an outage, and is asked about again after this."""

GONE = frozenset({
    "account_inactive", "cannot_reply_to_message", "channel_not_found", "ekm_access_denied", "invalid_auth",
    "is_archived", "missing_scope", "no_permission", "not_allowed_token_type", "not_authed", "not_in_channel",
    "org_login_required", "restricted_action", "restricted_action_read_only_channel",
    "restricted_action_thread_only_channel", "team_access_not_granted", "thread_locked", "token_expired",
    "token_revoked",
})  # fmt: skip
"""What Slack calls a place to which nothing can be posted, or a token that may not."""


POSTS = frozenset({"chat.postMessage", "chat.update", "chat.startStream"})
"""Methods that fail where a channel is gone; others fail for reasons of their own."""


class SlackFault(FirstlineError):
    """A call to Slack that did not end well."""

    def __init__(self, method: str, why: str) -> None:
        super().__init__(f"Slack's {method} failed: {why}")
        self.method = method
        self.why = why


class Refused(SlackFault):
    """Slack said no."""


class Gone(Refused):
    """Nothing can be posted there any more."""


class Limited(SlackFault):
    """Slack wants fewer calls."""

    def __init__(self, method: str, retry_after: float) -> None:
        super().__init__(method, f"too many calls; the next one may come in {retry_after:g} s")
        self.retry_after = retry_after


class Unsure(SlackFault):
    """Whether the call took effect is not known."""


@dataclass(frozen=True, slots=True)
class Slack:
    """The Web API under one bot token."""

    client: AsyncWebClient
    session: aiohttp.ClientSession
    timeout_s: float
    """How long a call may take: a lease must outlast it before the call is made."""
    metrics: Metrics
    gone: list[Callable[[str, str], None]] = field(default_factory=list)
    """Told the channel and why, where a message can be posted to it no more, whoever tried."""

    async def call(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        """Make one call, once; raises a SlackFault. Arguments that are None are left out."""
        given = {name: value for name, value in arguments.items() if value is not None}
        outcome = "ok"
        try:
            return await self._send(method, given)
        except SlackFault as fault:
            outcome = fault.why if isinstance(fault, Refused) else type(fault).__name__.lower()
            if isinstance(fault, Gone) and method in POSTS:
                for tell in self.gone:
                    tell(str(given.get("channel", "")), fault.why)
            raise
        finally:
            self.metrics.slack_call(method, outcome)

    async def _send(self, method: str, given: dict[str, Any]) -> Mapping[str, Any]:
        try:
            async with asyncio.timeout(self.timeout_s):
                response = await self.client.api_call(method, json=given)
        except SlackApiError as error:
            raise _fault(method, error) from None
        except aiohttp.ClientConnectorError as error:
            # No connection, so nothing was sent.
            raise Limited(method, 1.0) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unsure(method, type(error).__name__) from error
        data = response.data
        return data if isinstance(data, dict) else {}


def _fault(method: str, error: SlackApiError) -> SlackFault:
    response = error.response
    status = getattr(response, "status_code", None) or getattr(response, "status", 0)
    if status == 429:
        return Limited(method, _retry_after(getattr(response, "headers", {})))
    data = getattr(response, "data", None)
    said = data.get("error") if isinstance(data, dict) else None
    if not said or int(status or 0) >= 500:
        return Unsure(method, f"HTTP {status}")
    if said in ("ratelimited", "rate_limited"):
        return Limited(method, _retry_after(response.headers))
    return Gone(method, said) if said in GONE else Refused(method, said)


def _retry_after(headers: Mapping[str, str]) -> float:
    """Read how long to wait; a value that is none counts as a second."""
    try:
        asked = float(headers.get("Retry-After") or headers.get("retry-after") or 1)
    except ValueError:
        return 1.0
    return min(max(asked, 0.0), LONGEST_WAIT_S)


@asynccontextmanager
async def open_slack(
    token: str, metrics: Metrics, *, url: str | None = None, timeout_s: float = 10.0
) -> AsyncIterator[Slack]:
    """Open one session for all calls: a new connection for each would cost the first word a handshake."""
    connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=60)
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        # No retry handlers: some would repeat a call that had already taken effect.
        client = AsyncWebClient(
            token=token,
            base_url=url or SLACK_API_URL,
            session=session,
            retry_handlers=[],
            timeout=int(timeout_s),
        )
        yield Slack(client, session, timeout_s, metrics)


def seconds(ts: str) -> float:
    """Return the time that a message's `ts` names; now where it names none."""
    try:
        return float(ts)
    except ValueError:
        return time.time()
