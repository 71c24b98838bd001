"""Who may take conversations over: the members of the team's channel, and of a user group.

{bot}:staff          their ids, as they were last read; `-` stands there too, so that nobody is known as well
{bot}:staff-fresh    as long as it is there, nobody reads them again
{bot}:person:<id>    whether a member is a person, and their name and picture, for a day

Before each name stands the tenant, where there is one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from redis.asyncio import Redis

from bot.keys import prefix_of
from bot.slack.api import Refused, SlackFault
from bot.slack.fields import Fields
from bot.slack.history import History
from bot.tasks import Background
from graph.errors import StateError
from graph.state_store import ask, text_of

log = structlog.get_logger()

FRESH_S = 60.0
"""How long a list that was read counts for all processes."""
FAILED_S = 10.0
"""After which time a list is tried again that Slack did not give."""
AGAIN_S = 2.0
"""How old a list may be by which somebody is turned away."""
LOCAL_S = 1.0
"""How long a process goes by what it read in Redis."""
PERSON_S = 86_400
_NOBODY = "-"


@dataclass(frozen=True, slots=True)
class Person:
    """What is said of a colleague where their words are passed on."""

    id: str
    name: str
    picture: str = ""
    bot: bool = False


@dataclass(slots=True)
class Staff:
    """The team, as all processes know it; what Slack said last stays while Slack says nothing."""

    redis: Redis
    history: History
    channel: str | None
    """The team's channel; None: there is no staff."""
    group: str | None
    bot_user: str
    background: Background
    fresh_s: float = FRESH_S
    strangers: Callable[[], bool] = lambda: False
    """Whether others than the team are in its channel: nobody becomes staff by being there then."""
    tenant: str = ""
    _known: frozenset[str] | None = None
    _looked_at: float = field(default=-LOCAL_S)
    _said: set[str] = field(default_factory=set)
    """What went wrong and was said: once is enough."""

    @property
    def _staff(self) -> str:
        return f"{prefix_of(self.tenant)}staff"

    @property
    def _fresh(self) -> str:
        return f"{prefix_of(self.tenant)}staff-fresh"

    async def members(self) -> frozenset[str] | None:
        """Return who is staff; None where nobody could find out yet, which is tried again now and then.

        Raises StateError.
        """
        if self.channel is None:
            return frozenset()
        if time.monotonic() - self._looked_at >= LOCAL_S:
            await self._look()
        if self._known is None:
            await self.read()
        return self._known

    async def has(self, user: str) -> bool | None:
        """Tell whether somebody is staff, and no bot; None where nobody could find out yet.

        Raises StateError; asks Slack where it must.
        """
        members = await self.members()
        if members is not None and user not in members:
            # They may have joined just now: nobody is turned away by an old list.
            members = await self._read_again()
        if members is None:
            return None
        return user in members and not (await self.person(user)).bot

    async def _read_again(self) -> frozenset[str] | None:
        client: Any = self.redis
        left_ms = int(await ask(client.pttl(self._fresh)))
        if left_ms < (self.fresh_s - AGAIN_S) * 1000:
            await ask(client.delete(self._fresh))
        await self.read()
        return self._known

    async def read(self) -> None:
        """Read anew who is staff, unless another process just did; raises StateError."""
        client: Any = self.redis  # its stubs are for the blocking and the async client at once
        if self.channel and await ask(client.set(self._fresh, 1, nx=True, px=int(self.fresh_s * 1000))):
            await self._read(self.channel)
        await self._take_over()

    async def person(self, user: str) -> Person:
        """Return a colleague's name; their id stands for it where Slack does not tell. Raises StateError."""
        client: Any = self.redis
        key = f"{prefix_of(self.tenant)}person:{user}"
        if kept := await ask(client.get(key)):
            return Person(user, **json.loads(text_of(kept)))
        try:
            found = Fields(await self.history.call("users.info", user=user)).at("user")
        except SlackFault as fault:
            self._say_once("users.info", fault.why)
            return Person(user, user)
        profile = found.at("profile")
        named = (profile.text("display_name"), profile.text("real_name"), found.text("name"), user)
        about: dict[str, Any] = {
            "name": next(name for name in named if name.strip())[:80],
            "picture": profile.text("image_72"),
            "bot": found.value("is_bot") is True,
        }
        await ask(client.set(key, json.dumps(about), ex=PERSON_S))
        return Person(user, **about)

    async def _look(self) -> None:
        client: Any = self.redis
        fresh = bool(await ask(client.exists(self._fresh)))
        await self._take_over()
        if not fresh and self._known is not None:
            self.background.run(self._read_quietly())

    async def _take_over(self) -> None:
        """Go by what Redis has; where it has nothing, by what this process knew before."""
        client: Any = self.redis
        found = {text_of(name) for name in await ask(client.smembers(self._staff))}
        if found:
            self._known = frozenset(found - {_NOBODY})
        self._looked_at = time.monotonic()

    async def _read_quietly(self) -> None:
        try:
            await self.read()
        except StateError as error:
            log.debug("redis.away", why=str(error))

    async def _read(self, channel: str) -> None:
        if self.strangers():
            return
        client: Any = self.redis
        lists = [await self._listed("conversations.members", "members", channel=channel)]
        if self.group:
            lists.append(await self._listed("usergroups.users.list", "users", usergroup=self.group))
        found = {name for read in lists for name in read or () if name != self.bot_user}
        if None in lists:
            # Nobody is dropped because Slack did not say that they are still there.
            await ask(client.set(self._fresh, 1, px=int(min(self.fresh_s, FAILED_S) * 1000)))
            found |= (
                {text_of(name) for name in await ask(client.smembers(self._staff))} or self._known or set()
            )
        if lists.count(None) == len(lists):
            return
        async with client.pipeline(transaction=True) as pipeline:
            pipeline.delete(self._staff)
            pipeline.sadd(self._staff, _NOBODY, *found)
            await ask(pipeline.execute())
        log.debug("staff.read", people=len(found))

    async def _listed(self, method: str, listed: str, **arguments: str) -> list[str] | None:
        try:
            entries = await self.history.listed(method, listed, **arguments)
        except SlackFault as fault:
            self._say_once(method, fault.why, refused=isinstance(fault, Refused))
            return None
        self._said.discard(method)
        return [entry for entry in entries if isinstance(entry, str)]

    def _say_once(self, method: str, why: str, *, refused: bool = True) -> None:
        if method not in self._said:
            self._said.add(method)
            hint = "paste manifest.json into the app's manifest and install it again"
            more = {"hint": hint} if refused and why == "missing_scope" else {}
            log.warning("staff.unknown", method=method, why=why, **more)
