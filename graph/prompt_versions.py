"""Whole versions of the prompts in Redis: their texts, what is promoted, the history, and certificates.

Core commands only, all keys under one hash tag. Every method raises StateError where Redis fails.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from graph.errors import InputError
from graph.records.certificate import Certificate
from graph.records.codec import RecordError, from_line, to_line
from graph.rollout import Change, Rollout
from graph.state_store import ask, text_of
from prompts import PromptError

PREFIX = "{bot}:prompts:"
HISTORY = 200
"""Changes that are kept."""
KEEP_S = 90 * 86_400
"""How long the texts of a version, its certificate and its count outlast the last change that names it."""

_CHANGE = """
local now = redis.call('GET', KEYS[1]) or ''
if now ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('RPUSH', KEYS[2], ARGV[3])
redis.call('LTRIM', KEYS[2], -tonumber(ARGV[4]), -1)
return 1
"""
"""Two people may promote at the same moment: the second one must see what the first has done."""


@dataclass(frozen=True, slots=True)
class Read:
    """What is promoted, and the bytes that it was read from: a change names them."""

    raw: bytes
    rollout: Rollout | None
    """None where nothing was ever promoted."""


class PromptVersions:
    """The versions that a Redis holds."""

    def __init__(self, redis: Redis) -> None:
        self._redis: Any = redis  # its stubs are for the blocking and the async client at once

    async def raw(self) -> bytes:
        """Return what is promoted, as it is stored: to see whether it has changed."""
        return await ask(self._redis.get(f"{PREFIX}rollout")) or b""

    async def read(self) -> Read:
        """Return what is promoted; raises RecordError where it cannot be read."""
        raw = await self.raw()
        return Read(raw, parse_rollout(raw))

    async def change(self, before: Read, after: Rollout, change: Change) -> None:
        """Put a change into force and into the history; raises InputError where another came between."""
        keys = (f"{PREFIX}rollout", f"{PREFIX}history")
        values = (before.raw, to_line(after), to_line(change), HISTORY)
        if not await ask(self._redis.eval(_CHANGE, len(keys), *keys, *values)):
            raise InputError(
                "Somebody else has just changed what is promoted; see `bot prompts list`, then try again."
            )
        kept = {step.version for step in after.steps}
        for step in before.rollout.steps if before.rollout else ():
            if step.version not in kept:
                await ask(self._redis.expire(_key("text", step.version), KEEP_S))

    async def history(self) -> tuple[Change, ...]:
        """Return the changes, oldest first; one that cannot be read is left out."""
        lines = await ask(self._redis.lrange(f"{PREFIX}history", 0, -1))
        found = (_readable(Change, line) for line in lines)
        return tuple(change for change in found if change is not None)

    async def keep(self, version: str, texts: Mapping[str, str]) -> None:
        """Keep the texts of all prompt files under their version, until it is withdrawn."""
        await ask(self._redis.set(_key("text", version), json.dumps(dict(texts), ensure_ascii=False)))

    async def texts(self, version: str) -> dict[str, str]:
        """Return the texts of a version; raises PromptError where they are not there or damaged."""
        raw = await ask(self._redis.get(_key("text", version)))
        if raw is None:
            raise PromptError("its texts are not in Redis (any more)", file=f"version {version}")
        try:
            found = json.loads(raw)
        except ValueError as error:
            raise PromptError(f"its texts are damaged: {error}", file=f"version {version}") from None
        if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
            raise PromptError("its texts are damaged: they are no texts by name", file=f"version {version}")
        return found

    async def serve(self, version: str, at: float) -> None:
        """Say which version in git a bot serves, so that others can promote over it."""
        await ask(self._redis.hset(f"{PREFIX}git", mapping={"version": version, "at": at}))

    async def served(self) -> tuple[str, float] | None:
        """Return the version in git that was deployed last, and when; None where no bot has served yet."""
        found = {text_of(k): text_of(v) for k, v in (await ask(self._redis.hgetall(f"{PREFIX}git"))).items()}
        return (found["version"], float(found["at"])) if {"version", "at"} <= found.keys() else None

    async def certify(self, certificate: Certificate) -> None:
        """Keep the certificate of a version, in place of an older one."""
        key = _key("certificate", certificate.edition)
        await ask(self._redis.set(key, to_line(certificate), ex=KEEP_S))

    async def certificate(self, version: str) -> Certificate | None:
        """Return the certificate of a version; None where there is none, or none that can be read."""
        raw = await ask(self._redis.get(_key("certificate", version)))
        return None if raw is None else _readable(Certificate, raw)

    async def count(self, seen: Iterable[tuple[str, str]]) -> None:
        """Count conversations under their versions; names are not kept, so there is nothing to be erased."""
        threads: dict[str, list[bytes]] = {}
        for version, conversation in seen:
            threads.setdefault(version, []).append(conversation.encode("utf-8", "surrogatepass"))
        async with self._redis.pipeline(transaction=False) as pipe:
            for version, names in threads.items():
                pipe.pfadd(_key("threads", version), *names)
                pipe.expire(_key("threads", version), KEEP_S)
            await ask(pipe.execute())

    async def threads(self, version: str) -> int:
        """Return about how many conversations had a turn under a version, to within a percent or so."""
        return int(await ask(self._redis.pfcount(_key("threads", version))))


def parse_rollout(raw: bytes) -> Rollout | None:
    """Read what is promoted; None for nothing; raises RecordError where it cannot be read."""
    return from_line(Rollout, raw) if raw else None


def _readable(kind: Any, line: bytes) -> Any:
    try:
        return from_line(kind, line)
    except RecordError:
        return None


def _key(what: str, version: str) -> str:
    return f"{PREFIX}{what}:{version}"
