"""The ground of a command: its models opened as the options say, one set an arm."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from evals.improve.ground import Ground
from evals.improve.ladder import NOW
from evals.judge.judge import Judge
from evals.judge.opening import open_live_judge
from evals.recording.budget import Budget
from evals.recording.models import ReplayModel
from evals.recording.opening import open_keyless, open_live, open_replay
from evals.recording.store import Store
from evals.running.stage import Way
from graph.models import ChatModel
from graph.settings import GraphSettings
from graph.support import load_all_tiers, open_articles
from graph.tiers import Tiers
from prompts import Prompts, open_prompts


@dataclass(frozen=True, slots=True)
class Opened:
    """What cases are played on, the ladder in force there, and what is spent."""

    ground: Ground
    ladder: Tiers
    budget: Budget | None = None


@asynccontextmanager
async def open_ground(
    settings: GraphSettings, way: Way, recordings: Path, played: Callable[[], None] = lambda: None
) -> AsyncIterator[Opened]:
    """Open the ground; raises InputError where keys, prices or recordings are not as they must be.

    The ladder in force has the recordings of `evals run`; every other arm has a folder of its own below them,
    as each plays the same trials of the same cases.
    """
    words = open_prompts(settings.bot_home / "prompts" if settings.bot_home else None)
    budget = Budget(way.budget_usd) if way.mode == "live" else None
    ladder, models = _ladder(settings, way, recordings, words, budget)
    ground = Ground(
        settings,
        open_articles(settings),
        words,
        models,
        mode=way.mode,
        judge=_judge(settings, way, ladder, budget),
        played=played,
    )
    try:
        yield Opened(ground, ladder, budget)
    finally:
        await ground.close()


def recordings_of(recordings: Path, arm: str) -> Path:
    """Return where the recordings of an arm are."""
    return recordings if arm == NOW else recordings / "arms" / re.sub(r"[^a-z0-9]+", "-", arm.lower())


def _ladder(
    settings: GraphSettings, way: Way, recordings: Path, words: Prompts, budget: Budget | None
) -> tuple[Tiers, Callable[[str], Mapping[str, ChatModel]]]:
    tiers = load_all_tiers(settings)
    if budget is not None:

        def live(arm: str) -> Mapping[str, ChatModel]:
            store = Store(recordings_of(recordings, arm)) if way.record else None
            return open_live(
                settings,
                tiers,
                lambda: words.edition,
                budget,
                store=store,
                anew=way.anew,
                declared=way.declared,
            ).models

        return open_live(settings, tiers, lambda: words.edition, budget).ladder, live
    if way.mode == "replay":
        ladder = open_replay(tiers, Store(recordings), lambda: words.edition).ladder
        providers = {candidate.provider for tier in ladder.ladder for candidate in tier.candidates}

        def replay(arm: str) -> Mapping[str, ChatModel]:
            store = Store(recordings_of(recordings, arm))
            return {name: ReplayModel(name, store, lambda: words.edition) for name in providers}

        return ladder, replay
    return open_keyless(tiers).ladder, lambda _: {}


def _judge(settings: GraphSettings, way: Way, ladder: Tiers, budget: Budget | None) -> Judge | None:
    """Open the judge where one is asked for: only a live run can, as its answers are not recorded here."""
    if budget is None or way.judge is None:
        return None
    return open_live_judge(settings, way.judge, ladder, budget)
