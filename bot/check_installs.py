"""The part of `bot check` that says which other workspaces installed the app, and whether they are served."""

from __future__ import annotations

from collections.abc import AsyncIterator
from math import ceil

from slack_sdk.web.async_client import AsyncWebClient

from bot.check_slack_asking import Refusal, ask
from bot.finding import Finding
from bot.settings import BotSettings
from bot.slack.api import SLACK_API_URL
from bot.slack.channels import load_channels
from bot.slack.installs.problem import installing_problem
from bot.slack.installs.sealing import Seal, Unreadable
from bot.slack.installs.store import Installations, Installed
from bot.terminal import counted
from graph.errors import FirstlineError
from graph.state_store import open_state

ABOUT = "workspaces"


async def install_findings(settings: BotSettings) -> AsyncIterator[Finding]:
    """Look at each workspace; nothing where none may install the app. Raises SlackDown."""
    if problem := installing_problem(settings):
        yield Finding("wanting", ABOUT, problem)
        return
    if not (settings.installable and settings.redis_url and settings.bot_token_keys):
        return
    if settings.transport == "socket":
        says = "others install the app over HTTP alone: leave SLACK_APP_TOKEN out, or say --transport http"
        yield Finding("warning", ABOUT, says)
    try:
        seal = Seal(settings.bot_token_keys.get_secret_value())
        async with open_state(settings.redis_url.get_secret_value()) as redis:
            async for finding in _each(settings, Installations(redis, seal)):
                yield finding
    except FirstlineError as error:
        yield Finding("wanting", ABOUT, str(error))


async def _each(settings: BotSettings, installations: Installations) -> AsyncIterator[Finding]:
    teams = sorted(await installations.versions())
    yield Finding("ok", ABOUT, f"{counted(len(teams), 'other workspace')} installed the app")
    for team in teams:
        try:
            found = await installations.find(team)
        except Unreadable as error:
            yield Finding("wanting", ABOUT, f"{team} cannot be served: {error}")
            continue
        if found and (wrong := await _wrong(settings, found)):
            yield wrong


async def _wrong(settings: BotSettings, found: Installed) -> Finding | None:
    """Say what is wrong with a workspace; None where nothing is."""
    client = AsyncWebClient(
        token=found.token,
        base_url=settings.slack_api_url or SLACK_API_URL,
        timeout=ceil(settings.slack_timeout_s),
        retry_handlers=[],
    )
    who = await ask(client.auth_test())
    if isinstance(who, Refusal):
        says = f"{found.team} ({found.name}) refuses its token ({who.error}): it must install the app again"
        return Finding("warning", ABOUT, says)
    channel = load_channels(settings.bot_home).handoff_channel(found.team)
    if channel is None:
        return None
    about = await ask(client.conversations_info(channel=channel))
    if isinstance(about, Refusal):
        says = f"{found.team} ({found.name}): {channel} cannot be reached ({about.error}): nobody takes over"
        return Finding("warning", ABOUT, says)
    if (about.get("channel") or {}).get("is_ext_shared"):
        says = f"{found.team} ({found.name}): {channel} is shared with another company: no cards go there"
        return Finding("warning", ABOUT, says)
    return None
