"""What becomes of a draft: it is fine, one tier up, the floor, or a person. A pure function."""

from __future__ import annotations

from graph.state import Draft
from graph.tiers import EXTRACTIVE, Tier
from graph.turn import PERSON, Route
from prompts import Escalation

WHY = {
    "length": "The answer grew longer than it may be.",
    "refusal": "The model declined to answer.",
    "fault": "No model could be reached.",
    "empty": "The model answered with no words.",
    "escalated": "The model passed it on.",
}


def judge(
    draft: Draft, tier: Tier, escalation: Escalation, *, covered: bool | None, first: bool
) -> Route | None:
    """Return the route that the turn goes on by, or None where the draft of this tier is the answer.

    `first` tells that the tier is the smallest one.
    """
    stop = draft["stop"]
    if stop == "end":
        return None if draft["text"].strip() else Route(tier.escalates_to, WHY["empty"])
    if stop == "escalated":
        return _escalated(draft, tier, escalation)
    if stop == "broke":
        return Route(tier.escalates_to, draft["reason"])
    if stop == "length":
        return Route(tier.escalates_to, WHY["length"])
    if stop == "refusal":
        return Route(PERSON, WHY["refusal"])
    # What a larger model was wanted for, a quotation does not answer.
    quote = covered and first and not draft["handover"] and tier.name != EXTRACTIVE
    return Route(EXTRACTIVE if quote else PERSON, WHY["fault"])


def _escalated(draft: Draft, tier: Tier, escalation: Escalation) -> Route:
    reason = next((r for r in escalation.reasons if r.name == draft["reason"]), None)
    up = PERSON if reason and reason.to == PERSON else tier.escalates_to
    return Route(up, reason.when if reason else WHY["escalated"], "model")
