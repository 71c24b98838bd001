"""Tokens at rest: sealed with the first of BOT_TOKEN_KEYS, opened with any of them."""

from __future__ import annotations

from graph.errors import FirstlineError, SettingsError

MAKE = "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"


class Unreadable(FirstlineError):
    """Something was sealed with a key that is not among BOT_TOKEN_KEYS, or was changed."""


class Seal:
    """Seals and opens texts."""

    def __init__(self, keys: str) -> None:
        """Take the keys, separated by commas, the newest first; raises SettingsError for one that is none."""
        # Its library takes 40 ms, and most bots serve one workspace.
        from cryptography.fernet import Fernet, InvalidToken, MultiFernet

        self._invalid = InvalidToken
        listed = [key for text in keys.split(",") if (key := text.strip())]
        made: list[Fernet] = []
        for number, key in enumerate(listed, 1):
            try:
                made.append(Fernet(key))
            except ValueError:  # it holds nobody's key, so it may not be shown either
                raise SettingsError(f"BOT_TOKEN_KEYS: key {number} is none; make one with {MAKE}") from None
        if not made:
            raise SettingsError(f"BOT_TOKEN_KEYS holds no key; make one with {MAKE}")
        self._newest, self._all = made[0], MultiFernet(made)

    def seal(self, text: str) -> bytes:
        """Return a text so that nobody reads or changes it without the key."""
        return self._all.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """Return what was sealed; raises Unreadable."""
        try:
            return self._all.decrypt(sealed).decode()
        except self._invalid:
            raise Unreadable("none of BOT_TOKEN_KEYS opens it") from None

    def newest(self, sealed: bytes) -> bool:
        """Tell whether the first key opens it, so that the others are not needed for it."""
        try:
            self._newest.decrypt(sealed)
        except self._invalid:
            return False
        return True
