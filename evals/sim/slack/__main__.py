"""Runs the stand-in for Slack as a process: `python -m evals.sim.slack --json '{"limits": true}'`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from evals.sim.slack.server import serve
from evals.sim.slack.settings import SlackSettings


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


if __name__ == "__main__":
    asyncio.run(serve(read_settings(sys.argv[1:])))
