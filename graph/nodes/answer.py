"""Let the route's tier answer, and stream its words."""

from __future__ import annotations

from typing import Any

from langgraph.runtime import Runtime

from graph.composing import compose
from graph.guard import Guard, compile_rule
from graph.models.asking import Asked, Asking
from graph.records.codec import to_dict
from graph.routing.decide import PHRASE
from graph.services import TurnContext
from graph.state import Draft, State
from graph.tiers import EXTRACTIVE, FLOOR, Tier
from graph.turn import Route


async def answer(state: State, runtime: Runtime[TurnContext]) -> dict[str, Any]:
    """Stream one tier's answer; what it came to is judged by `check`."""
    context = runtime.context
    if state["route"]["tier"] == PHRASE:
        return _phrase(context, state)
    tier = tier_of(context, state)
    asked = await _ask(context, state, tier)
    opening = state.get("shown", "")
    draft = Draft(
        tier=tier.name,
        text=asked.text if state["hold"] or not opening else context.speaker.shown,
        stop=asked.stop,
        reason=asked.reason,
        handover=asked.escalation.handover,
        broke=asked.broke,
    )
    calls = [*(state.get("calls") or []), *(to_dict(call) for call in asked.calls)]
    return {"draft": draft, "shown": context.speaker.shown, "calls": calls}


def tier_of(context: TurnContext, state: State) -> Tier:
    """Return the tier of the route; `extractive` is there even where models are."""
    name = state["route"]["tier"]
    return FLOOR if name == EXTRACTIVE else context.services.tiers.named(name) or FLOOR


def make_guard(context: TurnContext) -> Guard:
    """Make a guard of the rules in force for one answer."""
    checks = context.edition.escalation.checks
    rules = tuple(compile_rule(c.name, c.pattern, c.allow, c.reason) for c in checks)
    given = "\n".join(f"{p.title}\n{p.url or ''}\n{p.text}" for p in context.passages)
    return Guard(rules, given, len(context.passages))


def _phrase(context: TurnContext, state: State) -> dict[str, Any]:
    text = context.edition.phrases.say(state["phrase"], state["language"])
    context.speaker.say(text)
    draft = Draft(tier=PHRASE, text=text, stop="end", reason="", handover="", broke="")
    return {"draft": draft, "shown": context.speaker.shown}


async def _ask(context: TurnContext, state: State, tier: Tier) -> Asked:
    services, speaker = context.services, context.speaker
    hold = state["hold"] and tier.name != EXTRACTIVE  # a quotation promises nothing of its own

    def escalating() -> None:
        # The reason is still to come: the tool's name is enough to tell the customer.
        speaker.escalate(
            Route(tier.escalates_to, context.edition.phrases.say("closer_look", state["language"]), "model")
        )

    asking = Asking(
        tier=tier,
        models=services.models,
        deadlines=services.tiers.deadlines,
        deadline=context.deadline,
        request=lambda candidate, variant: compose(context, state, tier, candidate, variant),
        guard=lambda: make_guard(context),
        speaker=None if hold else speaker,
        on_escalation=escalating,
        prompt_versions=context.edition.versions,
    )
    return await asking.ask()
