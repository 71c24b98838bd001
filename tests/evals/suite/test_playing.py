"""A case is played through the bot's own door, and nothing of it is left behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from evals.suite.case import CaseTurn, Cites, EscalationLabel, Says
from evals.suite.playing import play
from graph.errors import Unreachable
from graph.models import ToolCall
from graph.models.scripted import Reply, ScriptedModel
from graph.settings import GraphSettings
from graph.support import Support, open_support
from graph.tiers import Candidate, Deadlines, Tier, Tiers
from graph.turn import Audience
from tests.evals.suite.making import make_case

LADDER = Tiers(
    (
        Tier("small", (Candidate("scripted", "little"),), "large", top=False),
        Tier("large", (Candidate("scripted", "big"),)),
    ),
    Deadlines(),
)
ASKED = "How long do I have to send shoes back?"


@asynccontextmanager
async def opened(*replies: Reply | str) -> AsyncIterator[tuple[Support, ScriptedModel]]:
    """Open the bot with a scripted model, or without replies keyless."""
    model = ScriptedModel.of(*replies)
    models, ladder = ({"scripted": model}, LADDER) if replies else ({}, None)
    async with open_support(GraphSettings.model_construct(), models=models, ladder=ladder) as support:
        yield support, model


async def keys(support: Support) -> int:
    return len([thread async for thread in support.saver.alist(None)])


async def test_a_trial_holds_what_was_said_found_and_cited() -> None:
    case = make_case(expect=[Says(("30 days",)), Cites(("returns/return-window",))])
    async with opened() as (support, _):
        trial = await play(case, 2, support, mode="keyless")
        assert await keys(support) == 0
    (turn,) = trial.turns
    assert (trial.status, trial.number, trial.source, trial.usd) == ("passed", 2, "none", 0.0)
    assert turn.passages[0].startswith("returns/return-window.md#")
    assert turn.sources == ("returns/return-window.md",)
    assert turn.record.route.tier == "extractive"


async def test_a_rating_before_a_turn_is_remembered_and_the_rule_is_named() -> None:
    case = make_case(
        "a",
        ASKED,
        CaseTurn("And boots?", rating="down"),
        escalation=EscalationLabel("must", "thumbs down", 2),
    )
    async with opened() as (support, _):
        trial = await play(case, 1, support, mode="keyless")
    assert [turn.rule for turn in trial.turns] == ["", "thumbs down"]
    assert (trial.status, trial.escalated, trial.late) == ("passed", "person", False)


async def test_a_model_that_passes_on_escalates_with_its_reason() -> None:
    call = ToolCall("escalate", '{"reason": "comparison", "handover": "Shoes."}')
    async with opened(Reply(tool=call), "Take the boots [1].") as (support, model):
        trial = await play(make_case(), 1, support, mode="live")
    (turn,) = trial.turns
    assert (turn.escalated, turn.rule, turn.outcome) == ("large", "comparison", "answered")
    assert len(model.requests) == 2


async def test_what_was_shown_and_taken_back_is_not_the_answer() -> None:
    refund = "I have refunded you the whole amount just now. It is done."
    async with opened(refund, "You have 30 days [1].") as (support, _):
        trial = await play(make_case(), 1, support, mode="live")
    assert "refunded" not in trial.turns[0].answer
    assert trial.turns[0].escalated == "large"


async def test_a_turn_that_no_model_answered_is_an_error_and_ends_the_trial() -> None:
    case = make_case("a", ASKED, "And boots?")
    faults = [Reply(error=Unreachable("down")) for _ in range(8)]
    async with opened(*faults) as (support, _):
        trial = await play(case, 1, support, mode="live")
    assert (trial.status, len(trial.turns), trial.findings) == ("error", 1, ())
    assert "unreachable" in trial.problem


async def test_a_turn_that_failed_in_the_program_is_an_error() -> None:
    async with opened("One.") as (support, model):
        model.replies.clear()  # the scripted model complains by an AssertionError
        with capture_logs() as lines:  # written out with all local values, it would take a minute
            trial = await play(make_case(), 1, support, mode="live")
    assert any("exc_info" in line or "exception" in line for line in lines)
    assert (trial.status, trial.problem) == ("error", "The program failed in turn 1; the log says where.")


@pytest.mark.parametrize(("audience", "passes"), [("internal", True), ("everyone", False)])
async def test_a_case_is_answered_from_what_its_audience_may_read(
    audience: Audience, passes: bool, tmp_path: Path
) -> None:
    """An article that says nothing of it is for colleagues alone."""
    (tmp_path / "window.md").write_text("# Sending shoes back\n\nYou can send shoes back for 41 days.\n")
    case = replace(make_case(expect=[Says(("41 days",))]), audience=audience)
    async with open_support(GraphSettings.model_construct(), knowledge=tmp_path, models={}) as support:
        trial = await play(case, 1, support, mode="keyless")
    assert (trial.status == "passed") is passes
    assert bool(trial.turns[0].passages) is passes
