"""A judge's words are recorded apart from the bot's, and one that is missing is stale only where it gates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from evals.judge.judge import Judge, judge_trial, kept_as
from evals.recording.models import RecordingModel, ReplayModel
from evals.recording.store import Store
from evals.suite.case import Rubric
from graph.models.scripted import ScriptedModel
from prompts import Edition, open_prompts
from tests.evals.judge.made import answer, case, judge_of, trial

POLITE = Rubric("polite", "Is the bot polite?", gate=True)
OTHER = (("Where is my parcel?", "Find out yourself."),)
PROMPTS = open_prompts()


def edition() -> Edition:
    """Return the prompts in force."""
    return PROMPTS.edition


def recorded(folder: Path) -> Judge:
    """Return a judge that replays; it has said no once, to the usual trial."""
    return replace(judge_of()[0], model=ReplayModel("scripted", Store(folder), edition))


async def record(folder: Path) -> None:
    """Record one judgement."""
    store = Store(folder)
    model = RecordingModel(ScriptedModel.of(answer("no")), edition, "stand-in", store)
    judged = await judge_trial(case(POLITE), trial(), replace(judge_of()[0], model=model))
    assert judged.status == "failed"


async def test_what_a_judge_said_is_replayed_and_the_trial_keeps_its_own_source(tmp_path: Path) -> None:
    await record(tmp_path)
    assert Store(tmp_path).cases() == (kept_as("parcel"),)
    judged = await judge_trial(case(POLITE), replace(trial(), source="live"), recorded(tmp_path))
    assert (judged.status, judged.source, judged.judged[0].passed) == ("failed", "live", False)


async def test_a_missing_judgement_is_stale_where_it_gates(tmp_path: Path) -> None:
    await record(tmp_path)
    judged = await judge_trial(case(POLITE), trial(OTHER), recorded(tmp_path))
    assert judged.status == "stale"
    assert judged.problem


async def test_elsewhere_it_is_an_unknown_answer_and_changes_nothing(tmp_path: Path) -> None:
    await record(tmp_path)
    judge = recorded(tmp_path)
    for unchanged in (
        await judge_trial(case(replace(POLITE, gate=False)), trial(OTHER), judge),
        await judge_trial(case(POLITE), trial(OTHER), replace(judge, uncertified="expired")),
        await judge_trial(case(POLITE), replace(trial(OTHER), status="failed"), judge),
    ):
        assert unchanged.status in ("passed", "failed")
        assert unchanged.judged[0].passed is None
        assert "recorded" in unchanged.judged[0].why
