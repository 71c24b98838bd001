"""Let the route's tier answer, and stream its words."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from graph.composing import compose
from graph.guard import Guard, compile_rule
from graph.models.asking import Asked, Asking
from graph.records.codec import to_dict
from graph.routing.decide import PHRASE
from graph.services import TurnContext
from graph.state import Draft, State
from graph.tiers import EXTRACTIVE, FLOOR, Tier
from graph.turn import Route
from graph.verdict import WHY

if TYPE_CHECKING:  # the graph gives it by its name, and who only decides needs no graph
    from langgraph.runtime import Runtime

FLOOR_S = 5.0
"""For a quotation, which takes milliseconds."""


async def answer(state: State, runtime: Runtime[TurnContext]) -> dict[str, Any]:
    """Stream one tier's answer; what it came to is judged by `check`."""
    context = runtime.context
    if state["route"]["tier"] == PHRASE:
        return _phrase(context, state)
    tier = tier_of(context, state)
    asked = await _ask(context, state, tier)
    # A held answer is not shown yet; one of no words is empty, whatever its opening says.
    alone = state["hold"] or not state.get("shown") or not asked.text.strip()
    draft = Draft(
        tier=tier.name,
        text=asked.text if alone else context.speaker.shown,
        stop=asked.stop,
        reason=asked.reason,
        handover=asked.escalation.handover,
        broke=asked.broke,
    )
    calls = [*(state.get("calls") or []), *(to_dict(call) for call in asked.calls)]
    context.under_way = []
    return {"draft": draft, "shown": context.speaker.shown, "calls": calls}


def escalate(context: TurnContext, state: State, route: Route) -> None:
    """Announce a higher tier, with the sentence that the customer may read."""
    said = context.edition.phrases.say("closer_look", state["language"])
    context.speaker.escalate(route, said)


def tier_of(context: TurnContext, state: State) -> Tier:
    """Return the tier of the route; `extractive` is there even where models are."""
    name = state["route"]["tier"]
    return FLOOR if name == EXTRACTIVE else context.services.tiers.named(name) or FLOOR


def make_guard(context: TurnContext, language: str) -> Guard:
    """Make a guard of the rules in force for one answer in a language."""
    checks = context.edition.escalation.checks
    rules = tuple(compile_rule(c.name, c.pattern, c.allow, c.reason) for c in checks)
    given = "\n".join(f"{p.title}\n{p.url or ''}\n{p.text}" for p in context.passages)
    same = language == context.knowledge.language
    return Guard(rules, given, len(context.passages), same_language=same)


def _phrase(context: TurnContext, state: State) -> dict[str, Any]:
    text = context.edition.phrases.say(state["phrase"], state["language"])
    context.speaker.say(text)
    draft = Draft(tier=PHRASE, text=text, stop="end", reason="", handover="", broke="")
    return {"draft": draft, "shown": context.speaker.shown}


async def _ask(context: TurnContext, state: State, tier: Tier) -> Asked:
    services, speaker = context.services, context.speaker
    hold = state["hold"] and tier.name != EXTRACTIVE  # a quotation promises nothing of its own

    def escalating() -> None:
        # The model's reason is still to come: the tool's name is enough to tell the customer.
        escalate(context, state, Route(tier.escalates_to, WHY["escalated"], "model"))

    asking = Asking(
        tier=tier,
        models=services.models,
        deadlines=services.tiers.deadlines,
        # The floor is wanted most when the models have used up the time.
        deadline=time.monotonic() + FLOOR_S if tier.name == EXTRACTIVE else context.deadline,
        request=lambda candidate, variant: compose(context, state, tier, candidate, variant),
        guard=lambda: make_guard(context, state["language"]),
        speaker=None if hold else speaker,
        on_escalation=escalating,
        prompt_versions=context.edition.versions,
    )
    context.under_way = asking.asked.calls
    context.begun()
    return await asking.ask()
