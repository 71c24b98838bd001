"""Find what the articles say about the turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graph.services import TurnContext
from graph.state import Exchange, State, seen_by

if TYPE_CHECKING:  # the graph gives it by its name, and who only decides needs no graph
    from langgraph.runtime import Runtime

PASSAGES = 6
SHORT = 6
"""Words: a shorter message ("and for members?") is searched together with the question before it."""


async def retrieve(state: State, runtime: Runtime[TurnContext]) -> dict[str, Any]:
    """Search with a query built from the conversation; remember ids and hashes, never text."""
    return await look_up(state, runtime.context)


async def look_up(state: State, context: TurnContext) -> dict[str, Any]:
    """Return what the node adds to the state."""
    services, turn = context.services, context.turn
    knowledge, history = context.knowledge, seen_by(turn.audience, state)
    before = state.get("language") or knowledge.language
    language = turn.signals.language or await services.languages.detected(turn.text, before)
    query = build_query(turn.text, history)
    found = knowledge.search(query, PASSAGES)
    covered = found.covered
    if query != turn.text:
        # "And for members?" lives from the question before it, "who is Batman?" does not.
        alone = knowledge.search(turn.text, 1)
        covered = False if alone.covered is False and not alone.coverage else covered
    context.passages = tuple(hit.passage for hit in found.hits)
    return {
        "language": language,
        "passages": [[passage.id, passage.hash] for passage in context.passages],
        "covered": covered,
    }


def build_query(text: str, history: list[Exchange]) -> str:
    """Put the last question that was answered in front of a message that is too short to stand alone."""
    if len(text.split()) >= SHORT:
        return text
    before = next((e["asked"] for e in reversed(history) if e["asked"] and e["outcome"] == "answered"), "")
    return f"{before}\n{text}" if before else text
