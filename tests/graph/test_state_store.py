"""Opening the state store: in this process, on a server, and what is said where it fails."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any, cast

import pytest
import uvloop
from redis.exceptions import ConnectionError, OutOfMemoryError

from evals.bench.serving import free_port
from graph import state_store
from graph.checkpoint import RedisSaver
from graph.errors import StateAway, StateError
from graph.state_store import ask, open_state, safe_url
from tests.redis_server import give_up, redis_executable, start_redis

SECRET = "hunter2"


async def test_each_embedded_store_is_empty_and_its_own() -> None:
    """Two stores without a URL share no key."""
    async with open_state(None) as one, open_state(None) as two:
        await one.set("k", "v")
        assert await one.get("k") == b"v"
        assert await two.get("k") is None


def test_fakeredis_is_not_imported_for_a_server() -> None:
    """A process with a server does not pay for the embedded one."""
    code = "import sys, graph.checkpoint, graph.state_store; sys.exit('fakeredis' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


async def test_a_server_that_is_down_is_named_without_the_password() -> None:
    """The sentence names host and port, and no part of the error chain holds the password."""
    port = free_port()
    with pytest.raises(StateError, match=f"redis://127.0.0.1:{port}/3") as caught:
        async with open_state(f"redis://user:{SECRET}@127.0.0.1:{port}/3"):
            pass
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert "cannot be reached" in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        f"http://:{SECRET}@host:6379",
        f"redis://:{SECRET}#x@host:6379",
        f"redis://:1/{SECRET}@host:6379",
        f"redis://u:12?{SECRET}@host",
        f"redis://:{SECRET}@host:port",
        f"redis://[{SECRET}",
        SECRET,
    ],
)
async def test_a_malformed_url_is_refused_without_its_text(url: str) -> None:
    """Where host and password cannot be told apart, nothing of the URL is printed."""
    with pytest.raises(StateError, match="REDIS_URL is not a Redis address") as caught:
        async with open_state(url):
            pass
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"rediss://u:{SECRET}@h.example:6380/2?ssl_cert_reqs=none", "rediss://h.example:6380/2"),
        (f"redis://:{SECRET}@[::1]:6379/0", "redis://[::1]:6379/0"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    """Scheme, host, port and database stay; user, password and query go."""
    assert safe_url(url) == shown


async def test_a_wrong_password_is_said(tmp_path: Path, redis_server: str) -> None:
    """A server with another password gives its own sentence; `redis_server` says whether one can be run."""
    assert redis_server
    server, port = start_redis(redis_executable() or "", tmp_path, "--requirepass", "right")
    try:
        with pytest.raises(StateError, match="password") as caught:
            async with open_state(f"redis://:{SECRET}@127.0.0.1:{port}"):
                pass
        assert SECRET not in "".join(traceback.format_exception(caught.value))
        with pytest.raises(StateError, match="password"):
            async with open_state(f"redis://127.0.0.1:{port}"):
                pass
    finally:
        server.terminate()
        server.wait(10)


async def test_redis_that_dies_gives_a_state_error(tmp_path: Path, redis_server: str) -> None:
    """A server that goes away under a running process is a StateError from the checkpointer."""
    assert redis_server
    server, port = start_redis(redis_executable() or "", tmp_path)
    async with open_state(f"redis://127.0.0.1:{port}") as redis:
        saver = RedisSaver(redis)
        assert await saver.aget_tuple({"configurable": {"thread_id": "t"}}) is None
        server.kill()
        server.wait(10)
        with pytest.raises(StateError, match="cannot be reached"):
            await saver.aget_tuple({"configurable": {"thread_id": "t"}})


async def test_a_full_redis_says_what_to_raise(tmp_path: Path, redis_server: str) -> None:
    """A server at `maxmemory` gives a StateError that names the setting."""
    assert redis_server
    server, port = start_redis(redis_executable() or "", tmp_path, "--maxmemory", "1")
    try:
        async with open_state(f"redis://127.0.0.1:{port}") as redis:
            with pytest.raises(StateError, match="maxmemory") as caught:
                await ask(redis.set("k", "v"))
            assert isinstance(caught.value.__cause__, OutOfMemoryError)
    finally:
        server.terminate()
        server.wait(10)


async def test_an_old_server_is_refused(redis_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version below the oldest known to work is refused by number."""
    monkeypatch.setattr(state_store, "OLDEST", (99, 0))
    with pytest.raises(StateError, match=r"is version \d+\.\d+: 99\.0 or newer"):
        async with open_state(redis_server):
            pass


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_without_a_server_ci_fails_and_a_desk_skips(
    ci: str, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests on a real Redis cannot be skipped in silence where they must run."""
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="no redis-server"):
        give_up()


async def test_a_command_that_goes_on_after_the_end_leaves_no_connection_open(redis_server: str) -> None:
    """A pool would connect anew for who tries again, and nobody would close that."""
    async with open_state(redis_server) as redis:
        pool: Any = redis.connection_pool
        held = await pool.get_connection()
    await held.connect()
    assert held.is_connected
    await pool.release(held)
    assert not held.is_connected
    with pytest.raises(ConnectionError, match="closed"):
        await pool.get_connection()


def test_a_connection_that_was_cut_under_uvloop_is_a_state_that_is_away(redis_server: str) -> None:
    async def write_to_it() -> None:
        async with open_state(redis_server) as redis:
            connection: Any = await cast("Any", redis.connection_pool).get_connection()
            connection._writer.transport.abort()
            await asyncio.sleep(0)
            try:
                with pytest.raises(StateAway, match="cannot be reached"):
                    await ask(connection.send_command("PING", check_health=False))
            finally:
                await redis.connection_pool.release(connection)

    uvloop.run(write_to_it())


async def test_any_other_runtime_error_is_nobody_s_state() -> None:
    async def broken() -> None:
        raise RuntimeError("a mistake in the program")

    with pytest.raises(RuntimeError, match="a mistake"):
        await ask(broken())
