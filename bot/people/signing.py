"""Standard Webhooks: how a message to another program is signed, and how one from there is verified.

`webhook-id`, `webhook-timestamp` (seconds since the epoch) and the body are signed together, by HMAC-SHA256;
a secret is `whsec_` and 24 to 64 bytes in base64. Two secrets, with a space between, are one that is being
replaced: both sign, and either is taken.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from graph.errors import InputError

PREFIX = "whsec_"
LEAST, MOST = 24, 64
"""Bytes of a secret."""
TOLERANCE_S = 300.0
"""How old, or how far ahead, a signature may be."""
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,200}", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
HOW = f"it must be {PREFIX} and {LEAST} to {MOST} bytes in base64, as `openssl rand -base64 32` makes them"


class NotSigned(Exception):
    """A message that was not signed with a secret of ours, or not lately; says what is wrong."""


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """Signs and verifies; never shows its secrets."""

    secrets: tuple[bytes, ...]

    def headers(self, name: str, body: bytes, now: float | None = None) -> dict[str, str]:
        """Return the headers of a message: its name, the time, and a signature a secret."""
        seconds = str(int(time.time() if now is None else now))
        signatures = " ".join(_sign(secret, name, seconds, body) for secret in self.secrets)
        return {ID: name, TIMESTAMP: seconds, SIGNATURE: signatures}

    def verify(self, headers: Mapping[str, str], body: bytes, now: float | None = None) -> str:
        """Return the name of a message; raises NotSigned. Looks for header names in small letters."""
        name, seconds = headers.get(ID, ""), headers.get(TIMESTAMP, "")
        if not _ID.fullmatch(name):
            raise NotSigned(f"{ID} is missing, or holds other characters than letters, digits and _ . : -")
        if not _SECONDS.fullmatch(seconds):
            raise NotSigned(f"{TIMESTAMP} is missing, or no whole number of seconds")
        if abs((time.time() if now is None else now) - int(seconds)) > TOLERANCE_S:
            raise NotSigned(f"{TIMESTAMP} is more than {TOLERANCE_S / 60:g} minutes away from now")
        given = headers.get(SIGNATURE, "").encode("utf-8", "replace").split(b" ")
        expected = [_sign(secret, name, seconds, body).encode() for secret in self.secrets]
        if not any(hmac.compare_digest(one, two) for one in given for two in expected):
            raise NotSigned(f"{SIGNATURE} does not fit: it is `v1,` and the base64 of the HMAC-SHA256")
        return name


def signer(secret: str) -> Signer:
    """Make a signer; raises InputError where the secret is none."""
    parts = secret.split()
    if not parts:
        raise InputError(HOW)
    return Signer(tuple(_read(part) for part in parts))


def _read(secret: str) -> bytes:
    if not secret.startswith(PREFIX):
        raise InputError(HOW)
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise InputError(HOW) from None
    if not LEAST <= len(key) <= MOST:
        raise InputError(f"{HOW}; there are {len(key)}")
    return key


def _sign(secret: bytes, name: str, seconds: str, body: bytes) -> str:
    signed = hmac.new(secret, f"{name}.{seconds}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(signed.digest()).decode()}"
