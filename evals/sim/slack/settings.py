"""How the stand-in for Slack behaves: its identities, delays, limits and deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Transport: TypeAlias = Literal["socket", "http", "none"]

SCOPES = (
    "app_mentions:read",
    "assistant:write",
    "channels:history",
    "channels:read",
    "chat:write",
    "chat:write.customize",
    "files:read",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "mpim:read",
    "reactions:read",
    "reactions:write",
    "usergroups:read",
    "users:read",
)


def made_up(*parts: str) -> str:
    """Put a token of the stand-in together, so that no file holds something that looks like a secret."""
    return "-".join(parts)


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """One workspace with one app in it, and the weather around them.

    Times are in seconds and sizes in characters. `burst` is what each bucket of a limit holds when full, or
    None for one minute's worth of the method's tier (and 1 for posts to one channel). A share lies between 0
    and 1 and is drawn from `seed`. A stream's lifetime counts from its start, or with `stream_idle` from its
    last append. Of more calls than `calls_kept`, the older half is forgotten.
    """

    host: str = "127.0.0.1"
    port: int = 0
    team: str = "T0SIM"
    bot_user: str = "U0BOT"
    bot_id: str = "B0BOT"
    app_id: str = "A0BOT"
    bot_token: str = made_up("xoxb", "sim", "bot")
    app_token: str = made_up("xapp", "sim", "app")
    signing_secret: str = made_up("sim", "signing", "words")
    client_id: str = "1000.2000"
    client_secret: str = made_up("sim", "client", "words")
    scopes: tuple[str, ...] = SCOPES
    latency_s: float = 0.0
    limits: bool = False
    burst: int | None = None
    post_per_channel_per_s: float = 1.0
    posts_per_minute: float = 600.0
    stream_lifetime_s: float = 300.0
    stream_idle: bool = False
    stream_bytes: int = 11_000
    replies_lag_s: float = 0.0
    transport: Transport = "socket"
    events_url: str = ""
    ack_timeout_s: float = 3.0
    retry_after_s: tuple[float, ...] = (0.0, 60.0, 300.0)
    redeliver_share: float = 0.0
    duplicate_share: float = 0.0
    reorder_share: float = 0.0
    reorder_s: float = 0.2
    seed: int = 0
    connections_max: int = 10
    socket_refresh_s: float | None = None
    calls_kept: int = 200_000
