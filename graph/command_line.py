"""What both command lines share: a fault becomes one sentence and an exit code."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from graph.errors import FirstlineError

FINE, FOUND_WANTING, COULD_NOT_RUN = 0, 1, 2


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


def run_to_exit(work: Callable[[], Coroutine[Any, Any, int]]) -> NoReturn:
    """Run a command to its end and leave with its exit code."""
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            code = runner.run(work())
    except FirstlineError as error:
        fail(str(error))
    except BrokenPipeError:
        # Whoever read our output has seen enough (`bot export | head`); nothing is left to be said to them.
        sys.stdout = open("/dev/null", "w", encoding="utf-8")
        code = FINE
    except KeyboardInterrupt:
        code = 130
    raise SystemExit(code)


def fail(sentence: str) -> NoReturn:
    """Say what is wrong and leave with the exit code for what could not run."""
    Console(stderr=True).print(f"[red]{escape(sentence)}[/red]", highlight=False, soft_wrap=True)
    raise SystemExit(COULD_NOT_RUN)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        from uvloop import new_event_loop  # a third less CPU a turn; there is none for Windows
    except ImportError:
        return None
    return new_event_loop
