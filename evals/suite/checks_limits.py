"""What a trial may take: model calls always; money and time only where a vendor was asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evals.suite.case import Limits
from evals.suite.trial import Finding, Mode, PlayedTurn
from graph.tiers import EXTRACTIVE

CHECK = "limits"


def check_limits(limits: Limits, turns: Sequence[PlayedTurn], mode: Mode) -> Iterator[Finding]:
    """Yield each limit that is broken, as hard; replayed and keyless times and costs are not the vendor's."""
    calls = model_calls(turns)
    if limits.model_calls is not None and calls > limits.model_calls:
        yield _broken(f"It takes {calls} model calls, and may take {limits.model_calls}.")
    if mode != "live":
        return
    yield from _money(limits, turns)
    for number, turn in enumerate(turns, 1):
        yield from _time("first words", turn.record.first_words_ms, limits.first_words_ms, number)
        yield from _time("the whole answer", turn.record.total_ms, limits.total_ms, number)


def model_calls(turns: Sequence[PlayedTurn]) -> int:
    """Count the calls of models; a quotation is none."""
    return sum(call.provider != EXTRACTIVE for turn in turns for call in turn.record.calls)


def usd(turns: Sequence[PlayedTurn]) -> float | None:
    """Return what the turns cost together; None where a call's cost is unknown."""
    costs = [turn.record.cost_usd for turn in turns]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _money(limits: Limits, turns: Sequence[PlayedTurn]) -> Iterator[Finding]:
    cost = usd(turns)
    if limits.usd is None or (cost is not None and cost <= limits.usd):
        return
    allowed = f"and may cost ${limits.usd:g}"
    yield _broken(
        f"It costs ${cost:.4f}, {allowed}." if cost is not None else f"Its cost is unknown, {allowed}."
    )


def _time(what: str, took: float | None, limit: float | None, number: int) -> Iterator[Finding]:
    if limit is not None and took is not None and took > limit:
        yield _broken(f"It takes {took:.0f} ms to {what}, and may take {limit:.0f} ms.", number)


def _broken(says: str, turn: int | None = None) -> Finding:
    return Finding(CHECK, says, turn, hard=True)
