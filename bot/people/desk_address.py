"""Where the help desk is, as the settings say it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bot.people.signing import Signer, signer
from bot.settings import BotSettings
from graph.errors import InputError

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts to which what is sent leaves the machine for nobody to read."""


@dataclass(frozen=True, slots=True)
class DeskAddress:
    """Where handoffs are sent, and what they are signed with."""

    url: str = field(repr=False)
    """May hold what opens doors: never logged."""
    signer: Signer

    @property
    def host(self) -> str:
        """The host alone, to be shown."""
        return urlsplit(self.url).hostname or ""


def desk_address(settings: BotSettings) -> DeskAddress | None:
    """Return the help desk's address; None where there is none. Raises InputError saying what is wrong."""
    url, secret = settings.bot_handoff_webhook, settings.bot_handoff_webhook_secret
    if url is None:
        if secret is None:
            return None
        raise InputError("BOT_HANDOFF_WEBHOOK_SECRET is set, and BOT_HANDOFF_WEBHOOK is not: set both")
    if problem := _wrong_with(url.get_secret_value()):
        raise InputError(f"BOT_HANDOFF_WEBHOOK {problem}")
    if secret is None:
        raise InputError("BOT_HANDOFF_WEBHOOK needs BOT_HANDOFF_WEBHOOK_SECRET, which the help desk has too")
    try:
        return DeskAddress(url.get_secret_value(), signer(secret.get_secret_value()))
    except InputError as error:
        raise InputError(f"BOT_HANDOFF_WEBHOOK_SECRET: {error}") from None


def _wrong_with(url: str) -> str:
    """Say what is wrong with an address; empty for nothing. Never quotes it: it may hold a secret."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is no address: it must be like https://help.your-company.example/firstline"
    if parts.scheme not in ("https", "http") or not host or any(sign <= " " for sign in url):
        return "is no address: it must be like https://help.your-company.example/firstline"
    if parts.username or parts.password:
        return "must hold no user and no password: what is sent is signed"
    if parts.scheme == "http" and host not in LOCAL:
        return "must begin with https://: what customers wrote would be readable on its way"
    return ""
