"""`evals ladder`: play every rung on every slice, and find the smallest that works."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evals.improve.ground import Ground, mixed
from evals.improve.rungs import Rung, for_one_rung, rungs_of, tells_rungs_apart
from evals.improve.slices import ALL, Slice, Trials, climb_slice, slices_of, usd_of
from evals.suite.case import Case
from evals.suite.trial import Source
from graph.errors import InputError
from graph.tiers import Tiers

MARGIN = 0.05
NOW = "now"
"""The arm that plays the ladder in force, to see what goes where today."""


@dataclass(frozen=True, slots=True)
class Routes:
    """What a slice's choice would move, counted in its cases."""

    slice: str
    stay: int
    """Conversations that go to the large model now and would not have to."""
    rise: int
    """Conversations that a smaller rung answers now and should not."""
    usd: float | None
    """What a conversation of the slice would cost more, or less where negative; None unless live."""


@dataclass(frozen=True, slots=True)
class Climb:
    """What a ladder came to."""

    rungs: tuple[Rung, ...]
    slices: tuple[Slice, ...]
    routes: tuple[Routes, ...]
    left_out: int
    """Cases that say nothing of a rung's answers."""
    source: Source
    margin: float
    stale: int = 0
    """Trials without a recording."""
    errors: int = 0
    problems: tuple[str, ...] = field(default=())
    """Of stale trials and errors, each once."""

    def on(self, name: str) -> Slice | None:
        """Return the slice of this name."""
        return next((part for part in self.slices if part.name == name), None)

    @property
    def exit_code(self) -> int:
        """0 where the rung for all cases is found, 3 where recordings are missing, 4 where undecided.

        2 where no case could be played on every rung.
        """
        everything = self.on(ALL)
        if self.stale:
            return 3
        if self.errors and not (everything and everything.cases):
            return 2
        found = everything and everything.choice and everything.choice.word == "chosen"
        return 0 if found and len(self.rungs) > 1 else 4


async def climb(cases: Sequence[Case], ladder: Tiers, ground: Ground, *, margin: float = MARGIN) -> Climb:
    """Play each rung by itself on all cases that can tell rungs apart; raises InputError without any."""
    judged = ground.judge is not None
    telling = [case for case in cases if tells_rungs_apart(for_one_rung(case), judged=judged)]
    if not telling:
        raise InputError(
            "no case can tell one rung from another: they are drafts, or expect nothing of the answer"
        )
    rungs = rungs_of(ladder)
    now = await ground.play_all(NOW, telling, ladder) if len(rungs) > 1 else {}
    alone = [for_one_rung(case) for case in telling]
    played = {rung.name: await ground.play_all(rung.name, alone, rung.tiers) for rung in rungs}
    named = slices_of(telling, now)
    slices = tuple(climb_slice(name, ids, played, margin=margin) for name, ids in named.items())
    trials = [trial for of in (now, *played.values()) for each in of.values() for trial in each]
    problems = dict.fromkeys(trial.problem for trial in trials if trial.status in ("stale", "error"))
    return Climb(
        rungs=rungs,
        slices=slices,
        routes=tuple(r for part in slices if (r := _routes(part, rungs, now, played))),
        left_out=len(cases) - len(telling),
        source=mixed(trial.source for trial in trials),
        margin=margin,
        stale=sum(trial.status == "stale" for trial in trials),
        errors=sum(trial.status == "error" for trial in trials),
        problems=tuple(problems),
    )


def _routes(part: Slice, rungs: Sequence[Rung], now: Trials, played: Mapping[str, Trials]) -> Routes | None:
    if not now or part.choice is None or part.choice.word != "chosen":
        return None
    chosen = part.choice.rung
    top = rungs[-1].name
    large = sum(any(trial.escalated == "large" for trial in now[case]) for case in part.cases)
    person = sum(any(trial.escalated == "person" for trial in now[case]) for case in part.cases)
    before = usd_of([trial for case in part.cases for trial in now[case]])
    after = usd_of([trial for case in part.cases for trial in played[chosen][case]])
    return Routes(
        part.name,
        stay=0 if chosen == top else large,
        rise=len(part.cases) - large - person if chosen == top and len(rungs) > 1 else 0,
        usd=None if before is None or after is None else after - before,
    )
