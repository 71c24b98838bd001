"""The workspaces that this process serves: its own, and each that installed the app, on a floor each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from pydantic import SecretStr
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_sdk.web.async_client import AsyncWebClient

from bot.app import App
from bot.at_work import at_work, caught_up, drained
from bot.floor import Floor, Identity, open_floor
from bot.inbox import Stats
from bot.metrics import Metrics
from bot.settings import BotSettings
from bot.slack.api import Slack
from bot.slack.channels import load_channels
from bot.slack.incoming import team_of
from bot.slack.installs.sealing import Unreadable
from bot.slack.installs.store import Installations, Installed
from graph.errors import FirstlineError, StateError
from graph.tasks import end

log = structlog.get_logger()

FOLLOW_S = 5.0
"""How often is looked for who has installed or removed the app elsewhere."""
OPEN_S = 2.0
"""How long an event waits for its workspace to be opened: Slack waits 3 s, and sends it again."""
OPENING = 4
"""Workspaces that are opened at the same time."""
REMOVED_DRAIN_S = 1.0
"""Where the app was removed, nothing can be said any more."""
GONE = ("app_uninstalled", "tokens_revoked")


@dataclass(slots=True)
class _Open:
    floor: Floor
    version: str
    stack: AsyncExitStack
    drain_s: list[float]
    """How long its answers may take at its end."""


@dataclass(slots=True)
class Workspaces:
    """Gives each event to the floor of its workspace; without `installations` there is one alone."""

    settings: BotSettings
    app: App
    home: Floor
    metrics: Metrics
    installations: Installations | None = None
    _open: dict[str, _Open] = field(default_factory=dict)
    _opening: dict[str, asyncio.Task[Floor | None]] = field(default_factory=dict)
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(OPENING))
    _unreadable: dict[str, str] = field(default_factory=dict)
    """Installations that cannot be opened with our keys, and which they were: said once."""
    _loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to serve those that have installed the app."""
        if self.installations is not None:
            self.home.workers.busy = self._busy
            self._loop = asyncio.create_task(self._follow())

    async def close(self) -> None:
        """Drain all but the first one, at the same time."""
        await end(self._loop, *self._opening.values())
        await asyncio.gather(*(self._close(team) for team in list(self._open)))

    @property
    def floors(self) -> list[Floor]:
        """All that are open, the first one first."""
        return [self.home, *(each.floor for each in self._open.values())]

    def of(self, team: str | None) -> Identity:
        """Return who the bot is in a workspace, as far as this process serves it; else in the first one."""
        found = self._open.get(team or "")
        return found.floor.identity if found else self.home.identity

    def heard_again_since(self, at: float) -> None:
        """Have looked for what all of them missed since a time."""
        for floor in self.floors:
            floor.catch_up.ask("sockets", at)

    async def receive(self, body: object) -> bool:
        """Keep what a payload tells, where it belongs; False where it could not be in time."""
        team = team_of(body)
        if self.installations is None or team in ("", self.home.identity.team):
            if _kind(body) in GONE:
                log.error("workspace.removed", team=team, hint="SLACK_BOT_TOKEN is good for nothing any more")
                return True
            return await self.home.intake.receive(body)
        try:
            if _kind(body) in GONE:
                return await self._removed(team, body)
            if served := self._open.get(team):
                return await served.floor.intake.receive(body)
            versions = await self._versions()
            if team not in versions:
                log.warning("event.foreign", team=team)
                return True
            floor = await self._floor(team, versions[team])
        except StateError as error:
            log.warning("event.not_kept", kind=_kind(body), why=str(error))
            return False
        return floor is not None and await floor.intake.receive(body)

    async def _floor(self, team: str, version: str) -> Floor | None:
        """Open a workspace's floor; None where it is not open in time."""
        opening = self._begin(team, version)
        await asyncio.wait({opening}, timeout=OPEN_S)
        ended = opening.done() and not opening.cancelled() and opening.exception() is None
        return opening.result() if ended else None

    async def stats(self) -> Stats:
        """Count what is in all inboxes; raises StateError."""
        found = [await floor.inbox.stats() for floor in self.floors]
        first, *rest = found
        for stats in rest:
            first = replace(
                first,
                waiting=first.waiting + stats.waiting,
                ready=first.ready + stats.ready,
                leased=first.leased + stats.leased,
                delayed=first.delayed + stats.delayed,
                dead=first.dead + stats.dead,
                oldest_waiting_s=max(first.oldest_waiting_s, stats.oldest_waiting_s),
            )
        return first

    def _busy(self) -> int:
        return sum(floor.workers.under_way for floor in self.floors)

    async def _versions(self) -> dict[str, str]:
        assert self.installations is not None
        found = await self.installations.versions()
        # Somebody may have installed it by OAuth where SLACK_BOT_TOKEN is of.
        found.pop(self.home.identity.team, None)
        return found

    async def _follow(self) -> None:
        while True:
            try:
                await self._look()
            except StateError as error:
                log.debug("redis.away", why=str(error))
            await asyncio.sleep(FOLLOW_S)

    async def _look(self) -> None:
        versions = await self._versions()
        for team in [team for team, each in self._open.items() if versions.get(team) != each.version]:
            await self._close(team, REMOVED_DRAIN_S if team not in versions else None)
        wanted = [(team, version) for team, version in versions.items() if team not in self._open]
        await asyncio.gather(*(asyncio.wait({self._begin(team, version)}) for team, version in wanted))

    def _begin(self, team: str, version: str) -> asyncio.Task[Floor | None]:
        if team not in self._opening:
            self._opening[team] = asyncio.create_task(self._opened(team, version))
            self._opening[team].add_done_callback(lambda done: self._begun(team, done))
        return self._opening[team]

    def _begun(self, team: str, opening: asyncio.Task[Floor | None]) -> None:
        self._opening.pop(team, None)
        if not opening.cancelled() and (fault := opening.exception()):
            log.error("workspace.failed", team=team, exc_info=fault)

    async def _opened(self, team: str, version: str) -> Floor | None:
        """Open a workspace; None where that cannot be, which is tried again when somebody looks."""
        assert self.installations is not None
        try:
            async with self._places:
                found = await self.installations.find(team)
                if found is None:
                    return None
                stack, drain_s = AsyncExitStack(), [self.settings.bot_drain_s]
                async with stack:
                    floor = await stack.enter_async_context(self._floor_of(found, drain_s))
                    self._open[team] = _Open(floor, version, stack.pop_all(), drain_s)
        except Unreadable as error:
            if self._unreadable.get(team) != version:
                self._unreadable[team] = version
                log.error("workspace.unreadable", team=team, why=str(error))  # noqa: TRY400
            return None
        except FirstlineError as error:
            log.warning("workspace.not_opened", team=team, why=str(error))
            return None
        log.info("workspace.served", team=team, name=found.name)
        return floor

    @asynccontextmanager
    async def _floor_of(self, found: Installed, drain_s: list[float]) -> AsyncIterator[Floor]:
        settings = self.settings.model_copy(
            update={
                "slack_bot_token": SecretStr(found.token),
                # The team of the first workspace is nobody to the others: each names a channel of its own.
                "bot_handoff_channel": load_channels(self.settings.bot_home).handoff_channel(found.team),
                "bot_handoff_group": None,
                # So is the help desk of the first one.
                "bot_handoff_webhook": None,
            }
        )
        identity = Identity(found.team, found.bot_user, found.bot_id, found.enterprise)
        slack = _slack(self.home.slack, found.token)
        floor = await open_floor(settings, self.app, slack, identity, self.metrics, above=self.home)
        floor.workers.busy = self._busy

        async def drain() -> None:
            await drained(floor, drain_s[0])

        async with caught_up(floor), at_work(settings, floor, drain):
            floor.workers.start()
            yield floor

    async def _removed(self, team: str, body: object) -> bool:
        """Forget a workspace that has removed the app, and all that waits there."""
        assert self.installations is not None
        if _kind(body) == "tokens_revoked" and not _revoked_bots(body):
            return True
        had = await self.installations.remove(team)
        await self._close(team, REMOVED_DRAIN_S)
        erased = await self.installations.erase(team)
        if had or erased:
            log.warning("workspace.removed", team=team, keys=erased)
        return True

    async def _close(self, team: str, drain_s: float | None = None) -> None:
        if opening := self._opening.get(team):
            with suppress(asyncio.CancelledError):
                await asyncio.wait({opening})
        if found := self._open.pop(team, None):
            if drain_s is not None:
                found.drain_s[0] = drain_s
            await found.stack.aclose()
            log.info("workspace.closed", team=team)


