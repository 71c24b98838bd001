"""Runs the stand-in for Slack as a process: `python -m evals.sim.slack --json '{"limits": true}'`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from typing import Any

from evals.sim.slack.server import serve
from evals.sim.slack.settings import SlackSettings
from graph.command_line import run_to_exit


def read_settings(arguments: Sequence[str]) -> SlackSettings:
    """Read settings from the command line; exits with 2 and one line where they are wrong."""
    parser = argparse.ArgumentParser(prog="python -m evals.sim.slack")
    parser.add_argument("--json", default="{}", help="settings as a JSON object")
    given = parser.parse_args(arguments)
    try:
        told = json.loads(given.json)
    except ValueError as error:
        parser.error(f"--json is no JSON: {error}")
    if not isinstance(told, dict):
        parser.error("--json must be an object")
    known = {field.name for field in fields(SlackSettings)}
    if unknown := sorted(told.keys() - known):
        parser.error(
            f"--json has unknown settings: {', '.join(unknown)}; there are {', '.join(sorted(known))}"
        )
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in told.items()}
    return SlackSettings(**values)


async def _run(settings: SlackSettings) -> int:
    await serve(settings)
    return 0


if __name__ == "__main__":
    run_to_exit(partial(_run, read_settings(sys.argv[1:])))
