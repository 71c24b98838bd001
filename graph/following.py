"""A running process takes over what is promoted: a look at Redis a second, beside the turns.

git is the truth: what was promoted over another version than the one that this process has is not followed,
and a process that is a deployment ends it. A version that cannot be used is left out, and the one behind it
stays in force. While Redis is away, what was in force stays.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog

from graph.editions import EVERYBODY, Promoted
from graph.errors import InputError, StateError
from graph.prompt_versions import PromptVersions, Read, parse_rollout
from graph.records.codec import RecordError
from graph.rollout import Change, Rollout, Step
from graph.services import Services
from graph.tasks import end
from prompts import Edition, PromptError, edition_of

log = structlog.get_logger()

EVERY_S = 1.0
BY = "a deploy"


@asynccontextmanager
async def following(
    versions: PromptVersions, services: Services, *, deploys: bool = False, every_s: float = EVERY_S
) -> AsyncIterator[None]:
    """Keep `services.editions` what Redis says; `deploys` tells that this process serves customers.

    Has looked once when it is entered; a Redis that fails is logged and asked again.
    """
    follower = _Follower(versions, services, deploys)
    await follower.look()
    task = asyncio.create_task(follower.look_again(every_s), name="prompt-versions")
    task.add_done_callback(_ended)
    try:
        yield
    finally:
        await end(task)


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (fault := task.exception()):
        log.error("prompts.not_followed", exc_info=fault)


@dataclass(slots=True)
class _Follower:
    versions: PromptVersions
    services: Services
    deploys: bool
    _seen: tuple[bytes, str] | None = None
    """What was promoted, and the version in git, when it was last taken over."""
    _served: str = ""
    _editions: dict[str, Edition] = field(default_factory=dict)
    """Those that were read, so that a changed share parses nothing."""
    _away: bool = False

    async def look_again(self, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            await self.look()

    async def look(self) -> None:
        """Take over what has changed since the last look; costs one command where nothing has."""
        try:
            await self._look()
        except StateError as error:
            if not self._away:
                log.warning("prompts.redis_away", why=str(error))
            self._away = True
        else:
            self._away = False

    async def _look(self) -> None:
        git = self.services.prompts.edition.version
        if self.deploys and git != self._served:
            await self.versions.serve(git, time.time())
            self._served = git
        raw = await self.versions.raw()
        if (raw, git) != self._seen:
            await self._take_over(raw, git)
            self._seen = raw, git
        if self.services.editions.seen:
            seen, self.services.editions.seen = self.services.editions.seen, set()
            await self.versions.count((version or git, conversation) for version, conversation in seen)

    async def _take_over(self, raw: bytes, git: str) -> None:
        rollout = self._parsed(raw)
        if rollout and rollout.steps and rollout.base != git:
            await self._end(Read(raw, rollout), rollout, git)
            rollout = None
        before = {promoted.name for promoted in self.services.editions.promoted}
        usable = await self._usable(rollout.steps[::-1] if rollout else ())
        self.services.editions.put([promoted for _, promoted in usable])
        if usable or before:
            log.info("prompts.promoted", percent={p.name: p.percent for _, p in usable}, git=git)
        for step, _ in usable:
            if step.certificate is None and step.version not in before:
                log.warning("prompts.emergency", version=step.version, by=step.by, reason=step.reason)

    @staticmethod
    def _parsed(raw: bytes) -> Rollout | None:
        try:
            return parse_rollout(raw)
        except RecordError as error:
            problem = str(error)
        log.error("prompts.rollout_broken", why=problem)
        return None

    async def _usable(self, newest_first: Sequence[Step]) -> list[tuple[Step, Promoted]]:
        """Load what conversations can go by, up to the first version that is for everybody."""
        usable: list[tuple[Step, Promoted]] = []
        for step in newest_first:
            try:
                edition = await self._edition(step.version)
            except PromptError as error:
                problem = str(error)
            else:
                usable.append((step, Promoted(step.version, edition, step.percent)))
                if step.percent >= EVERYBODY:
                    break
                continue
            log.error("prompts.version_broken", version=step.version, why=problem)
        return usable

    async def _edition(self, version: str) -> Edition:
        """Return the edition of a version; raises PromptError where it cannot be used."""
        if version not in self._editions:
            # Parsing takes tens of milliseconds, which no customer's words should wait for.
            edition = await asyncio.to_thread(edition_of, await self.versions.texts(version))
            if edition.version != version:
                raise PromptError(f"its texts are those of version {edition.version}")
            self._editions[version] = edition
        return self._editions[version]

    async def _end(self, read: Read, rollout: Rollout, git: str) -> None:
        """Leave alone what was promoted over another version; where this process is a deployment, end it."""
        ended = ", ".join(step.version for step in rollout.in_force)
        log.warning("prompts.rollout_ended" if self.deploys else "prompts.rollout_ignored",
                    promoted=ended, base=rollout.base, git=git)  # fmt: skip
        if not self.deploys:
            return
        newest = rollout.steps[-1]
        brought = "this very version" if git == newest.version else git
        reason = f"It was promoted over {rollout.base}, and the deploy brought {brought}."
        change = Change(time.time(), BY, "ended by a deploy", newest.version, newest.percent, reason)
        try:
            await self.versions.change(read, Rollout(git), change)
        except InputError:
            log.debug(
                "prompts.rollout_changed"
            )  # another process was quicker; the next look sees what it did