class Authorize(AsyncAuthorize):
    """Tells Slack's library who the bot is in an event's workspace: it leaves out what the bot did."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces

    async def __call__(
        self,
        *,
        context: Any,  # noqa: ARG002  # the library calls it by these names
        enterprise_id: str | None,  # noqa: ARG002
        team_id: str | None,
        user_id: str | None,  # noqa: ARG002
        actor_enterprise_id: str | None = None,  # noqa: ARG002
        actor_team_id: str | None = None,  # noqa: ARG002
        actor_user_id: str | None = None,  # noqa: ARG002
    ) -> AuthorizeResult:
        """Return the bot's ids; whether a workspace is served at all is judged where its event is kept."""
        me = self._workspaces.of(team_id)
        return AuthorizeResult(
            enterprise_id=me.enterprise or None, team_id=me.team, bot_user_id=me.user, bot_id=me.bot_id
        )


def _slack(home: Slack, token: str) -> Slack:
    """Return the Web API under another workspace's token, over the same connections."""
    client = AsyncWebClient(
        token=token,
        base_url=home.client.base_url,
        session=home.session,
        retry_handlers=[],
        timeout=home.client.timeout,
    )
    return Slack(client, home.session, home.timeout_s, home.metrics)


def _event(body: object) -> Mapping[str, Any]:
    event = body.get("event") if isinstance(body, Mapping) else None
    return event if isinstance(event, Mapping) else {}


def _kind(body: object) -> str:
    return str(_event(body).get("type", ""))


def _revoked_bots(body: object) -> bool:
    tokens = _event(body).get("tokens")
    return isinstance(tokens, Mapping) and bool(tokens.get("bot"))
