"""The Redis that holds the state: a real server by its URL, or the same commands inside this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthenticationWrongNumberOfArgsError,
    BusyLoadingError,
    ConnectionError,
    MaxConnectionsError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TimeoutError,
)

from graph.errors import StateAway, StateError

T = TypeVar("T")

OLDEST = (6, 2)
"""The first Redis with every command used here: COPY is the newest of them."""

CONNECT_S = 2.0
ANSWER_S = 5.0
CONNECTIONS = 64
"""More turns than this at once wait for a connection, ANSWER_S at most."""

_SENTENCES: tuple[tuple[type[RedisError], str], ...] = (
    (MaxConnectionsError, "Redis has no free connection: allow more clients there, or start fewer workers."),
    (BusyLoadingError, "Redis is still loading its data: try again in a moment."),
    (AuthenticationError, "Redis refused the user name or the password: correct them in REDIS_URL."),
    (AuthenticationWrongNumberOfArgsError, "Redis has no password, but REDIS_URL gives one: take it out."),
    (NoPermissionError, "Redis does not let this user run a command: allow hash, key and stream commands."),
    (OutOfMemoryError, "Redis is out of memory: raise `maxmemory`, or keep turns and text for fewer days."),
    (ReadOnlyError, "Redis takes no writes here, it is a replica: give the primary's address in REDIS_URL."),
    (TimeoutError, "Redis does not answer in time: see whether it is overloaded or far away."),
    (ConnectionError, "Redis cannot be reached: see whether it runs and whether REDIS_URL is right."),
)


_MALFORMED = (
    "REDIS_URL is not a Redis address: it must look like redis://:PASSWORD@HOST:6379/0, with rediss:// for "
    "TLS, and with the signs / ? # @ in the password written as %2F %3F %23 %40."
)


class _Pool(BlockingConnectionPool):
    """A pool that stays closed: who still holds a connection and tries again does not leave it open."""

    _closed = False

    async def get_connection(self, *names: Any, **options: Any) -> AbstractConnection:
        if self._closed:
            raise ConnectionError("The connections to Redis are closed.")
        found = await super().get_connection(*names, **options)  # type: ignore[no-untyped-call]
        return cast("AbstractConnection", found)

    async def release(self, connection: AbstractConnection) -> None:
        await super().release(connection)
        if self._closed:
            await connection.disconnect()

    async def aclose(self) -> None:
        self._closed = True
        await super().aclose()


@asynccontextmanager
async def open_state(redis_url: str | None) -> AsyncIterator[Redis]:
    """Open the state store that `redis_url` names, or one in this process for None, and close it at the end.

    Keys and values come back as bytes. Raises StateError when the server cannot be used; its message never
    holds the password.
    """
    client = _connect(redis_url) if redis_url else _embedded()
    try:
        if redis_url:
            await _probe(client, safe_url(redis_url))
        yield client
    finally:
        await client.aclose()


async def ask(command: Awaitable[T]) -> T:
    """Await a Redis command; raises StateError, with a sentence on what to do, where Redis fails."""
    try:
        return await command
    except RedisError as error:
        raise _fault(error, _sentence(error)) from error
    except RuntimeError as error:
        away = _cut(error)
        raise _fault(away, _sentence(away)) from error


def text_of(value: bytes | str) -> str:
    """Read a text that Redis gave: its client, or one that decodes."""
    return value.decode() if isinstance(value, bytes) else value


def safe_url(url: str) -> str:
    """Give a Redis URL without user name, password and query; raises StateError when it is not one."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise StateError(_MALFORMED) from None
    # An unescaped / ? # in a password ends the host part early: what looks like a host is then a secret.
    if parts.scheme not in ("redis", "rediss", "unix") or "@" in parts.path + parts.query + parts.fragment:
        raise StateError(_MALFORMED)
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}{parts.path}"


def _connect(url: str) -> Redis:
    where = safe_url(url)
    try:
        pool = _Pool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=ANSWER_S,
            socket_connect_timeout=CONNECT_S,
            socket_timeout=ANSWER_S,
            health_check_interval=30,
            # One quick second try covers a connection that the server closed while it was idle.
            retry=Retry(ExponentialBackoff(cap=0.1, base=0.05), 1),
        )
    except (ValueError, TypeError):
        raise StateError(f"REDIS_URL ({where}) is not understood: check the database number.") from None
    return Redis.from_pool(pool)


def _embedded() -> Redis:
    # Imported only here: a process with a server never needs it.
    from fakeredis import FakeAsyncRedis, FakeServer

    # A server of its own: clients without one share their keys throughout the process.
    return cast("Redis", FakeAsyncRedis(server=FakeServer()))


async def _probe(client: Redis, where: str) -> None:
    try:
        await client.ping()
        version = await _version(client)
    except (RedisError, RuntimeError) as error:
        known = error if isinstance(error, RedisError) else _cut(error)
        raise _fault(known, f"{_sentence(known)} (REDIS_URL: {where})") from None
    if version is not None and version < OLDEST:
        found, oldest = (".".join(map(str, numbers)) for numbers in (version, OLDEST))
        raise StateError(f"Redis at {where} is version {found}: {oldest} or newer is needed.")


async def _version(client: Redis) -> tuple[int, ...] | None:
    """Ask for the server's version; None where a hosted Redis does not tell."""
    try:
        info = await client.info("server")
        return tuple(int(number) for number in str(info["redis_version"]).split(".")[:2])
    except (ResponseError, KeyError, ValueError):
        return None


def _cut(error: RuntimeError) -> RedisError:
    """Return what uvloop means by a RuntimeError: the server has cut the connection since it was opened.

    Any other error is raised again.
    """
    if "handler is closed" not in str(error):
        raise error
    return ConnectionError(str(error))


def _fault(error: RedisError, sentence: str) -> StateError:
    refused = isinstance(error, AuthenticationError | AuthenticationWrongNumberOfArgsError)
    away = isinstance(error, ConnectionError | TimeoutError) and not refused
    return (StateAway if away else StateError)(sentence)


def _sentence(error: RedisError) -> str:
    for kind, sentence in _SENTENCES:
        if isinstance(error, kind):
            return sentence
    return f"Redis refused a command ({type(error).__name__}): see the server's log."


async def eviction_policy(redis: Redis) -> str | None:
    """Return what the server drops when memory is short; None where a hosted Redis does not tell."""
    try:
        return str((await redis.info("memory"))["maxmemory_policy"])
    except (ResponseError, KeyError):
        return None
    except RedisError as error:
        raise StateError(_sentence(error)) from error
