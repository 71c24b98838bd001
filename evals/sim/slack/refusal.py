"""The one error that a method of the stand-in raises: what Slack says with `ok` false."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """A call that Slack answers with `ok` false, the name of the error, and `more` fields beside it."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.more = more
