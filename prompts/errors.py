"""The base of all errors, and the error of this package.

They stand here because `prompts` is the lowest layer and imports nothing of ours; graph/errors.py draws
the whole tree.
"""

from __future__ import annotations

from pathlib import Path


class FirstlineError(Exception):
    """The base of every error raised on purpose."""


class InputError(FirstlineError):
    """Somebody's file, flag or variable is not as it must be."""


class PromptError(InputError):
    """A prompt or phrase file cannot be used; names the file and the line."""

    def __init__(self, problem: str, *, file: Path | str = "", line: int = 0) -> None:
        self.problem = problem
        self.file = str(file)
        self.line = line
        """1 for the first line; 0 where the problem has no line."""
        place = f"{file}:{line}: " if line else f"{file}: " if self.file else ""
        super().__init__(place + problem)
