"""How connections to vendors are kept."""

from __future__ import annotations

from typing import TypedDict

import httpx2

from graph.tiers import Deadlines


class Connections(TypedDict):
    """What both SDKs' HTTP clients are made with."""

    limits: httpx2.Limits
    timeout: httpx2.Timeout


def connections(deadlines: Deadlines) -> Connections:
    """Keep idle connections for two minutes; asking.py holds the finer deadlines.

    The SDKs' own pools drop them after 5 s: a customer who thinks for 6 s would wait for TLS again.
    """
    return {
        "limits": httpx2.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=120),
        "timeout": httpx2.Timeout(deadlines.answer, connect=deadlines.connect),
    }
