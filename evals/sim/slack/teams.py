"""Other workspaces that install the app by OAuth: each with people, tokens and deliveries of its own."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from evals.sim.slack.actions import Actions
from evals.sim.slack.delivery import Deliveries
from evals.sim.slack.limits import Limits
from evals.sim.slack.settings import SlackSettings, made_up
from evals.sim.slack.shapes import Payload
from evals.sim.slack.workspace import Workspace


class Team(Actions):
    """A workspace in which the app is installed once its code was exchanged, until it is removed."""

    def __init__(
        self, settings: SlackSettings, base_url: Callable[[], str], clock: Callable[[], float]
    ) -> None:
        deliveries = Deliveries(settings, base_url)
        workspace = Workspace(settings, clock, deliveries.deliver)
        deliveries.shared = workspace.shared
        super().__init__(settings, workspace, deliveries, Limits(settings, clock))
        self.installed = False

    def uninstall(self) -> None:
        """Remove the app: its token is good for nothing, and two events say so."""
        self.installed = False
        ts = self.workspace.tick()
        revoked = {"oauth": [], "bot": [self.settings.bot_user]}
        self.deliveries.deliver({"type": "tokens_revoked", "tokens": revoked, "event_ts": ts})
        self.deliveries.deliver({"type": "app_uninstalled", "event_ts": ts})


class Teams:
    """The workspaces beside the first one, by token and by the code that installs the app in them."""

    def __init__(
        self, settings: SlackSettings, base_url: Callable[[], str], clock: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._base_url = base_url
        self._clock = clock
        self._by_code: dict[str, Team] = {}
        self.all: list[Team] = []

    async def open(self, team: str, **changes: Any) -> Team:
        """Open a workspace in which the app is not installed yet; `changes` are of its settings."""
        name = team.removeprefix("T0") or team
        given: dict[str, Any] = {
            "team": team,
            "bot_user": f"U0BOT{name}",
            "bot_id": f"B0BOT{name}",
            "bot_token": made_up("xoxb", "sim", team),
            **changes,
        }
        made = Team(replace(self._settings, **given), self._base_url, self._clock)
        made.workspace.origin = self._base_url()
        await made.deliveries.open()
        self.all.append(made)
        return made

    async def close(self) -> None:
        """Close what was opened."""
        for team in self.all:
            await team.deliveries.close()

    def allow(self, team: Team) -> str:
        """Return the code that Slack gives a browser in which somebody allowed the app; good for once."""
        code = secrets.token_hex(12)
        self._by_code[code] = team
        return code

    def of(self, token: str) -> Team | None:
        """Return the workspace that a token is good for."""
        return next((team for team in self.all if team.installed and team.settings.bot_token == token), None)

    def exchange(self, headers: Mapping[str, str], given: Mapping[str, Any]) -> Payload:
        """Answer oauth.v2.access."""
        client, secret = _client(headers, given)
        if client != self._settings.client_id:
            return {"ok": False, "error": "invalid_client_id"}
        if secret != self._settings.client_secret:
            return {"ok": False, "error": "bad_client_secret"}
        team = self._by_code.pop(str(given.get("code", "")), None)
        if team is None:
            return {"ok": False, "error": "invalid_code"}
        team.installed = True
        settings = team.settings
        return {
            "ok": True,
            "app_id": settings.app_id,
            "authed_user": {"id": "U0ADMIN"},
            "scope": ",".join(settings.scopes),
            "token_type": "bot",
            "access_token": settings.bot_token,
            "bot_user_id": settings.bot_user,
            "team": {"id": settings.team, "name": settings.team.title()},
            "enterprise": None,
            "is_enterprise_install": False,
        }


def _client(headers: Mapping[str, str], given: Mapping[str, Any]) -> tuple[str, str]:
    """Read the app's id and secret, which come in the header or among the arguments."""
    kind, _, encoded = headers.get("Authorization", "").partition(" ")
    if kind == "Basic":
        try:
            client, _, secret = base64.b64decode(encoded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return client, secret
    return str(given.get("client_id", "")), str(given.get("client_secret", ""))
