"""Hand the conversation to a person, with a summary."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from graph.composing import tellable
from graph.finishing import finish
from graph.guard import Guard
from graph.handing_over import handed_over
from graph.models import ChatMessage, Request
from graph.models.asking import Asked, Asking
from graph.quoting import Quoting, unquoted
from graph.records.codec import to_dict
from graph.routing.decide import FOREIGN
from graph.services import TurnContext
from graph.state import Exchange, State, seen_by
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
    people = context.people
    context.speaker.new_paragraph()
    context.speaker.say(_said(context, state, route, people=people))
    context.begun()
    summary, calls = await _summarise(context, state, route, people=people)
    context.speaker.hand_off(summary, route.reason)
    context.under_way = []
    made = [*(state.get("calls") or []), *(to_dict(call) for call in calls)]
    return finish(context, state, route, "handed_off", calls=made, summary=summary)


def _said(context: TurnContext, state: State, route: Route, *, people: bool) -> str:
    """Return what the customer reads; without a person in reach no phrase promises one."""
    phrases, signals, asked = context.edition.phrases, context.turn.signals, state.get("asked", False)
    if people:
        return handed_over(phrases, state["language"], signals, asked=asked)
    if signals.withheld:
        key = "paused_nobody"
    elif route.reason == FOREIGN:
        key = "articles_foreign"
    elif state.get("covered") is False and not asked:
        key = "not_covered"
    else:
        key = "handoff_asked_nobody" if asked else "handoff_nobody"
    return phrases.say(key, state["language"])


async def _summarise(
    context: TurnContext, state: State, route: Route, *, people: bool
) -> tuple[str, list[Call]]:
    said = _transcript(context, state)
    plain = context.edition.notes.say("summary", "en", reason=route.reason, conversation=_plain(said))
    draft = state.get("draft")
    tier = context.services.tiers.first
    if tier.name == EXTRACTIVE or not people or (draft and draft["stop"] == "fault"):
        return plain, []
    if context.turn.signals.withheld or await context.services.allowance() == "none":
        return plain, []
    asked = await _ask(context, _request(context, said, route.reason, tellable(tier)))
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
            messages=(ChatMessage("user", text),),
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


def _transcript(context: TurnContext, state: State) -> list[tuple[str, str]]:
    """Return who said what, oldest first."""
    text = context.turn.text[:4000]
    return [*_lines(seen_by(context.turn.audience, state)), *([("Customer", text)] if text.strip() else [])]


def _lines(history: list[Exchange]) -> list[tuple[str, str]]:
    said = []
    for exchange in history[-4:]:
        said += [("Customer", exchange["asked"]), ("Bot", exchange["answer"])]
    return [(who, text) for who, text in said if text.strip()]


def retelling(history: list[Exchange]) -> str:
    """Write the last exchanges for a person."""
    return _plain(_lines(history))


def _plain(said: list[tuple[str, str]]) -> str:
    """Write the conversation for a person; nobody passes a line of their own off as another's."""
    return "\n".join(f"{who}: {unquoted(text).replace(chr(10), chr(10) + '  ')}" for who, text in said)


def _request(
    context: TurnContext, said: list[tuple[str, str]], reason: str, told: Callable[[str], str]
) -> str:
    """Write the conversation, and what is wanted of it, for a model."""
    texts = [(who, told(text)) for who, text in said]
    quoting = Quoting.of(text for _, text in texts)
    conversation = "\n".join(f"{who}: {quoting.quote(text)}" for who, text in texts)
    return context.edition.handoff.render(conversation=conversation, reason=reason, tag=quoting.tag)
