"""Start a command line in little time."""

from __future__ import annotations

import gc
from importlib import import_module

INTERRUPTED = 130
"""What shells call the end by Ctrl-C; graph.command_line, which has it too, is not imported yet."""


def start(commands: str) -> None:
    """Run the `app` of a module of commands."""
    # Almost nothing of what the imports make ever dies: looking for garbage meanwhile only costs time.
    gc.disable()
    try:
        app = import_module(commands).app
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    from graph.command_line import prepare_streams
    from graph.uncaught import log_uncaught

    gc.freeze()
    gc.enable()
    prepare_streams()
    log_uncaught()
    app()
