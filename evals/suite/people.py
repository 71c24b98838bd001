"""Whether cases are played with a person in reach, to whom a turn can be handed over."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from graph.models import ChatModel
from graph.services import nobody


def somebody() -> bool:
    """Tell that a person can be reached."""
    return True


def present(models: Mapping[str, ChatModel]) -> Callable[[], bool]:
    """Return who is there: a person where models are asked, so that the summary for them is paid for too.

    Without a model none is written; with nobody there, the bot says what the articles do not cover.
    """
    return somebody if models else nobody
