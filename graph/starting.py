"""Start a command line in little time."""

from __future__ import annotations

import gc
from importlib import import_module


def start(commands: str) -> None:
    """Run the `app` of a module of commands."""
    # Almost nothing of what the imports make ever dies: looking for garbage meanwhile only costs time.
    gc.disable()
    app = import_module(commands).app
    from graph.command_line import prepare_streams

    gc.freeze()
    gc.enable()
    prepare_streams()
    app()
