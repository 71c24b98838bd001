"""One message's route: pure, no model, about a tenth of a millisecond."""

from __future__ import annotations

from dataclasses import dataclass

from graph.routing.message import oddity
from graph.routing.rules import Facts, first_rule
from graph.tiers import EXTRACTIVE, Tiers
from graph.turn import PERSON, Route
from prompts import Escalation, Rule, Says

PHRASE = "phrase"
"""The tier of an answer that needs no thinking: a sentence of phrases.md."""

LARGE = "large"
FOREIGN = "The articles are in another language, and there is no model to read them."
SMALLEST = "The smallest model answers first."
SMALL_TALK = "It is small talk."
ASKED = "The customer asked for a person."
FILE_ALONE = "A file came without a word."
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
    covered: bool | None = None
    """Whether articles cover it; None for what the word index cannot judge: small talk, another language."""
    asked: bool = False
    """Whether the customer asked for a person."""
    rule: Rule | None = None
    """The rule of escalation.md that decided; None where none did."""


def decide(
    facts: Facts, escalation: Escalation, tiers: Tiers, *, foreign: bool = False, readable: bool = False
) -> Decision:
    """Choose the tier for a message; `foreign` is for one in another language than the articles.

    `readable` tells that a file came with it which a model can read.
    """
    if not facts.person and (odd := oddity(facts.text)):
        if odd == "empty_message" and readable and tiers.first.name != EXTRACTIVE:
            return Decision(Route(tiers.first.name, FILE_ALONE))
        return Decision(Route(PHRASE, ODD[odd]), phrase=odd)
    if facts.person:
        return Decision(Route(PERSON, ASKED, by="person"), asked=True)
    keyless = tiers.first.name == EXTRACTIVE
    talk = _small_talk(escalation, facts.text)
    if talk and keyless:
        return Decision(Route(PHRASE, SMALL_TALK), phrase=talk)
    covered = None if talk or foreign else facts.covered
    rule = first_rule(
        escalation.rules, Facts(facts.text, 0.0 if talk else facts.repeat, facts.rating, covered)
    )
    hold = bool(escalation.topics(facts.text)) or (rule is not None and rule.hold)
    unknown = asked = False
    if rule is None:
        route = _unruled(tiers, keyless=keyless, foreign=foreign, talk=bool(talk), covered=covered)
    elif rule.to == "say_unknown" and not keyless:
        route, unknown = Route(tiers.first.name, rule.reason), True
    else:
        # An extractive answer to what nothing covers would quote something else: then a person is the answer.
        route = Route(_large(tiers) if rule.to == LARGE else PERSON, rule.reason)
        asked = rule.asked
    return Decision(route, hold=hold, unknown=unknown, covered=covered, asked=asked, rule=rule)


def asks_for_person(escalation: Escalation, text: str) -> bool:
    """Tell whether a message asks for a person by the words of a rule, whichever other rules hold."""
    asking = (rule.on for rule in escalation.rules if rule.asked)
    return any(isinstance(on, Says) and on.phrases.found(text) for on in asking)


def _unruled(tiers: Tiers, *, keyless: bool, foreign: bool, talk: bool, covered: bool | None) -> Route:
    """Return the route of a message that no rule is about."""
    if keyless and foreign:
        return Route(PERSON, FOREIGN)
    if keyless and covered is None and not talk:
        return Route(PERSON, UNCOVERED)
    return Route(tiers.first.name, SMALL_TALK if talk else SMALLEST)


def _large(tiers: Tiers) -> str:
    """Return the tier that rules call large: of that name, or the last of a ladder that has other names."""
    if tiers.named(LARGE):
        return LARGE
    return tiers.ladder[-1].name if len(tiers.ladder) > 1 else PERSON


def _small_talk(escalation: Escalation, text: str) -> str:
    return next((kind for kind, phrases in escalation.small_talk.items() if phrases.covers(text)), "")
