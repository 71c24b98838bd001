"""Grounds, climbs and exports as the tests of improving need them."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from evals.improve.choosing import choose
from evals.improve.ground import Ground
from evals.improve.ladder import Climb
from evals.improve.planted import Chances, PlantedModel
from evals.improve.rungs import rungs_of
from evals.improve.slices import Row, Slice
from evals.sim.script import Script
from evals.sim.server import Sim
from evals.sim.settings import Settings
from graph.knowledge.live import open_knowledge
from graph.models import ChatModel
from graph.settings import GraphSettings
from graph.support import SAMPLE_SHOP
from graph.tiers import Tiers, load_tiers
from prompts import open_prompts

SETTINGS = GraphSettings()
RIGHT, WRONG = Chances(1.0, 1.0), Chances(0.0, 0.0)
SMALL, EFFORT, LARGE = "small", "small, low effort", "large"


def ground(
    chances: Mapping[tuple[str, str], Chances], *, knowledge: Path = SAMPLE_SHOP, seed: int = 0
) -> Ground:
    """Return a ground whose models are planted."""
    models: dict[str, ChatModel] = {"scripted": PlantedModel(seed, chances)}
    return Ground(
        SETTINGS,
        open_knowledge(knowledge),
        open_prompts(),
        lambda _: models,
        mode="live",
        source="stand-in",
    )


def climbed(chosen: Mapping[str, str], ladder: Tiers | None = None) -> Climb:
    """Return a climb over the shipped ladder that chose a rung by the name of the slice."""
    rungs = rungs_of(ladder or load_tiers())
    names = [rung.name for rung in rungs]
    slices = []
    for name, rung in chosen.items():
        shares = {other: [float(names.index(other) >= names.index(rung))] * 500 for other in names}
        ids = tuple(f"c{n}" for n in range(500))
        rows = tuple(Row(other, 0.5, 0.4, 0.6, None, None) for other in names)
        slices.append(Slice(name, ids, 0, rows, choose(shares, margin=0.05)))
    return Climb(rungs, tuple(slices), (), 0, "stand-in", 0.05)


@contextmanager
def stand_in(script: Script, key: str = "sim-key") -> Iterator[dict[str, str]]:
    """Run the vendors' stand-ins in a thread; gives the environment of a command that asks them."""
    ready, ended = threading.Event(), threading.Event()
    found: dict[str, str] = {}

    async def serve() -> None:
        async with Sim(Settings(keys=frozenset({key})), script) as sim:
            found.update(OPENAI_BASE_URL=sim.openai_url, OPENAI_API_KEY=key)
            ready.set()
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(20)
        yield found
    finally:
        ended.set()
        thread.join(20)


def transcript(turn: str, conversation: str, at: float, asked: str, **more: object) -> dict[str, object]:
    """Return one line of `bot export --transcripts`."""
    line = {
        "turn_id": turn,
        "conversation": conversation,
        "customer": "U1",
        "at": at,
        "language": "en",
        "asked": [asked],
        "answer": "Look under My orders.",
        "tier": "small",
        "outcome": "answered",
    }
    return line | more


def exported(
    turn: str, conversation: str, *ratings: tuple[str, str | None], **more: object
) -> dict[str, object]:
    """Return one line of `bot export`, with ratings as who and value."""
    given = [
        {"turn_id": turn, "who": who, "person": "U1", "value": value, "via": "button", "at": 1.0}
        for who, value in ratings
    ]
    record: dict[str, object] = {
        "turn_id": turn,
        "messages": ["m"],
        "attempt": 1,
        "conversation": conversation,
        "customer": "U1",
        "received_at": 1.0,
        "language": "en",
        "route": {"tier": "small", "by": "rule", "reason": "The smallest model answers first."},
        "calls": [],
        "sources": [],
        "total_ms": 5.0,
        "outcome": "answered",
        "ratings": given,
    }
    return record | more


def write_lines(file: Path, *lines: dict[str, object]) -> Path:
    """Write JSON lines."""
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return file
