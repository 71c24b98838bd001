"""What the thinking side takes from the environment, read once."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from graph.errors import SettingsError


class GraphSettings(BaseSettings):
    """Keys, addresses, the folder, the log; each field is the variable of the same name in capitals."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    anthropic_api_key: SecretStr | None = None
    anthropic_base_url: str | None = None
    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None
    redis_url: SecretStr | None = None
    bot_home: Path | None = None
    """The adopter's folder; None serves the sample shop."""
    bot_keep_text_days: int = Field(default=30, ge=0)
    log_format: Literal["auto", "console", "json"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] | None = None
    """None is what suits the command: `info`, or `warning` where the same is on the screen anyway."""
    log_text: bool = False

    @property
    def alone(self) -> Self:
        """These settings without what reaches others: no vendor is paid, no customer's state is touched."""
        reaching = ("anthropic_api_key", "openai_api_key", "openai_base_url", "redis_url")
        return self.model_copy(update=dict.fromkeys(reaching))

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything here that must stand in no log: what is declared a secret, and Redis's password."""
        values = (getattr(self, name) for name in type(self).model_fields)
        found = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        for secret in (*found,):
            with suppress(ValueError):  # what is no address has no password in it
                found += [part for part in (urlsplit(secret).password,) if part]
        return tuple({form for secret in found for form in (secret, unquote(secret))})

    @property
    def providers(self) -> set[str]:
        """The vendors that can be called: those with a key, and a server of one's own without."""
        found = {"scripted"}
        if self.anthropic_api_key:
            found.add("anthropic")
        if self.openai_api_key or self.openai_base_url:
            found.add("openai")
        return found


def graph_settings() -> GraphSettings:
    """Read the environment and `.env`; raises SettingsError naming the variables that are wrong."""
    try:
        return GraphSettings()
    except ValidationError as error:
        raise SettingsError(wrong_variables(error)) from None


def wrong_variables(error: ValidationError) -> str:
    """Say which variables are wrong, without their values: they may be secrets."""
    wrong = "; ".join(f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
    return f"The environment (or .env) is not as it must be: {wrong}"
