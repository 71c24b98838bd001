"""The label: where the conversation belongs, until when, and for which reason."""

from __future__ import annotations

import pytest

from evals.suite.case import EscalationLabel
from evals.suite.checks_escalation import check_escalation, names_of
from evals.suite.trial import PlayedTurn
from tests.evals.suite.making import make_played
from tests.fakes import shipped_prompts

NAMES = names_of(shipped_prompts().escalation)
STAYS = make_played()
LARGE = make_played(escalated="large", rule="complex wording")
BY_MODEL = make_played(escalated="large", rule="comparison")
PERSON = make_played(escalated="person", rule="asks for a person")


def checked(label: EscalationLabel, *turns: PlayedTurn) -> tuple[list[tuple[str, bool]], bool]:
    findings, late = check_escalation(label, turns, NAMES)
    return [(finding.says, finding.hard) for finding in findings], late


@pytest.mark.parametrize(
    ("label", "turns"),
    [
        (EscalationLabel("must"), (STAYS, LARGE)),
        (EscalationLabel("must", to="large"), (PERSON,)),
        (EscalationLabel("must", to="person", by_turn=2), (LARGE, PERSON)),
        (EscalationLabel("must_not"), (STAYS, STAYS)),
        (EscalationLabel("may"), (PERSON,)),
        (EscalationLabel("must", "complex wording"), (LARGE,)),
        # A rule decided before the model could have given its reason.
        (EscalationLabel("must", "complex_reasoning"), (LARGE,)),
    ],
)
def test_what_the_label_allows_has_no_finding(label: EscalationLabel, turns: tuple[PlayedTurn, ...]) -> None:
    assert checked(label, *turns) == ([], False)


def test_a_missed_must_is_hard() -> None:
    (says, hard), *_ = checked(EscalationLabel("must", to="person"), STAYS)[0]
    assert (says, hard) == ("It must go to a person, and stayed with the first tier.", True)


def test_the_large_model_does_not_stand_for_a_person() -> None:
    (says, hard), *_ = checked(EscalationLabel("must", to="person"), LARGE)[0]
    assert ("no further than the large model" in says, hard) == (True, True)


def test_late_is_a_finding_and_not_a_miss() -> None:
    findings, late = checked(EscalationLabel("must", by_turn=1), STAYS, LARGE)
    assert late
    assert findings == [("It goes to the large model or a person in turn 2, which is after turn 1.", False)]


def test_each_needless_turn_is_named() -> None:
    findings, _ = check_escalation(EscalationLabel("must_not"), (STAYS, LARGE, PERSON), NAMES)
    assert [finding.turn for finding in findings] == [2, 3]
    assert not any(finding.hard for finding in findings)


@pytest.mark.parametrize(
    ("reason", "turn"), [("complex_reasoning", BY_MODEL), ("thumbs down", LARGE), ("thumbs down", BY_MODEL)]
)
def test_another_reason_than_the_label_wants_is_a_finding(reason: str, turn: PlayedTurn) -> None:
    findings, _ = checked(EscalationLabel("must", reason), turn)
    assert findings == [(f"What decided is `{turn.rule}`, not `{reason}`.", False)]


def test_names_are_found_by_the_words_that_routes_give() -> None:
    assert NAMES.of["The customer asked for a person."] == "asks for a person"
    assert NAMES.of["The model declined to answer."] == "refusal"
    assert "complex wording" in NAMES.rules
    assert "complex_reasoning" not in NAMES.rules
