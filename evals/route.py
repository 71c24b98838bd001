"""`evals route`: which tier each message of a file would go to, and why."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

from graph.errors import InputError
from graph.nodes.retrieve import look_up
from graph.nodes.route import routed
from graph.services import Services, TurnContext
from graph.speaker import Speaker
from graph.state import Exchange, State
from graph.turn import Message, Turn


async def route_lines(lines: Iterable[str], services: Services) -> AsyncIterator[dict[str, Any]]:
    """Turn lines `{"id","messages":[{"role","text"}]}` into `{"id","tier","by","reason","confidence","ms"}`.

    The last message is the customer's; those before are the history. `ms` is the time of the whole decision,
    the search included. Raises InputError naming the line that is not right.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            case, text, history = _parse(line, number)
            yield {"id": case, **await _route(case, text, history, services)}


async def _route(id: str, text: str, history: list[Exchange], services: Services) -> dict[str, Any]:
    messages = (Message(str(id), text),)
    turn = Turn(str(id), "evals", "evals", messages, time.time(), audience="internal")
    context = TurnContext(services, turn, Speaker(lambda _: None))
    state: State = {"turn_id": str(id), "history": history}
    started = time.perf_counter()
    state.update(await look_up(state, context))  # type: ignore[typeddict-item]  # a node's update is part of the state
    decided = await routed(state, context)
    ms = round((time.perf_counter() - started) * 1000, 3)
    found = decided["route"]
    return {key: found[key] for key in ("tier", "by", "reason", "confidence")} | {"ms": ms}


def _parse(line: str, number: int) -> tuple[str, str, list[Exchange]]:
    try:
        data = json.loads(line)
        messages = [(str(m["role"]), str(m["text"])) for m in data["messages"]]
        case = data["id"]
    except (ValueError, KeyError, TypeError) as error:
        wants = '{"id": ..., "messages": [{"role": "user", "text": ...}]}'
        missing = (
            f'it has no "{error.args[0]}"' if isinstance(error, KeyError) else "it is other JSON, or none"
        )
        raise InputError(f"line {number} is not as it must be: {missing}; write it like {wants}") from None
    if not messages or messages[-1][0] != "user":
        raise InputError(f"line {number}: the last message must be the customer's, with the role `user`")
    return case, messages[-1][1], _history(messages[:-1])


def _history(messages: list[tuple[str, str]]) -> list[Exchange]:
    history: list[Exchange] = []
    for role, text in messages:
        if role == "user" or not history:
            history.append(
                Exchange(
                    id="", asked=text if role == "user" else "", answer="", outcome="answered", summary=""
                )
            )
        if role != "user":
            history[-1]["answer"] = text
    return history
