"""What nobody catches goes to the log, and so past redaction, instead of to the terminal as it is."""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType

from graph.log import configure_log

Trace = TracebackType | None


def log_uncaught() -> None:
    """Log the process's uncaught exceptions, its threads' ones, those nobody can raise, and warnings."""
    sys.excepthook = _uncaught
    threading.excepthook = _in_thread
    sys.unraisablehook = _unraisable
    logging.captureWarnings(capture=True)


def _uncaught(kind: type[BaseException], error: BaseException, trace: Trace) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return  # whoever pressed it knows
    _log("process.failed", kind, error, trace)


def _in_thread(caught: threading.ExceptHookArgs) -> None:
    if caught.exc_value is not None and not issubclass(caught.exc_type, SystemExit):
        _log("thread.failed", caught.exc_type, caught.exc_value, caught.exc_traceback)


def _unraisable(caught: sys.UnraisableHookArgs) -> None:
    # What it was about is left out: its `repr` may be anything.
    error = caught.exc_value or caught.exc_type()
    _log("object.failed", caught.exc_type, error, caught.exc_traceback)


def _log(event: str, kind: type[BaseException], error: BaseException, trace: Trace) -> None:
    if not logging.getLogger().handlers:
        configure_log()  # it came before the settings were read
    logging.getLogger("graph.uncaught").critical(event, exc_info=(kind, error, trace))
