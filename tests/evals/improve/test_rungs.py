"""Each rung is a ladder of one model, and a case loses what only several rungs can meet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.improve.planted import planted_case
from evals.improve.rungs import for_one_rung, rungs_of, tells_rungs_apart, top_rung
from evals.suite.case import Case, CaseTurn, Escalates, EscalationLabel, Rubric, Says
from graph.tiers import EXTRACTIVE, load_tiers, usable

SAYS = planted_case("a1")
BARE = replace(SAYS, turns=(CaseTurn("Where is it?"),))


def test_the_shipped_ladder_has_four_rungs_smallest_first() -> None:
    rungs = rungs_of(load_tiers())
    assert [rung.name for rung in rungs] == ["extractive", "small", "small, low effort", "large"]
    assert [rung.candidate.effort for rung in rungs] == [None, "off", "low", "low"]
    for rung in rungs:
        (tier,) = rung.tiers.ladder
        assert tier.candidates == (rung.candidate,)
        assert (tier.escalates_to, tier.top) == ("person", True)
    assert rungs[2].tiers.first.first_token == load_tiers().ladder[-1].first_token


def test_a_model_that_thinks_takes_no_tools_at_the_vendor_that_refuses_both() -> None:
    openai = rungs_of(usable(load_tiers(), {"openai"}))
    assert [(rung.candidate.effort, rung.candidate.tools) for rung in openai[1:3]] == [
        ("off", True),
        ("low", False),
    ]
    anthropic = rungs_of(usable(load_tiers(), {"anthropic"}))
    assert [rung.candidate.tools for rung in anthropic[1:3]] == [True, True]


def test_rules_for_the_large_model_lead_to_the_rung_itself() -> None:
    names = [rung.tiers.first.name for rung in rungs_of(load_tiers())]
    assert names == [EXTRACTIVE, "large", "large", "large"]


def test_without_keys_there_is_quoting_alone_and_nothing_larger() -> None:
    ladder = usable(load_tiers(), set())
    assert [rung.name for rung in rungs_of(ladder)] == ["extractive"]
    assert top_rung(ladder) is None
    top = top_rung(load_tiers())
    assert top is not None
    assert top.name == "large"


@pytest.mark.parametrize(
    ("label", "left"),
    [
        (EscalationLabel("must"), EscalationLabel("may")),
        (EscalationLabel("must", to="large"), EscalationLabel("may")),
        (EscalationLabel("must", to="person"), EscalationLabel("must", to="person")),
        (EscalationLabel("must_not"), EscalationLabel("must_not")),
    ],
)
def test_a_label_that_wants_the_large_model_is_met_by_any(
    label: EscalationLabel, left: EscalationLabel
) -> None:
    assert for_one_rung(replace(SAYS, escalation=label)).escalation == left


def test_turns_that_should_escalate_may_be_answered_and_others_must_stay() -> None:
    turn = CaseTurn("Where?", (Escalates(), Escalates(wanted=False), Says(("here",))))
    assert for_one_rung(replace(SAYS, turns=(turn,))).turns[0].expect == (
        Escalates(wanted=False),
        Says(("here",)),
    )


@pytest.mark.parametrize(
    ("case", "judged", "tells"),
    [
        (SAYS, False, True),
        (BARE, False, False),
        (replace(SAYS, draft=True), False, False),
        (replace(BARE, escalation=EscalationLabel("must_not")), False, False),
        (replace(BARE, escalation=EscalationLabel("must", to="large")), False, False),
        (replace(BARE, escalation=EscalationLabel("must", to="person")), False, True),
        (replace(BARE, rubric=(Rubric("a", "Is it polite?", gate=True),)), True, True),
        (replace(BARE, rubric=(Rubric("a", "Is it polite?", gate=True),)), False, False),
        (replace(BARE, rubric=(Rubric("a", "Is it polite?"),)), True, False),
    ],
)
def test_only_what_an_answer_can_fail_tells_rungs_apart(case: Case, judged: bool, tells: bool) -> None:
    assert tells_rungs_apart(for_one_rung(case), judged=judged) is tells
