"""What both command lines share: a fault becomes one sentence and an exit code."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from graph.errors import FirstlineError
from graph.records.redact import redact_secrets

FINE, FOUND_WANTING, COULD_NOT_RUN = 0, 1, 2
INTERRUPTED = 130
"""What shells call the end by Ctrl-C."""


def make_app(name: str, about: str) -> typer.Typer:
    """Make a command line in the project's style."""
    return typer.Typer(
        name=name,
        help=about,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )


class _Console(Console):
    def on_broken_pipe(self) -> None:
        # rich would leave with exit code 1, as if something were wanting.
        raise BrokenPipeError


def make_console(*, stderr: bool = False) -> Console:
    """Make a console that leaves it to `run_to_exit` when nobody reads any more."""
    return _Console(stderr=stderr)


def prepare_streams() -> None:
    """Make the standard streams usable: closed ones lead nowhere, and every character can be written."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  # to the end
        elif isinstance(stream, io.TextIOWrapper) and mode == "w":
            # What is no terminal is a file or a program, and those read JSON as UTF-8 wherever they run.
            encoding = stream.encoding if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def run_to_exit(work: Callable[[], Coroutine[Any, Any, int]]) -> NoReturn:
    """Run a command to its end and leave with its exit code."""
    code = FINE
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            code = runner.run(work())
        sys.stdout.flush()
    except FirstlineError as error:
        fail(str(error))
    except BrokenPipeError:
        # Whoever read our output has seen enough (`bot export | head`); nothing is left to be said to them.
        # What the command came to stands, if it came to its end.
        _drop_output()
    except OSError as error:
        _drop_output()
        fail(f"Reading or writing failed: {error}. See whether the disk is full or a file is in the way.")
    except KeyboardInterrupt:
        code = INTERRUPTED
    raise SystemExit(code)


def _drop_output() -> None:
    """Lead what waits to be written nowhere, or the interpreter tries again at its end and complains."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def fail(sentence: str) -> NoReturn:
    """Say what is wrong and leave with the exit code for what could not run."""
    line = f"[red]{escape(redact_secrets(sentence))}[/red]"
    with suppress(BrokenPipeError):
        make_console(stderr=True).print(line, highlight=False, soft_wrap=True, emoji=False)
    raise SystemExit(COULD_NOT_RUN)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        from uvloop import new_event_loop  # a third less CPU a turn; there is none for Windows
    except ImportError:
        return None
    return new_event_loop
