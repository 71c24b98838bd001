"""Every way into the log, with a secret planted in it: none comes out, as JSON and on a console."""

from __future__ import annotations

import asyncio
import gc
import io
import logging
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from bot.settings import BotSettings
from graph.log import LIBRARIES, configure_log
from graph.turn import Message, Turn
from tests.security.planting import OWN, SHAPED, spellings

LOGGERS = (
    *LIBRARIES,
    "aiohttp",
    "aiohttp.access",
    "redis",
    "asyncio",
    "py.warnings",
    "langgraph",
    "bot",
    "odd.one",
)
FORMATS = ("json", "console")
SECRETS = (*SHAPED, *OWN)
Log = Callable[..., io.StringIO]


def fail(error: Exception, because: Exception | None = None) -> None:
    raise error from because


def ours(secret: str) -> None:
    structlog.get_logger("bot").info(f"odd {secret}", plain=secret, deep=[{"a": (secret,)}], **{secret: 1})


def context_variables(secret: str) -> None:
    with structlog.contextvars.bound_contextvars(thread=secret):
        structlog.get_logger("bot").warning("thread.odd")


def opaque(secret: str) -> None:
    class Opaque:
        def __repr__(self) -> str:
            return f"<Opaque {secret}>"

    structlog.get_logger("bot").error("object.odd", it=Opaque(), kind=type(secret, (), {}))


def library(secret: str) -> None:
    for name in LOGGERS:
        logging.getLogger(name).error("GET https://x.example/?q=%s", secret, stack_info=True)
        logging.getLogger(name).debug("headers %s", {"Authorization": f"Bearer {secret}"})


def library_extra(secret: str) -> None:
    logging.getLogger("slack_bolt").warning("odd", extra={"body": secret, "planted": secret})


def mismatched(secret: str) -> None:
    sentence = "one %s two %s"
    logging.getLogger("openai").error(sentence, secret)


def unprintable(secret: str) -> None:
    class Broken:
        def __str__(self) -> str:
            raise ValueError(secret)

    logging.getLogger("httpx").error("%s", Broken())


def exception(secret: str) -> None:
    try:
        try:
            dict[str, str]()[secret]
        except KeyError as error:
            fail(RuntimeError(f"server said {secret}"), error)
    except RuntimeError:
        logging.getLogger("anthropic").exception("call failed")
        structlog.get_logger("graph").exception("call.failed", why=secret)


def exception_group(secret: str) -> None:
    try:
        fail(ExceptionGroup(f"many {secret}", [ValueError(secret), TypeError(secret)]))
    except ExceptionGroup:
        structlog.get_logger("graph").exception("call.failed")


def exception_note(secret: str) -> None:
    error = ValueError("odd")
    error.add_note(f"while asking with {secret}")
    structlog.get_logger("graph").error("call.failed", exc_info=error)


def local_variable(secret: str) -> None:
    held = secret
    try:
        fail(ValueError(len(held)))
    except ValueError:
        structlog.get_logger("graph").exception("call.failed")


def warning(secret: str) -> None:
    logging.captureWarnings(capture=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.getLogger("py.warnings").warning(
                "%s", warnings.formatwarning(secret, UserWarning, "x.py", 1)
            )
    finally:
        logging.captureWarnings(capture=False)


def lost_task(secret: str) -> None:
    async def fail() -> None:
        raise ValueError(secret)

    async def lose() -> None:
        task = asyncio.create_task(fail(), name=f"task {secret}")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del task
        gc.collect()

    asyncio.run(lose())


def loop_handler(secret: str) -> None:
    async def fail() -> None:
        loop = asyncio.get_running_loop()
        loop.call_exception_handler({"message": f"odd {secret}", "exception": ValueError(secret)})

    asyncio.run(fail())


def headers(secret: str) -> None:
    structlog.get_logger("bot").warning(
        "call.refused",
        headers={"x-api-key": secret, "Authorization": f"Bearer {secret}"},
        url=f"https://u:{secret}@x/",
    )


def wrapped(secret: str) -> None:
    structlog.get_logger("bot").warning("settings.odd", setting=SecretStr(secret), raw=secret.encode())


def a_turn(secret: str) -> None:
    structlog.get_logger("bot").warning(
        "turn.odd", turn=Turn("t", secret, "U1", (Message("m", secret),), 1.0)
    )


PATHS: tuple[Callable[[str], None], ...] = (
    ours, context_variables, opaque, library, library_extra, mismatched, unprintable, exception,
    exception_group, exception_note, local_variable, warning, lost_task, loop_handler, headers, wrapped,
    a_turn,
)  # fmt: skip
CASES = [
    *(
        pytest.param(path, s, "json", id=f"{path.__name__}-{i}")
        for path in PATHS
        for i, s in enumerate(SECRETS)
    ),
    *(pytest.param(path, OWN[1], "console", id=f"{path.__name__}-console") for path in PATHS),
]


@pytest.fixture
def log() -> Iterator[Log]:
    """Configures the log onto a stream of memory and puts everything back afterwards."""
    root = logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in (*LOGGERS, "graph", "evals", "prompts")}
    before = (root.level, list(root.handlers))

    def configured(**options: Any) -> io.StringIO:
        root.handlers.clear()  # pytest's own raise what ours must write
        stream = io.StringIO()
        configure_log(**{"level": "debug", "log_text": True, "secrets": OWN, **options}, stream=stream)
        return stream

    yield configured
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    structlog.reset_defaults()


