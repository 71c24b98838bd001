"""What a preview says, whoever shows it: the terminal and the page have the same words."""

from __future__ import annotations

from collections.abc import Iterator

from evals.preview.deciding import Decided
from evals.preview.flips import KINDS, CasePair, Preview
from evals.preview.measurement import Measured
from evals.suite.report import Change
from graph.routing.decide import PHRASE

MOST_NAMED = 8
RECORD = "evals run --live --record"
NAMES = {
    "passed": "cases that pass",
    "usd": "cost of a conversation",
    "first_words_ms": "wait for first words",
    "total_ms": "time to the whole answer",
}


def heading(preview: Preview) -> str:
    """Say what is compared with what."""
    return f"{', '.join(preview.compared.files)}: the working copy against {preview.compared.against}"


def counted(number: int, thing: str) -> str:
    """Write a number of things."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def summary(preview: Preview) -> str:
    """Say how many cases change, and which way."""
    turns = sum(len(pair.turns) for pair in preview.pairs)
    of = f"{counted(len(preview.pairs), 'case')}, {counted(turns, 'turn')}"
    if not preview.flips:
        return f"{of}: every turn is decided as before."
    ways = [f"{len(preview.of_kind(kind))} {words}" for kind, words in KINDS.items() if preview.of_kind(kind)]
    right, wrong = (sum(pair.label == side for pair in preview.flips) for side in ("with", "against"))
    said = [f"{n} {side} what the case wants" for n, side in ((right, "with"), (wrong, "against")) if n]
    label = f"; {', '.join(said)}" if said else ""
    return f"{of}: {counted(len(preview.flips), 'case')} decided differently ({', '.join(ways)}){label}."


def wanted(pair: CasePair) -> str:
    """Say what the case wants, and whether the flip goes against it."""
    verdict = pair.case.escalation.verdict
    words = {"must": "must escalate", "must_not": "must not escalate", "may": "may escalate"}[verdict]
    return {"with": f"{words}: as the case wants", "against": f"{words}: AGAINST the case"}.get(
        pair.label, words
    )


def side(decided: Decided) -> list[str]:
    """Say how one turn is decided, a line each: where, why, and what is held."""
    lines = [_where(decided)]
    if decided.rule:
        lines.append(f"rule “{decided.rule}”: {decided.matched}")
    else:
        lines.append(f"no rule applies: {decided.reason}")
    if decided.unknown:
        lines.append("the model is told that nothing covers it")
    if decided.hold:
        lines.append(f"held until checked: {', '.join(decided.hold)}")
    return lines


def _where(decided: Decided) -> str:
    if decided.tier == PHRASE:
        return "answered by a phrase, without a model"
    if decided.escalated == "person":
        return "ESCALATED to a person"
    return f"{'ESCALATED to' if decided.escalated else 'answered by'} {decided.tier}"


def consequences(preview: Preview) -> Iterator[str]:
    """Say what else the change comes to: other sentences, other recordings."""
    if says := [pair.case.id for pair in preview.pairs if pair.says_other]:
        yield (
            f"In {counted(len(says), 'case')} the customer reads another sentence that no model writes: "
            f"{named(says)}."
        )
    if stale := [pair.case.id for pair in preview.stale]:
        asks = sum(pair.asks_model for pair in preview.pairs)
        yield (
            f"A model reads other text in {len(stale):,} of {counted(asks, 'case')} that reach one; they need"
            f" re-recording (`{RECORD}`): {named(stale)}."
        )
    if preview.compared.changed and not preview.touched:
        yield f"{', '.join(preview.compared.changed)} says something else, but none of these cases shows it."


def blind_spots(preview: Preview, measured: Measured) -> Iterator[str]:
    """Say what cannot be seen without recordings of both editions, or a key."""
    before, after = preview.compared.before, preview.compared.after
    unseen = len(preview.stale) - len(measured.cases)
    if unseen > 0:
        yield (
            f"What models make of other text in {counted(unseen, 'case')}: how they answer, and whether they"
            " pass a question on themselves."
        )
    if before.escalation.checks != after.escalation.checks:
        yield "Which answers the changed checks stop: that depends on what models write."
    if preview.flips and not measured.cases:
        yield "How good the other tier's answers are."


def figures(measured: Measured) -> str:
    """Say over which cases quality, cost and latency are known."""
    if not measured.cases:
        return "Quality, cost and latency: not known: no live recordings of both."
    n = counted(len(measured.cases), "case")
    return (
        f"Quality, cost and latency over {n} with live recordings of both, of {measured.touched:,} touched:"
    )


def change(found: Change) -> tuple[str, str, str, str]:
    """Write a difference: its name, before, after, and by how much with its interval."""
    interval = (
        "too few cases for an interval"
        if found.low is None or found.high is None
        else f"95 % between {_signed(found.what, found.low)} and {_signed(found.what, found.high)}"
    )
    by = "unknown" if found.difference is None else f"{_signed(found.what, found.difference)} ({interval})"
    return NAMES[found.what], _value(found.what, found.before), _value(found.what, found.after), by


def named(ids: list[str]) -> str:
    """Name some of the cases, and say how many more there are."""
    more = len(ids) - MOST_NAMED
    return ", ".join(ids[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _value(what: str, value: float | None) -> str:
    if value is None:
        return "unknown"
    if what == "passed":
        return f"{value:.1%}"
    return f"${value:.5f}" if what == "usd" else f"{value:,.0f} ms"


def _signed(what: str, value: float) -> str:
    return f"{'-' if value < 0 else '+'}{_value(what, abs(value))}"
