"""The one door: a turn in, chunks out; safe to repeat by the turn's id."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias, TypedDict, cast

import structlog
from langchain_core.runnables import RunnableConfig

from graph.editions import GIT
from graph.errors import StateError, Superseded
from graph.finishing import LONGEST_ASKED, finish, kept
from graph.nodes.handoff import retelling
from graph.quoting import Quoting
from graph.records.codec import from_dict, to_dict
from graph.services import TurnContext
from graph.speaker import Speaker
from graph.state import Exchange, State, may_see
from graph.support import Support
from graph.turn import (
    Audience,
    Chunk,
    Fence,
    Finished,
    HandedOff,
    Outcome,
    Route,
    TextDelta,
    Thumb,
    Turn,
    TurnRecord,
)
from prompts import Edition

log = structlog.get_logger()


class _Known(TypedDict):
    messages: list[str]
    at: float
    audience: Audience


STEPS = 25
"""More nodes than any turn passes: a loop in the graph ends here instead of at the vendor's bill."""


@dataclass(frozen=True, slots=True)
class Rated:
    """The customer rated the last answer; None takes a rating back."""

    thumb: Thumb | None


@dataclass(frozen=True, slots=True)
class PersonSaid:
    """A person of the team wrote in the conversation."""

    text: str
    message: str = ""
    """Its id, by which it can be taken back."""


