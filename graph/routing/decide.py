"""One message's route: pure, no model, about a tenth of a millisecond."""

from __future__ import annotations

from dataclasses import dataclass

from graph.routing.message import oddity
from graph.routing.rules import Facts, first_rule
from graph.tiers import EXTRACTIVE, Tiers
from graph.turn import PERSON, Route
from prompts import Escalation

PHRASE = "phrase"
"""The tier of an answer that needs no thinking: a sentence of phrases.md."""

LARGE = "large"
FOREIGN = "The articles are in another language, and there is no model to read them."
SMALLEST = "The smallest model answers first."
SMALL_TALK = "It is small talk."
ASKED = "The customer asked for a person."
UNCOVERED = "No article covers it."
ODD = {
    "empty_message": "The message is empty.",
    "no_words": "The message holds no words.",
    "not_readable": "The message is not text.",
    "too_long": "The message is too long to be a question.",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """The route and how the answer is to be made."""

    route: Route
    phrase: str = ""
    """The phrase that answers, where no model is needed."""
    hold: bool = False
    """Whether the whole answer is checked before a word is shown."""
    unknown: bool = False
    """Whether the model is told that nothing covers the question."""


def decide(facts: Facts, escalation: Escalation, tiers: Tiers, *, foreign: bool = False) -> Decision:
    """Choose the tier for a message; `foreign` is for one in another language than the articles."""
    if not facts.person and (odd := oddity(facts.text)):
        return Decision(Route(PHRASE, ODD[odd]), phrase=odd)
    if facts.person:
        return Decision(Route(PERSON, ASKED, by="person"))
    keyless = tiers.first.name == EXTRACTIVE
    talk = _small_talk(escalation, facts.text)
    if talk and keyless:
        return Decision(Route(PHRASE, SMALL_TALK), phrase=talk)
    judged = Facts(
        facts.text, 0.0 if talk else facts.repeat, facts.rating, None if talk or foreign else facts.covered
    )
    rule = first_rule(escalation.rules, judged)
    hold = bool(escalation.topics(facts.text)) or (rule is not None and rule.hold)
    if rule is None and foreign and keyless:
        return Decision(Route(PERSON, FOREIGN), hold=hold)
    if rule is None and keyless and not talk and facts.covered is None:
        return Decision(Route(PERSON, UNCOVERED), hold=hold)
    if rule is None:
        return Decision(Route(tiers.first.name, SMALL_TALK if talk else SMALLEST), hold=hold)
    if rule.to == "say_unknown" and not keyless:
        return Decision(Route(tiers.first.name, rule.reason), hold=hold, unknown=True)
    # An extractive answer to what nothing covers would quote something else: then a person is the answer.
    tier = _large(tiers) if rule.to == LARGE else PERSON
    return Decision(Route(tier, rule.reason), hold=hold)


def _large(tiers: Tiers) -> str:
    """Return the tier that rules call large: of that name, or the last of a ladder that has other names."""
    if tiers.named(LARGE):
        return LARGE
    return tiers.ladder[-1].name if len(tiers.ladder) > 1 else PERSON


def _small_talk(escalation: Escalation, text: str) -> str:
    return next((kind for kind, phrases in escalation.small_talk.items() if phrases.covers(text)), "")
