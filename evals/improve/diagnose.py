"""`evals diagnose`: play each failing case again under four conditions, and say why it fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evals.improve.cause import Arm, Arms, Cause, Gold, cause
from evals.improve.gold import GoldFirst, found_all
from evals.improve.ground import Ground, mixed, share
from evals.improve.rungs import Rung, for_one_rung, top_rung
from evals.improve.slices import Trials
from evals.suite.case import Case
from evals.suite.trial import Source, Trial
from graph.tiers import Tiers

TIMES = 3
ROUTING_CHECKS = ("escalation", "escalates", "limits")
"""What fails here fails for no want of knowledge."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why one case fails."""

    case: Case
    cause: Cause
    arms: Arms
    gold: Gold
    missing: tuple[str, ...]
    """Gold passages that the articles do not hold."""
    retrieved: bool
    findings: tuple[str, ...]
    """What was wrong as is, each thing once."""
    problems: tuple[str, ...] = ()
    """Why trials came to nothing."""
    source: Source = "none"
    """Where the models' words came from."""
    stale: bool = False
    """Whether a trial had no recording."""


async def diagnose(
    cases: Sequence[Case], ladder: Tiers, ground: Ground, *, times: int = TIMES
) -> tuple[Diagnosis, ...]:
    """Play the cases, which have failed, as is and under each condition that their cause may hang on."""
    as_is = await ground.play_all("as is", cases, ladder, times=times)
    failing = [case for case in cases if not any(trial.passed for trial in as_is[case.id])]
    top = top_rung(ladder)
    larger = await _larger(failing, top, ground, times)
    golden = [case for case in failing if gold_of(case, as_is[case.id], ground)[0] == "there"]
    gold = {case.id: await _gold(case, ladder, ground, times) for case in golden}
    unsolved = [case for case in golden if not _passes(gold[case.id])]
    both = {case.id: await _both(case, top, ground, times) for case in unsolved if top}
    played = {"as_is": as_is, "larger": larger, "gold": gold, "both": both}
    return tuple(_diagnosis(case, ground, played) for case in cases)


def gold_of(case: Case, trials: Sequence[Trial], ground: Ground) -> tuple[Gold, tuple[str, ...]]:
    """Return what is known of the gold passages, and which of them the articles do not hold."""
    checks = {finding.check for trial in trials for finding in trial.findings}
    if checks and checks <= set(ROUTING_CHECKS):
        return "not needed", ()
    if not case.gold_passages:
        return "unnamed", ()
    missing = GoldFirst(ground.articles, case.gold_passages).missing
    return ("missing" if missing else "there"), missing


async def _larger(cases: Sequence[Case], top: Rung | None, ground: Ground, times: int) -> Trials:
    if top is None or not cases:
        return {}
    return await ground.play_all("larger", [for_one_rung(case) for case in cases], top.tiers, times=times)


async def _gold(case: Case, ladder: Tiers, ground: Ground, times: int) -> tuple[Trial, ...]:
    articles = GoldFirst(ground.articles, case.gold_passages)
    return (await ground.play_all("gold", [case], ladder, times=times, articles=articles))[case.id]


async def _both(case: Case, top: Rung, ground: Ground, times: int) -> tuple[Trial, ...]:
    articles = GoldFirst(ground.articles, case.gold_passages)
    played = await ground.play_all("both", [for_one_rung(case)], top.tiers, times=times, articles=articles)
    return played[case.id]


def _diagnosis(case: Case, ground: Ground, played: Mapping[str, Trials]) -> Diagnosis:
    by_arm = {arm: trials.get(case.id, ()) for arm, trials in played.items()}
    as_is = by_arm["as_is"]
    known, missing = gold_of(case, as_is, ground)
    failed = [trial for trial in as_is if trial.status == "failed"]
    retrieved = bool(failed) and all(found_all(case.gold_passages, _passages(trial)) for trial in failed)
    arms = Arms(**{arm: _arm(trials) for arm, trials in by_arm.items()})
    every = [trial for trials in by_arm.values() for trial in trials]
    return Diagnosis(
        case=case,
        cause=cause(arms, retrieved, known),
        arms=arms,
        gold=known,
        missing=missing,
        retrieved=retrieved,
        findings=tuple(dict.fromkeys(finding.says for trial in failed for finding in trial.findings)),
        problems=tuple(dict.fromkeys(t.problem for t in every if t.status in ("stale", "error"))),
        source=mixed(trial.source for trial in every),
        stale=any(trial.status == "stale" for trial in every),
    )


def _arm(trials: tuple[Trial, ...]) -> Arm | None:
    if not trials or share(trials) is None:
        return None
    return Arm(sum(trial.passed for trial in trials), len(trials))


def _passes(trials: tuple[Trial, ...]) -> bool:
    arm = _arm(trials)
    return arm is not None and arm.passes


def _passages(trial: Trial) -> list[str]:
    return [passage for turn in trial.turns for passage in turn.passages]
