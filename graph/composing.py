"""Make a model request out of a turn: the stable parts first, what only this turn needs last."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from graph.models import ChatMessage, Request, Tool
from graph.models.asking import Variant
from graph.models.escalation import escalate_tool
from graph.quoting import Quoting, legible
from graph.records.redact import redact
from graph.services import TurnContext
from graph.state import Exchange, State, seen_by
from graph.tiers import Candidate, Tier
from prompts import Edition

CHARACTERS_PER_TOKEN = 3.5
"""An estimate that is good enough to stay within a budget; bills go by the vendor's own count."""
ATTACHMENT_CHARACTERS = 4000
UNANSWERED = ("stopped", "failed")
"""Outcomes of turns that leave no trace in the prompt where no word of an answer was shown."""


def compose(
    context: TurnContext, state: State, tier: Tier, candidate: Candidate, variant: Variant
) -> Request:
    """Make the request for one candidate of a tier."""
    edition, text = context.edition, _asked(context)
    wanted = variant.history and context.services.tiers.history_tokens > 0
    history = seen_by(context.turn.audience, state) if wanted else []
    told = tellable(tier)
    team_first = edition.notes.say("team_first", "en")
    messages = tuple(ChatMessage(m.role, told(m.text)) for m in _messages(history, text, team_first))
    return Request(
        model=candidate.model,
        system=edition.system(tools=variant.tools, top=tier.top),
        messages=messages,
        context=_Context(context, state, told, [message.text for message in messages]).render(),
        question=text,
        passages=context.passages,
        tools=(_tool(edition, tier),) if variant.tools else (),
        effort=candidate.effort,
        max_output_tokens=tier.max_output_tokens,
        cache_key=f"firstline-{tier.name}-{edition.versions['answer']}",
    )


def tellable(tier: Tier) -> Callable[[str], str]:
    """Return what is done to everybody's words before this tier's model reads them."""
    return (lambda text: redact(legible(text))) if tier.redact else legible


def _asked(context: TurnContext) -> str:
    """Return the customer's words, or the names of files without any: vendors refuse an empty message."""
    turn = context.turn
    return turn.text if turn.text.strip() else ", ".join(file.name for file in turn.attachments) or turn.text


def trim(history: list[Exchange], tokens: int) -> list[Exchange]:
    """Keep the newest exchanges within a budget of tokens, and the last one in any case.

    When the budget is passed, half of it is freed at once: the beginning of the prompt then stays the same
    for many turns, so that vendors can cache it.
    """
    if _tokens(history) <= tokens:
        return history
    kept = list(history)
    while len(kept) > 1 and _tokens(kept) > tokens / 2:
        kept.pop(0)
    return kept


def _tokens(history: list[Exchange]) -> float:
    return sum(len(e["asked"]) + len(e["answer"]) for e in history) / CHARACTERS_PER_TOKEN


def _messages(history: list[Exchange], text: str, team_first: str) -> tuple[ChatMessage, ...]:
    """Make the conversation, in which vendors want the roles to alternate and the customer to begin.

    Only the customer's words stand under the customer's role: what a colleague said cannot be feigned.
    """
    messages: list[ChatMessage] = []
    for exchange in history:
        asked, answer = exchange["asked"], exchange["answer"]
        if not answer.strip() and exchange["outcome"] in UNANSWERED:
            continue
        if not messages and not asked.strip() and answer.strip():
            asked = team_first
        _add(messages, "user", asked)
        _add(messages, "assistant", answer)
    if messages and messages[-1].role == "user":
        text = f"{messages.pop().text}\n\n{text}"
    return (*messages, ChatMessage("user", text))


def _add(messages: list[ChatMessage], role: Literal["user", "assistant"], text: str) -> None:
    if not text.strip():
        return
    if messages and messages[-1].role == role:
        messages[-1] = ChatMessage(role, f"{messages[-1].text}\n\n{text}")
    else:
        messages.append(ChatMessage(role, text))


def _tool(edition: Edition, tier: Tier) -> Tool:
    reasons = [r.name for r in edition.escalation.reasons if r.to == "person" or not tier.top]
    return escalate_tool(reasons, edition.escalation.with_tool)


@dataclass(frozen=True, slots=True)
class _Context:
    """What stands after the conversation: articles, files and notes, each word of others between tags."""

    context: TurnContext
    state: State
    told: Callable[[str], str]
    said: list[str]
    """The conversation, which the tags depend on too."""

    def render(self) -> str:
        context, notes = self.context, self.context.edition.notes
        files = [
            (self.told(file.name), self.told(file.text[:ATTACHMENT_CHARACTERS]))
            for file in context.turn.attachments
        ]
        passages = legible(_passages(context))  # the articles' own addresses and numbers are no secret
        handover, opening = self._handover(), self._opening()
        quoting = Quoting.of(
            [*self.said, passages, handover, opening, *(part for file in files for part in file)]
        )
        told = list(self._notes(quoting, handover, opening, files))
        return context.edition.context.render(
            passages=quoting.quote(passages) if passages else notes.say("no_passages", "en"),
            notes="\n\n".join([*told, notes.say("data", "en", tag=quoting.tag)]),
            language=self.state["language"],
        )

    def _notes(
        self, quoting: Quoting, handover: str, opening: str, files: list[tuple[str, str]]
    ) -> Iterable[str]:
        notes = self.context.edition.notes
        if self.state.get("unknown"):
            yield notes.say("not_covered", "en")
        if handover:
            yield notes.say("handover", "en", handover=quoting.quote(handover))
        if opening:
            yield notes.say("opening", "en", opening=quoting.quote(opening))
        for name, text in files:
            yield notes.say("attachment", "en", name=quoting.name(name), text=quoting.quote(text))

    def _handover(self) -> str:
        draft = self.state.get("draft")
        return self.told(draft["handover"]) if draft else ""

    def _opening(self) -> str:
        # What is visible now, not what was when this tier began: a restart voids the opening.
        return self.told(self.context.speaker.shown.strip())


def _passages(context: TurnContext) -> str:
    return "\n\n".join(
        f"[{number}] {passage.title}\n{passage.text}"
        for number, passage in enumerate(context.passages, start=1)
    )
