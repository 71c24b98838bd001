"""Commands run inside the test's process, which is quick; tests/bot/process.py starts real ones."""

from __future__ import annotations

import logging
import os
from contextlib import chdir
from pathlib import Path

import structlog
import typer
from typer.testing import CliRunner, Result

CLEARED = ("ANTHROPIC", "OPENAI", "REDIS", "BOT_", "LOG_", "SLACK", "PORT", "METRICS_PORT")


def invoke(
    app: typer.Typer, folder: Path, *words: str, input: str | bytes | None = None, **env: str
) -> Result:
    """Run a command in a folder, without the variables of whoever runs the tests; put the log back."""
    cleared = dict.fromkeys(name for name in os.environ if name.startswith(CLEARED))
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    try:
        with chdir(folder):
            variables: dict[str, str | None] = {
                **cleared,
                "BOT_DATA": str(folder / "data"),
                "COLUMNS": "80",
                **env,
            }
            return CliRunner().invoke(app, words, input=input, env=variables)
    finally:
        root.setLevel(before[0])
        root.handlers[:] = before[1]
        structlog.reset_defaults()
