"""What a run over cases will cost, before it is begun."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from evals.recording.budget import priced
from evals.suite.case import Case
from graph.composing import CHARACTERS_PER_TOKEN
from graph.models import ChatMessage, Request
from graph.models.escalation import escalate_tool
from graph.models.prices import cost_usd
from graph.nodes.handoff import SUMMARY_TOKENS
from graph.nodes.retrieve import PASSAGES
from graph.quoting import Quoting
from graph.support import Support
from graph.tiers import Tier
from graph.turn import Audience, Usage

ANSWER_TOKENS = 150
"""Of an ordinary answer."""
SHARE = 0.15
"""Of turns that go on to the next tier, in cases that do not say whether they must."""


Asked: TypeAlias = tuple[str, Request]
"""A provider and what its model is asked."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Dollars and calls of a whole run."""

    likely_usd: float
    most_usd: float
    """With every answer as long as it may be, and every turn passed on through the whole ladder."""
    calls: int
    """That are likely."""


def estimate(cases: Sequence[Case], support: Support) -> Estimate:
    """Estimate what all trials of these cases cost; raises InputError for a model of unknown price."""
    likely = most = calls = 0.0
    ladder = support.services.tiers.ladder
    for case in cases:
        must = case.escalation.verdict == "must" and case.escalation.to == "person"
        for turn, (requests, summary) in enumerate(_turns(case, support), 1):
            person = must and turn == len(case.turns)
            likely += case.trials.n * person * _likely_usd(*summary)
            most += case.trials.n * priced(*summary)
            calls += case.trials.n * person
            for place, (provider, request) in enumerate(requests):
                chance = _chance(case) ** place
                likely += case.trials.n * chance * _likely_usd(provider, request)
                most += case.trials.n * priced(provider, request)
                calls += case.trials.n * chance
    return Estimate(likely, most, round(calls)) if ladder else Estimate(0.0, 0.0, 0)


def _chance(case: Case) -> float:
    """Return how likely a tier passes a turn of the case on to the next."""
    if case.escalation.verdict == "must":
        return 0.0 if case.escalation.to == "person" else 1.0
    return SHARE


def _turns(case: Case, support: Support) -> Iterator[tuple[list[Asked], Asked]]:
    """Yield for each turn what the leading model of each tier would be asked, and for a summary of it."""
    room = int(support.services.tiers.history_tokens * CHARACTERS_PER_TOKEN)
    said: list[ChatMessage] = []
    for turn in case.turns:
        messages = (*said, ChatMessage("user", turn.user))
        ladder = support.services.tiers.ladder
        asked = [
            (tier.candidates[0].provider, _request(tier, messages, support, case.audience)) for tier in ladder
        ]
        yield asked, (ladder[0].candidates[0].provider, _summary(messages, support))
        answer = min(room, int(ANSWER_TOKENS * CHARACTERS_PER_TOKEN))
        said += [ChatMessage("user", turn.user), ChatMessage("assistant", "x" * answer)]


def _summary(messages: tuple[ChatMessage, ...], support: Support) -> Request:
    edition, lead = support.services.prompts.edition, support.services.tiers.first.candidates[0]
    quoting = Quoting.of(message.text for message in messages)
    told = "\n".join(f"Customer: {quoting.quote(message.text)}" for message in messages[-9:])  # as it is done
    text = edition.handoff.render(
        conversation=told, reason="The customer asked for a person.", tag=quoting.tag
    )
    return Request(
        model=lead.model,
        system=edition.voice.render(),
        messages=(ChatMessage("user", text),),
        context="",
        question="",
        passages=(),
        effort=lead.effort,
        max_output_tokens=SUMMARY_TOKENS,
    )


def _request(tier: Tier, messages: tuple[ChatMessage, ...], support: Support, audience: Audience) -> Request:
    edition, lead = support.services.prompts.edition, tier.candidates[0]
    found = support.services.knowledge.open_to(audience).search(messages[-1].text, PASSAGES)
    told = "\n\n".join(f"[1] {hit.passage.title}\n{hit.passage.text}" for hit in found.hits)
    reasons = [reason.name for reason in edition.escalation.reasons]
    return Request(
        model=lead.model,
        system=edition.system(tools=lead.tools, top=tier.top),
        messages=messages,
        context=edition.context.render(passages=told, notes="", language="en"),
        question="",
        passages=(),
        tools=(escalate_tool(reasons, edition.escalation.with_tool),) if lead.tools else (),
        effort=lead.effort,
        max_output_tokens=tier.max_output_tokens,
    )


def _likely_usd(provider: str, request: Request) -> float:
    characters = len(request.system) + len(request.context) + sum(len(m.text) for m in request.messages)
    usage = Usage(round(characters / CHARACTERS_PER_TOKEN), ANSWER_TOKENS)
    return cost_usd(provider, request.model, usage) or 0.0
