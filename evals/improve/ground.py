"""Where cases are played again under other conditions: the same door, another ladder, articles or prompts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field
from typing import TypeAlias

from evals.judge.judge import Judge, judge_trial
from evals.suite.case import Case
from evals.suite.people import present
from evals.suite.playing import play
from evals.suite.trial import Mode, Source, Trial
from graph.knowledge.live import FolderKnowledge
from graph.models import ChatModel, Event, Request
from graph.settings import GraphSettings
from graph.support import Support, open_support
from graph.tiers import Tiers
from prompts import Prompts

AT_ONCE = 8


class Lent:
    """A model that outlives the support that it is lent to."""

    def __init__(self, model: ChatModel) -> None:
        self.model = model
        self.provider = model.provider

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Stream what the model streams."""
        async with aclosing(self.model.stream(request)) as events:
            async for event in events:
                yield event

    async def models(self) -> set[str]:
        """Return what the vendor offers."""
        return await self.model.models()

    async def close(self) -> None:
        """Do nothing: the lender closes it."""


Open: TypeAlias = Callable[[str], Mapping[str, ChatModel]]
"""The models by provider for what is played under a name, so that each may have recordings of its own."""


def no_models(_arm: str) -> Mapping[str, ChatModel]:
    """Open none: what answers then is the extractive tier."""
    return {}


@dataclass(frozen=True, slots=True)
class Ground:
    """Plays cases with nothing but the models it opens, so that nothing is spent behind their back."""

    settings: GraphSettings
    articles: FolderKnowledge
    prompts: Prompts
    open: Open = no_models
    mode: Mode = "keyless"
    source: Source = "none"
    """Of models that say nothing of it themselves: those that record and replay do."""
    judge: Judge | None = None
    played: Callable[[], None] = lambda: None
    """Called after each trial, for a progress bar."""
    at_once: int = AT_ONCE
    _opened: dict[str, Mapping[str, ChatModel]] = field(default_factory=dict)

    async def play_all(
        self,
        arm: str,
        cases: Iterable[Case],
        tiers: Tiers,
        *,
        times: int | None = None,
        articles: FolderKnowledge | None = None,
    ) -> dict[str, tuple[Trial, ...]]:
        """Return the trials of each case on a ladder; `times` stands for the number that the case says."""
        places, listed = asyncio.Semaphore(self.at_once), list(cases)
        async with self._support(arm, tiers, articles or self.articles) as support:

            async def once(case: Case, number: int) -> Trial:
                async with places:
                    trial = await self._once(case, number, support)
                self.played()
                return trial

            async def of(case: Case) -> tuple[Trial, ...]:
                numbers = range(1, (times or case.trials.n) + 1)
                return tuple(await asyncio.gather(*(once(case, number) for number in numbers)))

            trials = await asyncio.gather(*(of(case) for case in listed))
            return {case.id: of_case for case, of_case in zip(listed, trials, strict=True)}

    async def close(self) -> None:
        """Give the models' connections back."""
        for models in self._opened.values():
            for model in models.values():
                await model.close()

    async def _once(self, case: Case, number: int, support: Support) -> Trial:
        trial = await play(case, number, support, mode=self.mode, source=self.source)
        return await judge_trial(case, trial, self.judge) if self.judge else trial

    def _support(
        self, arm: str, tiers: Tiers, articles: FolderKnowledge
    ) -> AbstractAsyncContextManager[Support]:
        if arm not in self._opened:
            self._opened[arm] = self.open(arm)
        lent: dict[str, ChatModel] = {name: Lent(model) for name, model in self._opened[arm].items()}
        return open_support(
            self.settings.alone,
            models=lent,
            ladder=tiers,
            people=present(lent),
            prompts=self.prompts,
            articles=articles,
        )


def share(trials: Iterable[Trial]) -> float | None:
    """Return the share of passed trials; None where one of them says nothing about the bot."""
    statuses = [trial.status for trial in trials]
    if not statuses or any(status in ("stale", "error") for status in statuses):
        return None
    return statuses.count("passed") / len(statuses)


def mixed(sources: Iterable[Source]) -> Source:
    """Return what trials of these sources are of together: a single stand-in makes all of it one."""
    found = set(sources)
    return "stand-in" if "stand-in" in found else "live" if "live" in found else "none"
