"""Hand the conversation to a person, with a summary."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from graph.composing import legible
from graph.finishing import finish
from graph.guard import Guard
from graph.models import ChatMessage, Request
from graph.models.asking import Asked, Asking
from graph.records.codec import to_dict
from graph.routing.decide import FOREIGN
from graph.services import TurnContext
from graph.state import State
from graph.tiers import EXTRACTIVE
from graph.turn import PERSON, Call, Route

if TYPE_CHECKING:  # the graph gives it by its name, and who only decides needs no graph
    from langgraph.runtime import Runtime

SUMMARY_S = 8.0
"""A person waits for the summary, the customer does not: they have been told already."""
SUMMARY_TOKENS = 220
MOST_PASSAGES = 999
"""A summary may repeat what earlier answers cited."""


async def handoff(state: State, runtime: Runtime[TurnContext]) -> dict[str, Any]:
    """Tell the customer, then summarise for the person who takes over."""
    context = runtime.context
    route = Route(**{**state["route"], "tier": PERSON})
    people = context.services.people()
    context.speaker.new_paragraph()
    phrase = _phrase(state, route, people=people, withheld=bool(context.turn.signals.withheld))
    context.speaker.say(context.edition.phrases.say(phrase, state["language"]))
    context.begun()
    summary, calls = await _summarise(context, state, route, people=people)
    context.speaker.hand_off(summary, route.reason)
    context.under_way = []
    made = [*(state.get("calls") or []), *(to_dict(call) for call in calls)]
    return finish(context, state, route, "handed_off", calls=made, summary=summary)


def _phrase(state: State, route: Route, *, people: bool, withheld: bool) -> str:
    """Choose what the customer reads; without a person in reach no phrase promises one."""
    key = "handoff_asked" if state.get("asked") else "handoff"
    if people:
        return key
    if withheld:
        return "paused_nobody"
    if route.reason == FOREIGN:
        return "articles_foreign"
    uncovered = state.get("covered") is False and not state.get("asked")
    return "not_covered" if uncovered else f"{key}_nobody"


async def _summarise(
    context: TurnContext, state: State, route: Route, *, people: bool
) -> tuple[str, list[Call]]:
    conversation = _conversation(context, state)
    plain = context.edition.notes.say("summary", "en", reason=route.reason, conversation=conversation)
    draft = state.get("draft")
    tier = context.services.tiers.first
    if tier.name == EXTRACTIVE or not people or (draft and draft["stop"] == "fault"):
        return plain, []
    if context.turn.signals.withheld or await context.services.allowance() == "none":
        return plain, []
    text = context.edition.handoff.render(conversation=conversation, reason=route.reason)
    asked = await _ask(context, text)
    return asked.text.strip() if asked.stop == "end" and asked.text.strip() else plain, asked.calls


async def _ask(context: TurnContext, text: str) -> Asked:
    services = context.services
    asking = Asking(
        tier=services.tiers.first,
        models=services.models,
        deadlines=services.tiers.deadlines,
        deadline=min(context.deadline, time.monotonic() + SUMMARY_S),
        request=lambda candidate, _: Request(
            model=candidate.model,
            system=context.edition.voice.render(),
            messages=(ChatMessage("user", legible(text)),),
            context="",
            question="",
            passages=(),
            effort=candidate.effort,
            max_output_tokens=SUMMARY_TOKENS,
        ),
        guard=lambda: Guard((), "", MOST_PASSAGES),
        speaker=None,
        on_escalation=lambda: None,
        prompt_versions=context.edition.versions,
    )
    context.under_way = asking.asked.calls
    return await asking.ask()


def _conversation(context: TurnContext, state: State) -> str:
    lines = []
    for exchange in (state.get("history") or [])[-4:]:
        lines += [f"Customer: {exchange['asked']}", f"Bot: {exchange['answer']}"]
    return "\n".join([*lines, f"Customer: {context.turn.text[:4000]}"])
