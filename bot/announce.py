"""Tells the team in its own channel what somebody has just done to the running bot."""

from __future__ import annotations

from bot.metrics import Metrics
from bot.settings import BotSettings
from bot.slack.api import Refused, SlackFault, open_slack
from bot.slack.clean import clean


async def announce(settings: BotSettings, text: str) -> str:
    """Post a sentence in BOT_HANDOFF_CHANNEL; return why that was not possible, empty where it was."""
    if settings.bot_handoff_channel is None or settings.slack_bot_token is None:
        missing = "SLACK_BOT_TOKEN" if settings.bot_handoff_channel else "BOT_HANDOFF_CHANNEL"
        return f"{missing} is not set"
    token, url = settings.slack_bot_token.get_secret_value(), settings.slack_api_url
    async with open_slack(token, Metrics(), url=url, timeout_s=settings.slack_timeout_s) as slack:
        try:
            # Reasons and names are other people's words: they call nobody.
            await slack.call(
                "chat.postMessage", channel=settings.bot_handoff_channel, text=clean(text, frozenset())
            )
        except SlackFault as fault:
            return str(fault)
    return ""


async def channel_problem(settings: BotSettings, channel: str) -> tuple[str, bool]:
    """Return what is wrong with a channel, empty where nothing is, and whether that is certain."""
    assert settings.slack_bot_token
    token, url = settings.slack_bot_token.get_secret_value(), settings.slack_api_url
    async with open_slack(token, Metrics(), url=url, timeout_s=settings.slack_timeout_s) as slack:
        try:
            await slack.call("conversations.info", channel=channel)
        except Refused as refused:
            unknown = refused.why == "channel_not_found"
            why = "the bot sees no such channel" if unknown else f"Slack does not say ({refused.why})"
            return why, unknown
        except SlackFault as fault:
            return f"Slack could not be asked whether there is such a channel ({fault.why}).", False
    return "", False
