"""The part of `bot check` that asks Slack: tokens, scopes, the transport, the team's channel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from math import ceil
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.check_audience import shared_finding
from bot.check_installs import install_findings
from bot.check_slack_asking import Refusal, SlackDown, ask
from bot.finding import Finding, Level
from bot.settings import BotSettings
from bot.slack.api import SLACK_API_URL
from bot.slack.channels import load_channels
from bot.slack.scopes import APP_SCOPE, SCOPES
from graph.errors import InputError

BOT, APP, TRANSPORT, HANDOFF = "slack", "app token", "transport", "handoff"

NEW_BOT_TOKEN = "install the app (Install App page) and take its Bot User OAuth Token"  # noqa: S105
NEW_APP_TOKEN = f"make an app-level token with {APP_SCOPE} (Basic Information page)"
UPDATE = "paste manifest.json into the App Manifest page, then install the app again"
TOKENS = "SLACK_BOT_TOKEN begins with xoxb, SLACK_APP_TOKEN with xapp"
INVITE = "say `/invite @{bot}` there"


async def slack_findings(settings: BotSettings, for_everyone: int | None = None) -> AsyncIterator[Finding]:
    """Look at one thing after the other; nothing is posted or changed.

    `for_everyone` is how many articles anybody may read; None where that is not known.
    """
    if settings.slack_bot_token is None:
        yield Finding("wanting", BOT, f"SLACK_BOT_TOKEN is not set: {NEW_BOT_TOKEN}")
        return
    client = AsyncWebClient(
        token=settings.slack_bot_token.get_secret_value(),
        base_url=settings.slack_api_url or SLACK_API_URL,
        timeout=ceil(settings.slack_timeout_s),
        retry_handlers=[],
    )
    yield _transport(settings)
    try:
        who = await ask(client.auth_test())
        for finding in _identity(who):
            yield finding
        if settings.slack_app_token:
            yield await _app_token(client, settings.slack_app_token.get_secret_value())
        if unseen := _unseen_drafts(settings):
            yield unseen
        if not isinstance(who, Refusal):
            alone = settings.bot_handoff_webhook is not None
            channel, bot = settings.bot_handoff_channel, str(who.get("user", "bot"))
            yield await _handoff(client, channel, bot, alone=alone)
            if settings.bot_handoff_channel and settings.bot_handoff_group:
                yield await _group(client, settings.bot_handoff_group)
            if shared := await shared_finding(client, for_everyone):
                yield shared
        async for finding in install_findings(settings):
            yield finding
    except SlackDown as down:
        # The release that is being checked is as good as the one that it replaces.
        yield Finding("warning", BOT, f"Slack gives no answer ({down}); ask again, or see SLACK_API_URL")


def _transport(settings: BotSettings) -> Finding:
    """Say how Slack reaches the bot, as `bot serve` will choose."""
    if settings.transport is None:
        says = "set SLACK_APP_TOKEN to listen by socket, or SLACK_SIGNING_SECRET to listen over HTTP"
        return Finding("wanting", TRANSPORT, says)
    if settings.transport == "http" and settings.redis_url is None:
        says = "HTTP needs REDIS_URL: what was acknowledged would be lost with the process"
        return Finding("wanting", TRANSPORT, says)
    return Finding("ok", TRANSPORT, settings.transport)


def _identity(who: AsyncSlackResponse | Refusal) -> list[Finding]:
    if isinstance(who, Refusal):
        remedy = TOKENS if who.error == "not_allowed_token_type" else NEW_BOT_TOKEN
        return [Finding("wanting", BOT, f"SLACK_BOT_TOKEN is refused ({who.error}): {remedy}")]
    first = Finding("ok", BOT, f"@{who.get('user')} in {who.get('team')} ({who.get('team_id')})")
    granted = {name.lower(): value for name, value in who.headers.items()}.get("x-oauth-scopes")
    if granted is None:
        return [first, Finding("warning", BOT, "Slack does not say which scopes the bot token has")]
    missing = [scope for scope in SCOPES if scope not in {each.strip() for each in granted.split(",")}]
    if missing:
        return [first, Finding("wanting", BOT, f"lacks {', '.join(missing)}: {UPDATE}")]
    return [first]


async def _app_token(client: AsyncWebClient, token: str) -> Finding:
    """Ask for an address to connect to, which is given up unused."""
    opened = await ask(client.apps_connections_open(app_token=token))
    if not isinstance(opened, Refusal):
        return Finding("ok", APP, "opens connections")
    if opened.error == "not_allowed_token_type":
        remedy = TOKENS
    elif opened.error == "socket_mode_not_enabled":
        remedy = UPDATE
    else:
        remedy = NEW_APP_TOKEN
    return Finding("wanting", APP, f"SLACK_APP_TOKEN is refused ({opened.error}): {remedy}")


def _unseen_drafts(settings: BotSettings) -> Finding | None:
    """Say that answers in some channels are drafts which nobody would see."""
    try:
        listing = load_channels(settings.bot_home).listing
    except InputError as error:
        return Finding("wanting", "channels", str(error))
    drafts = sorted(name for name, mode in listing.modes.items() if mode == "draft")
    drafts += ["default"] if listing.mode == "draft" else []
    if not drafts or settings.bot_handoff_channel:
        return None
    says = f'mode = "draft" ({", ".join(drafts)}) needs BOT_HANDOFF_CHANNEL: nobody would see the drafts'
    return Finding("wanting", "channels", says)


async def _handoff(client: AsyncWebClient, channel: str | None, bot: str, *, alone: bool) -> Finding:
    invite = INVITE.format(bot=bot)
    if channel is None and alone:
        return Finding("ok", HANDOFF, "no channel: people are promised while the help desk takes messages")
    if channel is None:
        return Finding("warning", HANDOFF, "BOT_HANDOFF_CHANNEL is not set: no phrase promises a person")
    found = await ask(client.conversations_info(channel=channel))
    if isinstance(found, Refusal):
        remedy = {
            "channel_not_found": f"give the channel's ID (About, at the bottom); if it is private, {invite}",
            "not_in_channel": invite,
            "missing_scope": UPDATE,
        }.get(found.error, "see the channel in Slack")
        return Finding("wanting", HANDOFF, f"{channel} cannot be reached ({found.error}): {remedy}")
    about: dict[str, Any] = found.get("channel") or {}
    name = f"#{about.get('name', channel)}"
    if about.get("is_archived"):
        return Finding("wanting", HANDOFF, f"{name} is archived: choose another channel")
    if about.get("is_ext_shared"):
        says = f"{name} is shared with another company, which would read the cards: choose one of your own"
        return Finding("wanting", HANDOFF, says)
    if about.get("is_member") is False:
        return Finding("wanting", HANDOFF, f"the bot is not in {name}: {invite}")
    return Finding("ok", HANDOFF, name)


async def _group(client: AsyncWebClient, group: str) -> Finding:
    found = await ask(client.usergroups_users_list(usergroup=group))
    if isinstance(found, Refusal):
        remedies = {"no_such_subteam": "give the group's ID, such as S0123456789", "missing_scope": UPDATE}
        remedy = remedies.get(found.error, "see the group in Slack")
        says = f"BOT_HANDOFF_GROUP {group} cannot be read ({found.error}): {remedy}"
        return Finding("wanting", HANDOFF, says)
    users: list[str] = found.get("users") or []
    level: Level = "ok" if users else "warning"
    return Finding(level, HANDOFF, f"{len(users)} members of {group} may take over")
