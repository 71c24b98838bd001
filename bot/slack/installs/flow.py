"""The two pages by which a workspace installs the app; Slack's library has the steps between them."""

from __future__ import annotations

import logging

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings import BotSettings
from bot.slack.api import SLACK_API_URL
from bot.slack.installs.store import Installations, States
from bot.slack.scopes import SCOPES
from graph.errors import StateError

log = structlog.get_logger()

INSTALL, REDIRECT = "/slack/install", "/slack/oauth_redirect"


def make_flow(settings: BotSettings, installations: Installations, states: States) -> AsyncOAuthFlow:
    """Make the flow of the app that SLACK_CLIENT_ID and SLACK_CLIENT_SECRET name."""
    assert settings.slack_client_id
    assert settings.slack_client_secret
    # Without a token: this client speaks for the app, not for a workspace.
    client = AsyncWebClient(base_url=settings.slack_api_url or SLACK_API_URL, retry_handlers=[])
    return AsyncOAuthFlow(
        client=client,
        logger=logging.getLogger("slack_bolt.oauth"),
        settings=AsyncOAuthSettings(
            client_id=settings.slack_client_id,
            client_secret=settings.slack_client_secret.get_secret_value(),
            scopes=list(SCOPES),
            user_scopes=[],
            redirect_uri=settings.slack_redirect_uri,
            install_path=INSTALL,
            redirect_uri_path=REDIRECT,
            installation_store=installations,
            state_store=states,
        ),
    )


def add_pages(application: web.Application, flow: AsyncOAuthFlow) -> None:
    """Let an aiohttp application show both pages."""

    async def install(request: web.Request) -> web.Response:
        try:
            return await to_aiohttp_response(await flow.handle_installation(await to_bolt_request(request)))
        except StateError as error:
            return _away(error)

    async def back(request: web.Request) -> web.Response:
        try:
            return await to_aiohttp_response(await flow.handle_callback(await to_bolt_request(request)))
        except StateError as error:
            return _away(error)

    application.router.add_get(INSTALL, install)
    application.router.add_get(REDIRECT, back)


def _away(error: StateError) -> web.Response:
    log.warning("install.not_now", why=str(error))
    return web.Response(status=503, text="Try again in a moment.")
