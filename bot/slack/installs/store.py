"""Which workspaces have installed the app: kept in Redis, their tokens sealed.

{bot}:<team>:installed     the installation, sealed as a whole
{bot}:installed            team -> which installation it is: another one after each
{bot}:oauth-state:<state>  that this state was given to a browser, for ten minutes, until it comes back
"""

from __future__ import annotations

import json
import logging
import secrets
import time
import uuid
from dataclasses import asdict, dataclass
from logging import Logger
from typing import Any

import structlog
from redis.asyncio import Redis
from slack_bolt.error import BoltError
from slack_sdk.oauth.installation_store import Bot, Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore

from bot.keys import PREFIX, prefix_of
from bot.slack.installs.sealing import Seal, Unreadable
from graph.errors import StateError
from graph.state_store import ask, text_of

log = structlog.get_logger()

INSTALLED = f"{PREFIX}installed"
STATE_S = 600
BATCH = 500
OTHERS = ("conv", "limit", "said", "said-in", "told")
"""Kinds of keys in which the workspace comes second."""


@dataclass(frozen=True, slots=True)
class Installed:
    """The app in one workspace."""

    team: str
    name: str
    enterprise: str
    """The organisation that the workspace belongs to; empty where it stands alone."""
    bot_user: str
    bot_id: str
    token: str
    scopes: str
    """Separated by commas."""
    by: str
    """Who installed it."""
    at: float


class Installations(AsyncInstallationStore):
    """The installations of all processes; every method raises StateError when Redis fails."""

    def __init__(self, redis: Redis, seal: Seal) -> None:
        self._redis: Any = redis  # its stubs are for the blocking and the async client at once
        self._seal = seal

    @property
    def logger(self) -> Logger:
        """The one that Slack's library writes to."""
        return logging.getLogger("slack_bolt.oauth")

    async def async_save(self, installation: Installation) -> None:
        """Keep what Slack gave for a workspace; raises BoltError for what the bot could not work with."""
        made = _read(installation)
        try:
            await self.keep(made)
        except StateError as error:
            raise BoltError(str(error)) from error
        log.info("workspace.installed", team=made.team, name=made.name, by=made.by)

    async def async_find_bot(
        self,
        *,
        enterprise_id: str | None,  # noqa: ARG002  # the library's own name
        team_id: str | None,
        is_enterprise_install: bool | None = False,
    ) -> Bot | None:
        """Return a workspace's installation in the library's own shape."""
        found = await self.find(team_id) if team_id and not is_enterprise_install else None
        if found is None:
            return None
        return Bot(
            app_id=None, enterprise_id=found.enterprise or None, team_id=found.team, team_name=found.name,
            bot_token=found.token, bot_id=found.bot_id, bot_user_id=found.bot_user, bot_scopes=found.scopes,
            installed_at=found.at,
        )  # fmt: skip

    async def async_delete_bot(self, *, enterprise_id: str | None, team_id: str | None) -> None:  # noqa: ARG002
        """Forget a workspace's token."""
        if team_id:
            await self.remove(team_id)

    async def async_delete_all(self, *, enterprise_id: str | None, team_id: str | None) -> None:
        """Forget a workspace's token."""
        await self.async_delete_bot(enterprise_id=enterprise_id, team_id=team_id)

    async def keep(self, made: Installed) -> None:
        """Keep an installation in place of an earlier one."""
        sealed = self._seal.seal(json.dumps(asdict(made)))
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.set(_key(made.team), sealed)
            pipeline.hset(INSTALLED, made.team, uuid.uuid4().hex)
            await ask(pipeline.execute())

    async def find(self, team: str) -> Installed | None:
        """Return a workspace's installation; None where there is none. Raises Unreadable.

        One that an older key sealed is sealed anew, so that the older key can be taken out some day.
        """
        sealed = await ask(self._redis.get(_key(team)))
        if sealed is None:
            return None
        found = Installed(**json.loads(self._seal.open(sealed)))
        if found.team != team:
            raise Unreadable("it is another workspace's")
        if not self._seal.newest(sealed):
            await ask(self._redis.set(_key(team), self._seal.seal(json.dumps(asdict(found))), xx=True))
        return found

    async def versions(self) -> dict[str, str]:
        """Return every workspace that has installed the app, with what changes when it does so again."""
        found = await ask(self._redis.hgetall(INSTALLED))
        return {text_of(team): text_of(version) for team, version in found.items()}

    async def remove(self, team: str) -> bool:
        """Forget a workspace's token; False where there was none."""
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.delete(_key(team))
            pipeline.hdel(INSTALLED, team)
            deleted, _ = await ask(pipeline.execute())
        return bool(deleted)

    async def erase(self, team: str) -> int:
        """Erase what is kept under a workspace's own keys, and its conversations; return how many keys."""
        erased = 0
        others = (f"{PREFIX}{kind}:{team}:*" for kind in OTHERS)
        for pattern in (f"{prefix_of(team)}*", *others):
            keys = [key async for key in self._redis.scan_iter(match=pattern, count=BATCH)]
            for start in range(0, len(keys), BATCH):
                erased += int(await ask(self._redis.unlink(*keys[start : start + BATCH])))
        return erased


class States(AsyncOAuthStateStore):
    """What a browser must bring back that was sent to Slack to allow the app; each is good for once."""

    def __init__(self, redis: Redis) -> None:
        self._redis: Any = redis

    @property
    def logger(self) -> Logger:
        """The one that Slack's library writes to."""
        return logging.getLogger("slack_bolt.oauth")

    async def async_issue(self, *_args: Any, **_kwargs: Any) -> str:
        """Make a state, and remember it; raises StateError."""
        state = secrets.token_urlsafe(32)
        await ask(self._redis.set(_state(state), int(time.time()), ex=STATE_S))
        return state

    async def async_consume(self, state: str) -> bool:
        """Tell whether a state was given away and did not come back before; raises StateError."""
        return bool(await ask(self._redis.delete(_state(state))))


def _read(installation: Installation) -> Installed:
    team, token = installation.team_id, installation.bot_token
    if installation.is_enterprise_install or not team:
        raise BoltError("The app is installed in workspaces, not in a whole organisation.")
    if not token or not installation.bot_user_id:
        raise BoltError("Slack gave no bot token.")
    if installation.bot_refresh_token:
        raise BoltError("Token rotation is on in the app's settings: switch it off.")
    scopes = installation.bot_scopes or ()
    return Installed(
        team=team,
        name=installation.team_name or team,
        enterprise=installation.enterprise_id or "",
        bot_user=installation.bot_user_id,
        bot_id=installation.bot_id or "",
        token=token,
        scopes=scopes if isinstance(scopes, str) else ",".join(scopes),
        by=installation.user_id or "",
        at=time.time(),
    )


def _key(team: str) -> str:
    return f"{prefix_of(team)}installed"


def _state(state: str) -> str:
    return f"{PREFIX}oauth-state:{state}"
