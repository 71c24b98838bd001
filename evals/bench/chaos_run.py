"""The frame of every run: set the stage, wait until all is settled, collect what happened, judge it."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from rich.console import Console
from rich.progress import Progress

from evals.bench.chaos_checker import Findings, check
from evals.bench.chaos_history import History
from evals.bench.chaos_nemesis import Nemesis, count_dead
from evals.bench.chaos_script import ChaosRule
from evals.bench.chaos_stage import LEASE_S, Stage, open_stage
from evals.bench.chaos_traffic import Traffic
from evals.bench.figures import Figure, figures_table, percentile
from evals.sim.slack import SlackSettings

RECOVERY_S = LEASE_S + 3.0
SETTLE_S = 90.0
"""How long after the last fault everything must be answered."""
NAMED = 5
"""How many of each finding are named."""
NO_VARIABLES: Mapping[str, str] = MappingProxyType({})
FINDINGS = ("lost", "doubled", "unnamed", "misordered", "streaming", "torn", "unrecorded")


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, how many, and from which seed; `scale` makes the outages and Slack's schedule shorter."""

    seconds: float = 600.0
    seed: int = 1
    processes: int = 3
    threads: int = 40
    scale: float = 1.0
    flush: bool = True
    """Whether Redis loses everything once."""
    timed: bool = True
    """Whether a recovery that takes too long counts as a finding; on a busy machine it says nothing."""
    keep: Path | None = None
    """Where the history and the logs stay; None keeps nothing."""


@dataclass(slots=True)
class Run:
    """One run that is under way."""

    name: str
    plan: Plan
    stage: Stage
    traffic: Traffic
    nemesis: Nemesis
    progress: Progress

    async def watch(self, seconds: float, what: str) -> None:
        """Let time pass, and note what happens meanwhile."""
        task = self.progress.add_task(f"{self.name}: {what}", total=seconds)
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            await asyncio.sleep(min(0.2, left))
            self.stage.look()
            self.progress.update(task, completed=seconds - left)
        self.progress.remove_task(task)

    async def settle(self, within_s: float = SETTLE_S) -> float:
        """Wait until all is answered, then for late harm; returns how long the answers took."""
        began = time.monotonic()
        task = self.progress.add_task(f"{self.name}: settling", total=within_s)
        while (passed := time.monotonic() - began) < within_s and not self._settled():
            self.progress.update(task, completed=passed)
            self.stage.look()
            await asyncio.sleep(0.5)
        await self.watch(LEASE_S + 2.0, "waiting for late harm")
        return passed

    def _settled(self) -> bool:
        streams = any(shown.streaming for shown in self.traffic.shown())
        return not streams and not self.traffic.unanswered() and not self.stage.slack.deliveries.waiting()

    async def gather(self) -> History:
        """Collect what happened."""
        self.traffic.note_accepted()
        self.stage.look()
        recorded = {turn.turn: turn for turn in [*self.nemesis.recorded, *await self.stage.export()]}
        return History(
            said=self.traffic.said,
            shown=list(self.traffic.shown()),
            posted=list(self.traffic.posted()),
            recorded=list(recorded.values()),
            asked=self.stage.asked,
            troubles=self.stage.troubles,
            words_at=self.traffic.words_at(),
            dead=self.nemesis.dead + await count_dead(self.stage),
            unrecorded=self.nemesis.unrecorded,
        )

    async def conclude(
        self,
        settled_s: float,
        *,
        all_said: bool = False,
        excuse: Callable[[Findings, History], None] = lambda _found, _history: None,
    ) -> tuple[Findings, list[Figure]]:
        """End the bot, judge what happened, and return that with its figures.

        `excuse` takes out of the findings what had to be so.
        """
        history = await self.gather()
        codes = self.stage.exits + await self.stage.end_bots()
        if self.plan.keep:
            history.save(self.stage.folder)
        found = check(history, all_said=all_said)
        excuse(found, history)
        return found, [
            *_wrong(found),
            *_times(found, judged=self.plan.timed),
            Figure("settled after", settled_s, "s"),
            Figure("processes that ended badly by themselves", sum(map(bool, codes)), "", 0),
        ]


@asynccontextmanager
async def running(
    name: str, plan: Plan, slack: SlackSettings, rule: ChaosRule, variables: Mapping[str, str] = NO_VARIABLES
) -> AsyncIterator[Run]:
    """Set the stage for a run, without a process of the bot yet."""
    with _folder(plan, name) as folder:
        async with open_stage(folder, slack, rule, variables) as stage:
            with Progress(console=Console(stderr=True), transient=True) as progress:
                traffic = Traffic(stage.slack, plan.seed)
                yield Run(name, plan, stage, traffic, Nemesis(stage, plan.seed), progress)


@contextmanager
def _folder(plan: Plan, name: str) -> Iterator[Path]:
    if plan.keep is None:
        with tempfile.TemporaryDirectory(prefix="chaos-") as made:
            yield Path(made)
    else:
        kept = (plan.keep / name).resolve()
        kept.mkdir(parents=True, exist_ok=True)
        yield kept


def _wrong(found: Findings) -> list[Figure]:
    return [
        Figure("messages said", found.said, ""),
        Figure("accepted", found.accepted, ""),
        Figure("lost", len(found.lost), "", 0),
        Figure("doubled", len(found.doubled), "", 0),
        Figure("answers that name no message", len(found.unnamed), "", 0),
        Figure("threads out of order", len(found.misordered), "", 0),
        Figure("streams never ended", len(found.streaming), "", 0),
        Figure("answers that are not whole", len(found.torn), "", 0),
        Figure("answered but not in the ledger", len(found.unrecorded), "", 0),
        Figure("dead letters", found.dead_share, "%", 0.5),
        Figure("apologies", found.apologies, ""),
        Figure("extra messages meanwhile", found.extra, ""),
        Figure("longest time that one stood", found.extra_s, "s"),
    ]


def _times(found: Findings, *, judged: bool) -> list[Figure]:
    hit = found.recovery_s
    times = [Figure(f"first words, p{share}", percentile(found.waits_s, share), "s") for share in (50, 95)]
    times.append(Figure("messages hit by a fault", len(hit), ""))
    if hit:
        times.append(Figure("recovery, p95", percentile(hit, 95), "s", RECOVERY_S if judged else None))
        times.append(Figure("recovery, longest", max(hit), "s"))
    return times


def report(console: Console, title: str, found: Findings, figures: list[Figure]) -> int:
    """Print figures, and name what is wrong; returns 1 where something is."""
    console.print(figures_table(title, figures))
    for kind in FINDINGS:
        names: list[str] = getattr(found, kind)
        for name in names[:NAMED]:
            console.print(f"{kind}: {name}", highlight=False, soft_wrap=True)
    return 0 if all(figure.fine for figure in figures) else 1
