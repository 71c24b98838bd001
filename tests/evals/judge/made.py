"""Trials, judges and labels as the judge's tests need them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from evals.judge.judge import Judge
from evals.judge.prompt import Said, open_judge_prompt
from evals.suite.case import Case, CaseTurn, Origin, Rubric
from evals.suite.trial import PlayedTurn, Trial
from graph.models.scripted import Reply, ScriptedModel
from graph.tiers import Candidate
from graph.turn import Call, Route, TurnRecord

CANDIDATE = Candidate("scripted", "claude-sonnet-5-5", "low")
TALK = (Said("customer", "Where is my parcel?"), Said("bot", "Track it under My orders."))


def answer(verdict: str = "yes", reason: str = "The bot names the page.") -> str:
    """Return a judge's answer."""
    return json.dumps({"reason": reason, "verdict": verdict})


def judge_of(*replies: Reply | str, uncertified: str = "") -> tuple[Judge, ScriptedModel]:
    """Return a judge that plays these replies, and its model."""
    model = ScriptedModel.of(*replies)
    return Judge(model, CANDIDATE, open_judge_prompt("judge"), uncertified), model


def case(*rubrics: Rubric) -> Case:
    """Return a case with these rubrics."""
    return Case("parcel", Origin("written"), (CaseTurn("Where is my parcel?"),), rubric=rubrics)


def trial(turns: Sequence[tuple[str, str]] = (("Where is my parcel?", "Track it."),)) -> Trial:
    """Return a trial that passed so far."""
    return Trial("parcel", 1, "live", "passed", tuple(played(*turn) for turn in turns), source="stand-in")


def played(asked: str, said: str) -> PlayedTurn:
    """Return a turn that the small model answered."""
    call = Call("small", "anthropic", "claude-haiku-5-5", "ok", {})
    record = TurnRecord(
        *("t1", ("m1",), 1, "c1", "u1", 0.0, Route("small", "The smallest model answers first.")),
        *((call,), (), "answered", "en", 10.0),
    )
    return PlayedTurn(asked, said, "answered", None, record.route.reason, "", (), (), record)
