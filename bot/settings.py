"""What the process takes from the environment, read once; graph/settings.py has the rest."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError

from graph.errors import SettingsError
from graph.settings import GraphSettings, wrong_variables


class BotSettings(GraphSettings):
    """Where things are kept; each field is the variable of the same name in capitals."""

    bot_data: Path = Path(".firstline")
    """Where the ledger is kept without REDIS_URL."""
    bot_keep_turns_days: int = Field(default=90, ge=0)


def bot_settings() -> BotSettings:
    """Read the environment and `.env`; raises SettingsError naming the variables that are wrong."""
    try:
        return BotSettings()
    except ValidationError as error:
        raise SettingsError(wrong_variables(error)) from None
