"""What must come through nowhere: planted words and secrets, and their look in other spellings."""

from __future__ import annotations

import json
from urllib.parse import quote

# Written in parts: no file of the project may hold what looks like a key.
SHAPED = (
    "xoxb-" + "123456789012-1234567890123-PlantedAbCdEf",
    "xapp-" + "1-A0123456789-1234567890-planted0123456789",
    "sk-ant-" + "api03-Planted_0123456789-xyz",
    "sk-proj-" + "Planted0123456789AbCdEf0123456789",
    "AK" + "IAIOSFODNN7PLANTED",
    "gh" + "p_Planted0123456789Planted0123456789AbCd",
    "eyJhbGciOiJIUzI1NiJ9.eyJwbGFudGVkIjoiMSJ9.cGxhbnRlZA",
)
"""Secrets that tell by their look what they are."""

OWN = ("0f1e2d3c4b5a69788796a5b4c3d2e1f0", "correct horse/battery@staple", "planted-local-key")
"""Secrets of the process's settings that look like nothing: a signing secret, a password, a server's key."""


def spellings(secret: str) -> set[str]:
    """Return how a secret may be written in a line of log."""
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
