"""A judge's answer, read strictly: what is not plainly one verdict is an error, never a pass."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_FENCED = re.compile(r"```(?:json)?\n(.*)\n```", re.DOTALL)
_OPENING = re.compile(r"\W*(yes|no)\s*(?:[,.:;!\u2013\u2014-]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a judge said; `verdict` is empty where it said nothing that counts, and `why` says what then."""

    verdict: str
    why: str
    usd: float | None = 0.0
    """What asking cost; None where that is unknown."""
    heard: bool = True
    """Whether an answer came at all."""

    @property
    def passed(self) -> bool | None:
        """Whether a yes-or-no question was answered with yes; None of an error."""
        return {"yes": True, "no": False}.get(self.verdict)


class Unreadable(ValueError):
    """An answer holds no verdict; says why in words that continue "the judge's answer ..."."""


def read_verdict(text: str, allowed: tuple[str, ...]) -> tuple[str, str]:
    """Return verdict and reason of a whole answer; raises Unreadable for anything but one plain object."""
    answer = text.strip()
    fenced = _FENCED.fullmatch(answer)
    try:
        parsed = json.loads(fenced[1] if fenced else answer, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("is not the one JSON object that it was asked for") from None
    if not isinstance(parsed, dict) or parsed.keys() != {"reason", "verdict"}:
        raise Unreadable("does not hold exactly a reason and a verdict")
    verdict, reason = parsed["verdict"], parsed["reason"]
    if not isinstance(reason, str) or not reason.strip():
        raise Unreadable("gives no reason")
    if verdict not in allowed:
        raise Unreadable(f"has a verdict that is none of {', '.join(allowed)}")
    opening = _OPENING.match(reason)
    if opening and opening[1].lower() != verdict and verdict in ("yes", "no"):
        raise Unreadable(f"contradicts itself: its reason begins with {opening[1]}, its verdict is {verdict}")
    return verdict, " ".join(reason.split())


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("contradicts itself: it gives the same thing twice")
    return found
