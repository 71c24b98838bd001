"""What is missing for other workspaces to install the app; asked before anything slow is imported."""

from __future__ import annotations

from bot.settings import BotSettings


def installing_problem(settings: BotSettings) -> str:
    """Say what is missing, or empty; nothing is where nobody else is to install the app."""
    if bool(settings.slack_client_id) != bool(settings.slack_client_secret):
        return "SLACK_CLIENT_ID and SLACK_CLIENT_SECRET are needed both, for workspaces to install the app"
    if not settings.installable:
        return ""
    if settings.bot_token_keys is None:
        return "SLACK_CLIENT_ID needs BOT_TOKEN_KEYS: the tokens of other workspaces lie encrypted"
    if settings.redis_url is None:
        return "SLACK_CLIENT_ID needs REDIS_URL: the tokens of other workspaces must outlast the process"
    return ""
