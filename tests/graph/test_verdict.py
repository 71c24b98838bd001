"""What becomes of a draft."""

from __future__ import annotations

import pytest

from graph.state import Draft
from graph.tiers import FLOOR, Tier
from graph.turn import PERSON, Route
from graph.verdict import WHY, judge
from tests.fakes import LARGE, SMALL, shipped_prompts

ESCALATION = shipped_prompts().escalation


def draft(stop: str, text: str = "Words.", *, reason: str = "", handover: str = "") -> Draft:
    return Draft(tier="small", text=text, stop=stop, reason=reason, handover=handover, broke="")


def verdict(made: Draft, tier: Tier = SMALL, *, covered: bool | None = True) -> Route | None:
    return judge(made, tier, ESCALATION, covered=covered, first=tier.name != "large")


def goes_to(made: Draft, tier: Tier = SMALL, *, covered: bool | None = True) -> str:
    route = verdict(made, tier, covered=covered)
    assert route is not None
    assert route.reason
    return route.tier


def test_a_whole_answer_is_accepted() -> None:
    assert verdict(draft("end")) is None


@pytest.mark.parametrize(("tier", "up"), [(SMALL, "large"), (LARGE, PERSON), (FLOOR, PERSON)])
@pytest.mark.parametrize("made", [draft("end", " \n"), draft("length"), draft("broke", reason="A link.")])
def test_a_poor_answer_goes_one_tier_up(made: Draft, tier: Tier, up: str) -> None:
    assert goes_to(made, tier) == up


def test_a_broken_rule_gives_its_own_reason() -> None:
    route = verdict(draft("broke", reason="The answer has a link."))
    assert route is not None
    assert (route.reason, route.by) == ("The answer has a link.", "rule")


@pytest.mark.parametrize("tier", [SMALL, LARGE])
def test_a_refusal_goes_to_a_person(tier: Tier) -> None:
    assert goes_to(draft("refusal"), tier) == PERSON


@pytest.mark.parametrize("reason", ESCALATION.reasons, ids=lambda reason: reason.name)
def test_the_models_reason_decides_where_it_goes_and_is_told_in_words(reason: object) -> None:
    known = next(r for r in ESCALATION.reasons if r == reason)
    route = verdict(draft("escalated", reason=known.name))
    assert route is not None
    assert (route.tier, route.reason, route.by) == (known.to, known.when, "model")


@pytest.mark.parametrize("reason", ["", "made_up", "Dispute"])
def test_an_escalation_without_a_known_reason_goes_one_tier_up(reason: str) -> None:
    route = verdict(draft("escalated", reason=reason))
    assert route is not None
    assert (route.tier, route.reason, route.by) == ("large", WHY["escalated"], "model")


def test_the_largest_tier_escalates_to_a_person_whatever_the_reason() -> None:
    assert goes_to(draft("escalated", reason="comparison"), LARGE) == PERSON


@pytest.mark.parametrize(
    ("tier", "covered", "handover", "to"),
    [
        (SMALL, True, "", "extractive"),
        (SMALL, False, "", PERSON),
        (SMALL, None, "", PERSON),
        (SMALL, True, "Two rules bear on each other.", PERSON),
        (LARGE, True, "", PERSON),
        (FLOOR, True, "", PERSON),
    ],
)
def test_with_every_model_down_an_easy_covered_question_is_quoted_and_others_go_to_a_person(
    tier: Tier, covered: bool | None, handover: str, to: str
) -> None:
    assert goes_to(draft("fault", "", reason="overloaded", handover=handover), tier, covered=covered) == to
