"""When each byte of an answer is sent, faults included: a plan made before the first byte leaves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from evals.sim.faults import Fault
from evals.sim.script import Reply, pieces
from evals.sim.wire import Rendered

End: TypeAlias = Literal["end", "stall", "reset", "cut"]
"""How the response ends: properly, never, by TCP RST, or by TCP FIN before its last chunk."""

GAP = 0.003
"""Seconds between two halves of a character, so that they leave in two segments."""
LINGER = 0.005
"""Seconds before a reset, so that the client has read what came before it."""


@dataclass(slots=True)
class Step:
    """Bytes that are sent `at` so many seconds after the request."""

    at: float
    data: bytes
    words: int = 0
    """How many pieces of text they hold."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole response after its headers; the first step leaves with them."""

    steps: list[Step]
    end: End
    ping: bytes = b""
    """What is sent again and again while the response stalls; empty for silence."""


def bend(reply: Reply) -> Reply:
    """Put those faults into the reply that change what is said, rather than how it is sent."""
    fault = reply.fault
    if fault is None or fault.kind not in ("length", "refusal", "empty"):
        return reply
    kept = "".join(pieces(reply.text)[: fault.after or 0])
    stop = fault.kind if fault.kind != "empty" else "end"
    return replace(reply, text=kept, tools=(), stop=stop, fault=None)


def plan(rendered: Rendered, reply: Reply, *, thinks: bool, ping_s: float) -> Plan:
    """Give every part of an answer its time."""
    fault = reply.fault if reply.fault and reply.fault.after is not None else None
    steps = [Step(0.0, rendered.opening)]
    clock = 0.0
    if thinks and (reply.thinking_s or rendered.thought):
        clock += reply.thinking_s
        steps.append(Step(clock, rendered.thought))
    clock += reply.ttft_s
    gap = 1 / reply.tokens_per_s if reply.tokens_per_s else 0.0
    end: End = "end"
    if fault is None:
        steps += _pieces(rendered, 0, None, clock, gap)
        clock = max(clock, steps[-1].at)
        steps.append(Step(clock, rendered.closing))
    else:
        at = min(fault.after or 0, len(rendered.pieces))
        steps += _pieces(rendered, 0, at, clock, gap)
        clock = max(clock, steps[-1].at)
        more, end = _break(rendered, fault, clock + LINGER, ping_s)
        steps += more
        if fault.kind in ("delay", "malformed"):
            clock += fault.seconds + LINGER
            steps += _pieces(rendered, at, None, clock, gap)
            steps.append(Step(max(clock, steps[-1].at), rendered.closing))
    steps = _split(steps) if reply.split_characters else _merge(steps)
    return Plan(steps, end, rendered.ping if fault and fault.pings else b"")


def _pieces(rendered: Rendered, start: int, stop: int | None, clock: float, gap: float) -> list[Step]:
    parts = zip(rendered.pieces[start:stop], rendered.words[start:stop], strict=True)
    return [Step(clock + place * gap, data, int(words)) for place, (data, words) in enumerate(parts)]


def _break(rendered: Rendered, fault: Fault, at: float, ping_s: float) -> tuple[list[Step], End]:
    if fault.kind == "event":
        return [Step(at, rendered.error)], "end"
    if fault.kind == "malformed":
        return [Step(at, rendered.broken)], "end"
    if fault.kind == "delay" and fault.pings:
        return [Step(at + n * ping_s, rendered.ping) for n in range(int(fault.seconds / ping_s) + 1)], "end"
    if fault.kind in ("reset", "cut", "stall"):
        # An empty step, so that the end comes after the last words and not with them.
        return [Step(at, b"")], end_of(fault)
    return [], "end"


def end_of(fault: Fault) -> End:
    """Return how a response with this fault ends."""
    return fault.kind if fault.kind in ("reset", "cut", "stall") else "end"


def _merge(steps: list[Step]) -> list[Step]:
    merged: list[Step] = []
    group: list[bytes] = []
    for step in steps:
        if merged and step.at == merged[-1].at:
            merged[-1].words += step.words
        else:
            if merged:
                merged[-1].data = b"".join(group)
            merged.append(step)
            group = []
        group.append(step.data)
    merged[-1].data = b"".join(group)
    return merged


def _split(steps: list[Step]) -> list[Step]:
    halves: list[Step] = []
    late = 0.0
    for step in steps:
        at = next((place for place, byte in enumerate(step.data) if byte >= 0x80), None)
        if at is None:
            halves.append(Step(step.at + late, step.data, step.words))
            continue
        halves.append(Step(step.at + late, step.data[: at + 1]))
        late += GAP
        halves.append(Step(step.at + late, step.data[at + 1 :], step.words))
    return halves
