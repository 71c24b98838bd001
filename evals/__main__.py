"""Start `evals`; the commands are in commands.py."""

from __future__ import annotations

from graph.starting import start


def main() -> None:
    """Run the command line."""
    start("evals.commands")


if __name__ == "__main__":
    main()
