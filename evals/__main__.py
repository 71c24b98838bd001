"""Start `evals`; the commands are in commands.py."""

from __future__ import annotations

import signal
import sys

from graph.starting import start

ALONE = {"preview": "evals.preview.commands"}
"""Commands that start without the others, by their first word."""


def main() -> None:
    """Run the command line; SIGTERM ends it like Ctrl-C, with what it has started."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    start(ALONE.get("".join(sys.argv[1:2]), "evals.commands"))


if __name__ == "__main__":
    main()
