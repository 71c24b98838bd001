"""Start `evals`; the commands are in commands.py."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the command line."""
    # Start-up makes a million objects of which none dies: looking for garbage meanwhile costs a fifth of it.
    gc.disable()
    from evals.commands import app
    from graph.command_line import prepare_streams

    gc.freeze()
    gc.enable()
    prepare_streams()
    app()


if __name__ == "__main__":
    main()