@dataclass(frozen=True, slots=True)
class CustomerSaid:
    """The customer wrote to the person who has the conversation; it is no turn of the bot's."""

    text: str
    message: str = ""
    """Its id, by which it can be taken back."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """A turn's answer was not shown as it was given: what the customer saw, or nothing."""

    turn: str
    answer: str


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Somebody deleted their message."""

    message: str


Entry: TypeAlias = Rated | PersonSaid | CustomerSaid | Corrected | TakenBack
"""What a conversation remembers beside its turns."""


async def run_turn(
    support: Support, turn: Turn, stop: asyncio.Event | None = None, fence: Fence | None = None
) -> AsyncGenerator[Chunk, None]:
    """Answer a turn; the last chunk is always Finished.

    The same id again re-emits a turn that was finished, without a model call, and finishes one that was
    interrupted, with its whole answer from the first word: what was visible of it is the caller's to replace.
    State is written once, at the turn's end: a turn whose process died, or lost Redis, begins anew, and one
    whose generator was closed goes on from its last finished step. Setting `stop` ends the answer where it
    is. Turns of one conversation wait for each other in this process; other processes are the caller's
    to keep away, and `fence` makes sure of it: once it has fallen, Superseded is raised and nothing more is
    written or said. Raises StateError where the conversation's state cannot be read or written.
    """
    support.services.prompts.refresh()
    support.services.knowledge.refresh()
    held = support.saver.holding(turn.conversation, fence)
    async with support.lock(turn.conversation), held, aclosing(_run(support, turn, stop)) as chunks:
        async for chunk in chunks:
            yield chunk


async def _run(support: Support, turn: Turn, stop: asyncio.Event | None) -> AsyncGenerator[Chunk, None]:
    chunks: asyncio.Queue[Chunk | None] = asyncio.Queue()
    context = TurnContext(support.services, turn, Speaker(chunks.put_nowait))
    await context.begin()
    tasks: list[asyncio.Task[Any]] = []
    try:
        state = await _load(support, turn.conversation)
        if (record := _record_of(state, turn.id)) and _may_again(state, turn):
            for chunk in _again(state, record):
                yield chunk
            return
        context.keep_to(_begun(state))
        pending = record is None and state.get("turn_id") == turn.id and _may_go_on(state, turn)
        if pending:
            _restore(context, state)
        work = asyncio.create_task(_work(support, context, None if pending else _input(context, state)))
        work.add_done_callback(lambda _: chunks.put_nowait(None))
        tasks.append(work)
        if stop:
            tasks.append(asyncio.create_task(_cancel_on(stop, context, work)))
        while (shown := await chunks.get()) is not None:
            yield shown
        record = await _outcome(support, context, work)
        while not chunks.empty():
            if (said := chunks.get_nowait()) is not None:  # what was said of a failure
                yield said
        yield Finished(record, tuple(passage.id for passage in context.passages))
    finally:
        context.begun()
        for task in tasks:
            if not task.done():
                if task is not work or not context.finished:
                    task.cancel()
                # An error is not this turn's any more: it begins anew when it comes again.
                with suppress(asyncio.CancelledError, StateError, Superseded):
                    await task


async def remember(support: Support, conversation: str, entry: Entry, fence: Fence | None = None) -> None:
    """Add what is no turn to a conversation, also before its first turn; runs no node.

    Waits for a turn that is running; one that was interrupted goes on where it was afterwards. Raises
    StateError where the state cannot be read or written, and Superseded where the fence has fallen.
    """
    async with support.lock(conversation), support.saver.holding(conversation, fence):
        await _remember(support, conversation, entry)


async def retold(support: Support, conversation: str, reason: str) -> str:
    """Return what a person may read of what the conversation remembers; asks no model."""
    history = (await _load(support, conversation)).get("history") or []
    said = retelling(history)
    return support.services.prompts.edition.notes.say("summary", "en", reason=reason, conversation=said)


async def _remember(support: Support, conversation: str, entry: Entry) -> None:
    config = _config(conversation)
    snapshot = await support.graph.aget_state(config)
    state = cast("State", snapshot.values)
    if isinstance(entry, Rated):
        update: dict[str, Any] = {"rating": entry.thumb}
    elif isinstance(entry, Corrected):
        update = {"history": _corrected(state.get("history") or [], entry)}
    elif isinstance(entry, TakenBack):
        update = {"history": _without(state.get("history") or [], entry.message)}
    else:
        services = support.services
        _, edition = services.editions.of(conversation, _begun(state), services.prompts.edition)
        history = [*(state.get("history") or []), _exchange(edition, entry)]
        update = {"history": kept(history, services)}
    if not snapshot.next:
        update["draft"] = None
    await support.graph.aupdate_state(config, update, as_node=None if snapshot.next else "check")
    await support.saver.aprune([conversation])


def _exchange(edition: Edition, entry: PersonSaid | CustomerSaid) -> Exchange:
    if isinstance(entry, CustomerSaid):
        # Another outcome than a stopped turn's: what was said to a person belongs to the conversation.
        asked = entry.text[:LONGEST_ASKED]
        return Exchange(id="", asked=asked, answer="", outcome="handed_off", summary="", **_known(entry))
    quoted = Quoting.of([entry.text]).quote(entry.text)
    said = edition.notes.say("person_said", "en", text=quoted)
    return Exchange(id="", asked="", answer=said, outcome="answered", summary="", **_known(entry))


def _known(entry: PersonSaid | CustomerSaid) -> _Known:
    messages = [entry.message] if entry.message else []
    return {"messages": messages, "at": time.time(), "audience": "everyone"}


def _without(history: list[Exchange], message: str) -> list[Exchange]:
    """Take a message's words out; a turn of several messages loses all of them, since nobody can tell which.

    What was summed up since may hold them too.
    """
    after = False
    left: list[Exchange] = []
    for exchange in history:
        after = after or message in exchange.get("messages", [exchange["id"]])
        if not after:
            left.append(exchange)
        elif message not in exchange.get("messages", [exchange["id"]]):
            left.append(Exchange(**{**exchange, "summary": ""}))
        elif exchange["id"]:
            left.append(Exchange(**{**exchange, "asked": "", "summary": ""}))
    return left


def _corrected(history: list[Exchange], entry: Corrected) -> list[Exchange]:
    return [
        Exchange(**{**exchange, "answer": entry.answer}) if exchange["id"] == entry.turn else exchange
        for exchange in history
    ]


def _config(conversation: str) -> RunnableConfig:
    return {"configurable": {"thread_id": conversation}, "recursion_limit": STEPS}


async def _load(support: Support, conversation: str) -> State:
    saved = await support.saver.aget_tuple(_config(conversation))
    return cast("State", saved.checkpoint["channel_values"] if saved else {})


def _input(context: TurnContext, state: State) -> dict[str, Any]:
    new: dict[str, Any] = {"draft": None, "shown": "", "calls": [], "phrase": "", "route": {}}
    turn = context.turn
    return {"turn_id": turn.id, "audience": turn.audience, **new, **_pin(context, state)}


def _begun(state: State) -> str | None:
    """Return the version of the prompts that a conversation goes by; None where it had no turn yet."""
    return state.get("edition", GIT) if state.get("turn_id") or state.get("records") else None


def _pin(context: TurnContext, state: State) -> dict[str, Any]:
    """Keep which version a conversation goes by, with what is written anyway and only where it changed."""
    return {"edition": context.version} if context.version != state.get("edition", GIT) else {}


async def _work(support: Support, context: TurnContext, given: dict[str, Any] | None) -> State:
    conversation = context.turn.conversation
    state = await support.graph.ainvoke(
        cast("Any", given), _config(conversation), context=context, durability="exit"
    )
    await support.saver.aprune([conversation])
    return cast("State", state)


async def _cancel_on(stop: asyncio.Event, context: TurnContext, work: asyncio.Task[State]) -> None:
    await stop.wait()
    if not context.finished:
        work.cancel()


async def _outcome(support: Support, context: TurnContext, work: asyncio.Task[State]) -> TurnRecord:
    """Return the record of a turn whose work is done, was stopped, or failed."""
    try:
        state = await work
    except asyncio.CancelledError:
        return await _close(support, context, "stopped")
    except (StateError, Superseded):
        raise
    except Exception:  # the turn's boundary: whatever goes wrong, the customer hears of it kindly
        log.exception("turn.failed", turn_id=context.turn.id)
        return await _close(support, context, "failed")
    record = _record_of(state, context.turn.id)
    assert record is not None
    return record


async def _close(support: Support, context: TurnContext, outcome: Outcome) -> TurnRecord:
    """End a turn that did not come to its own end; what was shown is remembered as it stands."""
    config = _config(context.turn.conversation)
    state = await _load(support, context.turn.conversation)
    if record := _record_of(state, context.turn.id):
        return record  # it had come to its own end when it was stopped
    if outcome == "failed":
        context.speaker.restart(outcome)
        context.speaker.say(context.edition.phrases.say("error", _language(support, state)))
    unrouted = {"tier": support.services.tiers.first.name, "reason": "It ended before it was routed."}
    route = Route(**(state.get("route") or unrouted))
    calls = [*(state.get("calls") or []), *(to_dict(call) for call in context.under_way)]
    update = finish(context, state, route, outcome, calls=calls) | _pin(context, state)
    await support.graph.aupdate_state(config, update, as_node="check")
    await support.saver.aprune([context.turn.conversation])
    return from_dict(TurnRecord, update["records"][-1])


def _language(support: Support, state: State) -> str:
    return state.get("language") or support.services.knowledge.language


def _record_of(state: State, turn_id: str) -> TurnRecord | None:
    # Newest first: one that was made for other readers may have been made again.
    found = (r for r in reversed(state.get("records") or []) if r["turn_id"] == turn_id)
    return next((from_dict(TurnRecord, record) for record in found), None)


def _exchange_of(state: State, turn_id: str) -> Exchange | None:
    return next((e for e in reversed(state.get("history") or []) if e["id"] == turn_id), None)


def _may_again(state: State, turn: Turn) -> bool:
    """Tell whether a finished turn may be shown again to whoever reads it now."""
    exchange = _exchange_of(state, turn.id)
    return exchange is None or may_see(turn.audience, exchange.get("audience"))


def _may_go_on(state: State, turn: Turn) -> bool:
    """Tell whether what an interrupted turn had found and said is for whoever reads it now."""
    return may_see(turn.audience, state.get("audience"))


def _again(state: State, record: TurnRecord) -> list[Chunk]:
    """Re-emit a finished turn."""
    exchange = _exchange_of(state, record.turn_id)
    chunks: list[Chunk] = []
    if exchange and exchange["answer"]:
        chunks.append(TextDelta(exchange["answer"]))
    if record.outcome == "handed_off":
        chunks.append(HandedOff(exchange["summary"] if exchange else "", record.route.reason))
    found = (state.get("passages") or []) if state.get("turn_id") == record.turn_id else []
    return [*chunks, Finished(record, tuple(name for name, _ in found))]


def _restore(context: TurnContext, state: State) -> None:
    """Give an interrupted turn back what its customer sees and what its nodes shared."""
    found = (context.knowledge.passage(name) for name, _ in state.get("passages") or [])
    context.passages = tuple(passage for passage in found if passage)
    context.speaker.say(state.get("shown", ""))
    context.speaker.new_paragraph()  # what is still to come is another tier's, or a person's
