"""What becomes of a draft: it is fine, one tier up, the floor, or a person. A pure function."""

from __future__ import annotations

from dataclasses import dataclass

from graph.state import Draft
from graph.tiers import EXTRACTIVE, Tier
from graph.turn import PERSON, By, Route
from prompts import Escalation

WHY = {
    "length": "The answer grew longer than it may be.",
    "refusal": "The model declined to answer.",
    "fault": "No model could be reached.",
    "empty": "The model answered with no words.",
    "escalated": "The model passed it on.",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`accept` the draft as the answer, or go on by `route`."""

    accept: bool
    route: Route | None = None


ACCEPTED = Verdict(accept=True)


def judge(draft: Draft, tier: Tier, escalation: Escalation, *, covered: bool | None, first: bool) -> Verdict:
    """Judge the whole draft of one tier; `first` tells that it is the smallest one."""
    stop = draft["stop"]
    if stop == "end":
        return ACCEPTED if draft["text"].strip() else _go(tier.escalates_to, WHY["empty"])
    if stop == "escalated":
        return _escalated(draft, tier, escalation)
    if stop == "broke":
        return _go(tier.escalates_to, draft["reason"])
    if stop == "length":
        return _go(tier.escalates_to, WHY["length"])
    if stop == "refusal":
        return _go(PERSON, WHY["refusal"])
    # What a larger model was wanted for, a quotation does not answer.
    quote = covered and first and not draft["handover"] and tier.name != EXTRACTIVE
    return _go(EXTRACTIVE if quote else PERSON, WHY["fault"])


def _escalated(draft: Draft, tier: Tier, escalation: Escalation) -> Verdict:
    reason = next((r for r in escalation.reasons if r.name == draft["reason"]), None)
    up = PERSON if reason and reason.to == PERSON else tier.escalates_to
    return _go(up, reason.when if reason else WHY["escalated"], by="model")


def _go(tier: str, reason: str, by: By = "rule") -> Verdict:
    return Verdict(accept=False, route=Route(tier, reason, by))
