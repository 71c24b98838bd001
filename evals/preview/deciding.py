"""What retrieval and rules make of every turn of a case, with one edition of the prompts; asks no model.

The graph's own nodes decide. Answers are not known here, and no rule asks about them: a later turn depends on
what was asked before it, what was rated, and whether a person was called.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evals.preview.why import matched
from evals.suite.case import Case, CaseTurn, To
from graph.composing import compose, trim
from graph.models import Request
from graph.models.asking import Variant
from graph.nodes.answer import tier_of
from graph.nodes.retrieve import look_up
from graph.nodes.route import decision_of, facts_of
from graph.routing.decide import PHRASE, Decision
from graph.services import Services, TurnContext
from graph.speaker import Speaker
from graph.state import Exchange, State
from graph.tiers import EXTRACTIVE
from graph.turn import PERSON, Audience, Message, Turn


@dataclass(frozen=True, slots=True)
class Decided:
    """One turn as it is decided before any model is asked."""

    tier: str
    escalated: To | None
    rule: str
    """The rule's name; empty where none applies."""
    matched: str
    """What of the turn met the rule, in words."""
    reason: str
    hold: tuple[str, ...]
    """Why the whole answer is checked before a word is shown: subjects, or the rule; empty where not."""
    unknown: bool
    """Whether the model is told that nothing covers the question."""
    says: str
    """What the customer reads that no model writes; empty where a model answers."""
    reads: str
    """A hash of what a model reads of the prompts; empty where none is asked."""

    @property
    def decision(self) -> tuple[object, ...]:
        """What two editions differ in where the turn is decided differently."""
        return self.tier, self.rule, self.hold, self.unknown


async def decide_case(case: Case, services: Services) -> tuple[Decided, ...]:
    """Decide every turn of a case."""
    state: State = {"history": []}
    turns = enumerate(case.turns)
    return tuple([await _decide(turn, number, state, services, case.audience) for number, turn in turns])


async def _decide(
    scripted: CaseTurn, number: int, state: State, services: Services, audience: Audience
) -> Decided:
    messages = (Message(str(number), scripted.user),)
    turn = Turn(str(number), "evals", "evals", messages, 0.0, audience=audience)
    context = TurnContext(services, turn, Speaker(lambda _: None))
    if scripted.rating:
        state["rating"] = scripted.rating
    state.update(await look_up(state, context))  # type: ignore[typeddict-item]  # a part of it
    facts = facts_of(state, context)
    decision = decision_of(facts, state, context)
    state.update({"route": {"tier": decision.route.tier}, "unknown": decision.unknown, "rating": None})
    decided = Decided(
        tier=decision.route.tier,
        escalated=_escalated(decision.route.tier, services),
        rule=decision.rule.name if decision.rule else "",
        matched=matched(decision, facts),
        reason=decision.route.reason,
        hold=_held(decision, context),
        unknown=decision.unknown,
        says=_says(decision, state, context),
        reads=_reads(decision, state, context),
    )
    outcome = "handed_off" if decided.tier == PERSON else "answered"
    exchange = Exchange(
        id=turn.id, asked=turn.text, answer="", outcome=outcome, summary="", audience=audience
    )
    state["history"] = trim([*state["history"], exchange], services.tiers.history_tokens)
    return decided


def _escalated(tier: str, services: Services) -> To | None:
    if tier == PERSON:
        return "person"
    return None if tier in (services.tiers.first.name, PHRASE, EXTRACTIVE) else "large"


def _held(decision: Decision, context: TurnContext) -> tuple[str, ...]:
    if not decision.hold:
        return ()
    topics = context.edition.escalation.topics(context.turn.text)
    rule = decision.rule
    return (*topics, *([f"the rule “{rule.name}”"] if rule and rule.hold else []))


def _says(decision: Decision, state: State, context: TurnContext) -> str:
    key = decision.phrase
    if decision.route.tier == PERSON:
        key = "handoff_asked" if decision.asked else "handoff"
    return context.edition.phrases.say(key, state["language"]) if key else ""


def _reads(decision: Decision, state: State, context: TurnContext) -> str:
    """Hash what the first model of the tier reads of the prompts, or who sums up for a person."""
    edition = context.edition
    if decision.route.tier == PHRASE:
        return ""
    if decision.route.tier == PERSON:
        text = edition.handoff.render(conversation="", reason=decision.route.reason, tag="")
        return _digest(edition.voice.render(), text)
    tier = tier_of(context, state)
    candidate = tier.candidates[0]
    if candidate.provider == EXTRACTIVE:
        return ""
    request = compose(context, state, tier, candidate, Variant(tools=candidate.tools, history=False))
    return _digest(request.model, request.system, request.context, *_tools(request))


def _tools(request: Request) -> Sequence[Any]:
    return [(tool.name, tool.description, tool.parameters) for tool in request.tools]


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "backslashreplace")).hexdigest()[:16]
