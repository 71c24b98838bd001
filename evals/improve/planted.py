"""Cases and models whose chance of being right is planted, so that it is known what should be found.

Everything is drawn from a hash of seed, case, model and trial: the same again, in whatever order it is asked.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass

from evals.suite.case import Case, CaseTurn, Origin, Says
from graph.errors import UnknownModel
from graph.models import Done, Event, Request, Text
from graph.turn import Usage

RIGHT, WRONG = "The answer is marigold.", "The answer is something else."
CODE = re.compile(r"\bcode ([a-z]\d+[a-z]?)\b")
USAGE = Usage(input_tokens=1000, output_tokens=20)


@dataclass(frozen=True, slots=True)
class Chances:
    """How often a model is right about a case; `gold` where the case's own passage is the first it reads."""

    plain: float
    gold: float


class PlantedModel:
    """Answers right or wrong by the chance that is planted for its name, effort and the case's code."""

    provider = "scripted"

    def __init__(self, seed: int, chances: Mapping[tuple[str, str], Chances]) -> None:
        self._seed = seed
        self._chances = chances
        self._asked: dict[tuple[str, ...], int] = {}

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Answer one request, whose question ends in `code a1`: kind a, case 1."""
        found = CODE.search(request.question)
        assert found is not None, "a planted case has its code in the question"
        code, name = found[1], f"{request.model} {request.effort or ''}".strip()
        chances = self._chances.get((name, code[0]))
        if chances is None:
            raise UnknownModel(f"nothing is planted for {name} and cases of kind {code[0]}")
        golden = bool(request.passages) and code in request.passages[0].text
        key = (name, code, str(golden))
        self._asked[key] = self._asked.get(key, 0) + 1
        chance = chances.gold if golden else chances.plain
        right = draw(self._seed, *key, str(self._asked[key])) < chance
        yield Text(RIGHT if right else WRONG)
        yield Done("end", USAGE)

    async def models(self) -> set[str]:
        """Return no name: it answers to all."""
        return set()

    async def close(self) -> None:
        """Do nothing: there is no connection."""


def draw(seed: int, *parts: str) -> float:
    """Return a number from 0 to 1 that hangs on nothing but these."""
    digest = hashlib.sha256("\0".join((str(seed), *parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def planted_case(code: str, *, gold: tuple[str, ...] = (), tags: tuple[str, ...] = ()) -> Case:
    """Return a case that only the right answer passes."""
    asked = f"How long may I keep the lamp with the code {code} before I send it back?"
    return Case(
        id=f"planted-{code}",
        origin=Origin("written", labelled_by="planted"),
        turns=(CaseTurn(asked, (Says(("marigold",)),)),),
        gold_passages=gold,
        tags=tags,
    )