@pytest.mark.parametrize("path, secret, look", CASES)
def test_no_way_into_the_log_lets_a_secret_out(
    log: Log, capfd: pytest.CaptureFixture[str], path: Callable[[str], None], secret: str, look: str
) -> None:
    stream = log(format=look)
    path(secret)
    written = stream.getvalue() + "".join(capfd.readouterr())
    assert written
    assert [spelling for spelling in spellings(secret) if spelling in written] == []


def test_a_process_knows_its_secrets_by_their_type() -> None:
    """Also those of settings that are still to come, and the password inside an address."""
    settings = BotSettings(
        slack_signing_secret=SecretStr(OWN[0]),
        anthropic_api_key=SecretStr(SHAPED[2]),
        redis_url=SecretStr("rediss://bot:correct%20horse%2Fbattery%40staple@h.example:6379/0"),
    )
    assert {OWN[0], SHAPED[2], OWN[1], "correct%20horse%2Fbattery%40staple"} <= set(settings.secrets)


UNCAUGHT = {
    "main": "raise ValueError(secret)",
    "thread": "import threading; t = threading.Thread(target=lambda: int(secret)); t.start(); t.join()",
    "finalizer": "class A:\n    def __del__(self): raise ValueError(secret)\na = A(); del a",
    "warning": "import warnings; warnings.warn(secret)",
    "before the settings": "logging.getLogger().handlers.clear(); raise KeyError(secret)",
}


@pytest.mark.parametrize("how", UNCAUGHT)
@pytest.mark.parametrize("format", FORMATS)
def test_what_nobody_catches_is_logged_without_secrets(how: str, format: str) -> None:
    program = (
        "import logging\n"
        "from graph.log import configure_log\nfrom graph.uncaught import log_uncaught\n"
        f"secret = {SHAPED[0]!r}\nlog_uncaught()\nconfigure_log(format={format!r})\n{UNCAUGHT[how]}\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    told = ran.stdout + ran.stderr
    assert "[secret]" in told
    assert SHAPED[0] not in told
    assert ran.returncode == (1 if how in ("main", "before the settings") else 0)


@pytest.mark.parametrize("variables", [
    {"PORT": SHAPED[0]}, {"BOT_KEEP_TEXT_DAYS": SHAPED[1]}, {"LOG_FORMAT": SHAPED[2]},
    {"REDIS_URL": f"redis://:{OWN[0]}/x@h:1", "SLACK_BOT_TOKEN": SHAPED[0]},
    {"REDIS_URL": f"redis://:{OWN[0]}@127.0.0.1:1/0"},
])  # fmt: skip
def test_an_error_in_the_environment_holds_no_value(variables: dict[str, str], tmp_path: Any) -> None:
    """Such as a token under another variable's name, or a Redis that cannot be reached."""
    env = {"PATH": "/usr/bin", "BOT_DATA": str(tmp_path), **variables}
    ran = subprocess.run(
        [sys.executable, "-m", "bot", "report"],
        capture_output=True,
        text=True,
        timeout=60,
        env=env,
        check=False,
    )
    assert ran.returncode == 2
    assert ran.stderr
    assert [v for v in (*SHAPED, *OWN) if v in ran.stdout + ran.stderr] == []


def test_the_console_and_json_say_the_same(log: Log) -> None:
    """A counter-check: what is no secret comes through."""
    for look in FORMATS:
        stream = log(format=look)
        structlog.get_logger("bot").info("process.started", port=8080)
        assert "process.started" in stream.getvalue()
        assert "8080" in stream.getvalue()
