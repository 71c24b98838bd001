"""Open the bot for each way to run: keyless, over recordings, or live within a budget."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from evals.recording.budget import Budget
from evals.recording.opening import Opened, open_keyless, open_live, open_replay
from evals.recording.recording import RecordedSource
from evals.recording.store import Store
from evals.suite.people import present
from evals.suite.trial import Mode, Source
from graph.settings import GraphSettings
from graph.support import Support, load_all_tiers, open_support
from graph.tiers import Tiers
from prompts import Prompts, open_prompts


@dataclass(frozen=True, slots=True)
class Way:
    """How a suite is run, and with what."""

    mode: Mode
    store: Store | None = None
    """Needed to replay; a live run records into it."""
    budget: Budget | None = None
    """Needed to run live."""
    anew: bool = False
    """Whether a live run records what is recorded already, too."""
    declared: RecordedSource | None = None
    """What somebody vouches for where a vendor is reached by another host than its own."""


@asynccontextmanager
async def open_way(
    settings: GraphSettings,
    way: Way,
    *,
    prompts: Prompts | None = None,
    tiers: Tiers | None = None,
    knowledge: Path | None = None,
) -> AsyncIterator[tuple[Support, Source]]:
    """Open the bot and tell where its models' words come from.

    Its conversations are kept in this process, whatever Redis there is. Raises InputError as what it opens.
    """
    home = settings.bot_home
    words = prompts or open_prompts(home / "prompts" if home else None)
    opened = _open(settings, way, words, tiers or load_all_tiers(settings))
    alone = settings.model_copy(update={"redis_url": None})
    async with open_support(
        alone,
        knowledge=knowledge,
        models=opened.models,
        ladder=opened.ladder,
        people=present(opened.models),
        prompts=words,
    ) as support:
        yield support, opened.source or "none"


def _open(settings: GraphSettings, way: Way, words: Prompts, tiers: Tiers) -> Opened:
    if way.mode == "keyless":
        return open_keyless(tiers)
    if way.mode == "replay":
        assert way.store is not None
        return open_replay(tiers, way.store, lambda: words.edition)
    assert way.budget is not None
    return open_live(
        settings,
        tiers,
        lambda: words.edition,
        way.budget,
        store=way.store,
        anew=way.anew,
        declared=way.declared,
    )
