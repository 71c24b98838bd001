"""Make a model request out of a turn: the stable parts first, what only this turn needs last."""

from __future__ import annotations

import hashlib
from typing import Literal

from graph.models import ChatMessage, Request, Tool
from graph.models.asking import Variant
from graph.models.escalation import escalate_tool
from graph.services import TurnContext
from graph.state import Exchange, State, seen_by
from graph.tiers import Candidate, Tier
from graph.turn import Attachment
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
    return Request(
        model=candidate.model,
        system=edition.system(tools=variant.tools, top=tier.top),
        messages=tuple(ChatMessage(m.role, legible(m.text)) for m in _messages(history, text)),
        context=legible(_context(context, state)),
        question=text,
        passages=context.passages,
        tools=(_tool(edition, tier),) if variant.tools else (),
        effort=candidate.effort,
        max_output_tokens=tier.max_output_tokens,
        cache_key=f"firstline-{tier.name}-{edition.versions['answer']}",
    )


def _asked(context: TurnContext) -> str:
    """Return the customer's words, or the names of files without any: vendors refuse an empty message."""
    turn = context.turn
    return turn.text if turn.text.strip() else ", ".join(file.name for file in turn.attachments) or turn.text


def legible(text: str) -> str:
    """Replace halves of characters, which customers paste and models write: no request can hold them."""
    return text.encode("utf-8", "replace").decode()


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


def _messages(history: list[Exchange], text: str) -> tuple[ChatMessage, ...]:
    """Make the conversation, in which vendors want the roles to alternate and the customer to begin."""
    messages: list[ChatMessage] = []
    begun = False  # a person's words before the customer's first ones are told together with those
    for exchange in history:
        asked, answer = exchange["asked"], exchange["answer"]
        if not answer.strip() and exchange["outcome"] in UNANSWERED:
            continue
        begun = begun or bool(asked.strip())
        _add(messages, "user", asked)
        _add(messages, "assistant" if begun else "user", answer)
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


def _context(context: TurnContext, state: State) -> str:
    notes = context.edition.notes
    draft = state.get("draft")
    said: list[str] = []
    if state.get("unknown"):
        said.append(notes.say("not_covered", "en"))
    if draft and draft["handover"]:
        said.append(notes.say("handover", "en", handover=draft["handover"]))
    # What is visible now, not what was when this tier began: a restart voids the opening.
    if opening := context.speaker.shown.strip():
        said.append(notes.say("opening", "en", opening=opening))
    tag = _tag(context.turn.attachments)
    for attachment in context.turn.attachments:
        body = f"<{tag}>\n{attachment.text[:ATTACHMENT_CHARACTERS]}\n</{tag}>"
        said.append(notes.say("attachment", "en", name=attachment.name, text=body))
    return context.edition.context.render(
        passages=_passages(context), notes="\n\n".join(said), language=state["language"]
    )


def _tag(files: tuple[Attachment, ...]) -> str:
    """Return a name for the tags around files, which nobody can write into one of these files.

    It depends on all that is in them, so a file that held it would have another; the same files always get
    the same one, so that a request can be recognised.
    """
    held = "\0".join(part for file in files for part in (file.name, file.text))
    return f"file-{hashlib.sha256(held.encode('utf-8', 'replace')).hexdigest()[:16]}"


def _passages(context: TurnContext) -> str:
    if not context.passages:
        return context.edition.notes.say("no_passages", "en")
    return "\n\n".join(
        f"[{number}] {passage.title}\n{passage.text}"
        for number, passage in enumerate(context.passages, start=1)
    )
