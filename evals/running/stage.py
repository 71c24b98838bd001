"""What a run plays on: the bot, opened keyless, on recordings, or on the vendors within a budget."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from evals.judge.judge import Judge, judge_trial
from evals.judge.opening import choose_judge, open_judge
from evals.recording.budget import Budget
from evals.recording.models import ReplayModel
from evals.recording.opening import Opened, open_keyless, open_live, open_replay
from evals.recording.recording import RecordedSource
from evals.recording.store import Store
from evals.suite.case import Case
from evals.suite.people import present
from evals.suite.playing import play
from evals.suite.trial import Mode, Trial
from graph.models import ChatModel
from graph.settings import GraphSettings
from graph.support import Support, load_all_tiers, open_support
from graph.tiers import EXTRACTIVE, Tiers, usable
from prompts import Edition, open_prompts


@dataclass(frozen=True, slots=True)
class Way:
    """How a run is to be played."""

    mode: Mode = "keyless"
    budget_usd: float = 0.0
    """Of a live run."""
    record: bool = False
    anew: bool = False
    """Whether what is recorded already is recorded again."""
    judge: str | None = None
    """`PROVIDER:MODEL`; None chooses one."""
    judged: bool = True
    """Whether a judge is asked at all."""
    own: bool = False
    """Whether base URLs are of real models, such as a gateway's, and not of stand-ins."""

    @property
    def declared(self) -> RecordedSource | None:
        """What somebody vouches for; None leaves it to the base URLs."""
        return "live" if self.own else None


@dataclass(frozen=True, slots=True)
class Stage:
    """The opened bot, and what stands around it."""

    support: Support
    mode: Mode
    budget: Budget | None = None
    judge: Judge | None = None
    records: Store | None = None
    """What is recorded into."""

    async def play(self, case: Case, number: int) -> Trial:
        """Play a trial, and have its rubrics judged."""
        trial = await play(case, number, self.support, mode=self.mode)
        return await judge_trial(case, trial, self.judge) if self.judge else trial

    def over(self) -> bool:
        """Tell whether the budget is spent."""
        return bool(self.budget and self.budget.over)


@asynccontextmanager
async def open_stage(settings: GraphSettings, way: Way, recordings: Path) -> AsyncIterator[Stage]:
    """Open the bot for a run; raises InputError where keys, prices or recordings are not as they must be."""
    words = open_prompts(settings.bot_home / "prompts" if settings.bot_home else None)
    tiers, store = load_all_tiers(settings), Store(recordings)
    budget = Budget(way.budget_usd) if way.mode == "live" else None

    def edition() -> Edition:
        return words.edition

    if budget is not None:
        kept = store if way.record else None
        opened = open_live(settings, tiers, edition, budget, store=kept, anew=way.anew, declared=way.declared)
        askable = opened.ladder
    elif way.mode == "replay":
        opened, askable = _recorded(store, tiers, edition)
    else:
        opened = open_keyless(tiers)
        askable = opened.ladder
    judged = way.judged and askable.first.name != EXTRACTIVE
    judge = _judge(way, askable, opened.models, settings.bot_home) if judged else None
    async with open_support(
        settings.alone,
        models=opened.models,
        ladder=opened.ladder,
        people=present(opened.models),
        prompts=words,
    ) as support:
        await asyncio.to_thread(support.warm_up().join)
        yield Stage(support, way.mode, budget, judge, store if way.record else None)


def _recorded(store: Store, tiers: Tiers, edition: Callable[[], Edition]) -> tuple[Opened, Tiers]:
    """Open the recordings, and return the tiers of all their vendors, of which one may judge."""
    opened, recorded = open_replay(tiers, store, edition), store.providers()
    more = {name: ReplayModel(name, store, edition) for name in recorded - opened.models.keys()}
    return Opened(opened.ladder, {**opened.models, **more}), usable(tiers, recorded)


def _judge(way: Way, tiers: Tiers, models: Mapping[str, ChatModel], home: Path | None) -> Judge:
    return open_judge(choose_judge(way.judge, tiers), models, today=datetime.now(UTC).date(), home=home)
