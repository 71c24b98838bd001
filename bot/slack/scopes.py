"""What the bot asks of a workspace: manifest.json asks for it, `bot check` and the listeners rely on it."""

from __future__ import annotations

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
"""Of the bot token. No user scope is needed; the app token has APP_SCOPE."""

APP_SCOPE = "connections:write"

BOT_EVENTS = (
    "agent_session_stopped",
    "app_home_opened",
    "app_mention",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "reaction_added",
    "reaction_removed",
)
"""Subscriptions; Slack answers none of them with an error when the bot takes no part in a conversation."""

WORKSPACE_EVENTS = ("app_uninstalled", "tokens_revoked")
"""Subscriptions that say that a workspace has removed the app."""
