"""What becomes of a handoff when somebody claims, hands back or resolves: pure, ordered by Slack's clock.

What people want may reach the inbox in another order than they wanted it in. Each wish carries its time, and
one that is older than the last change is too late.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from bot.people.store import CLAIMED, OPEN, Handoff, State

Verdict: TypeAlias = Literal["done", "have_it", "taken", "late", "idle"]
"""`have_it`: it was theirs already; `taken`: somebody else has it; `idle`: there was nothing to change."""

MOST_STRETCHES = 20


@dataclass(frozen=True, slots=True)
class Change:
    """What came of a wish, and the handoff as it is now."""

    verdict: Verdict
    handoff: Handoff


def claimed(known: Handoff, by: str, at: float, *, hidden: bool) -> Change:
    """Give a conversation to a person, at a time of Slack's, unless somebody else has it."""
    if at < known.since:
        return Change("late", known)
    if known.state == CLAIMED and known.by != by:
        return Change("taken", known)
    if known.state == CLAIMED:
        return Change("have_it", known)
    taken = replace(known, state=CLAIMED, by=by, since=at, hidden=hidden, customer_at=0.0)
    # From when on they have it: later words move `since`, and not this.
    return Change("done", replace(taken, stretches=f"{known.stretches} {at:.6f}-".strip()))


def ended(known: Handoff, state: State, by: str, at: float) -> Change:
    """End a handoff as handed back or resolved; `by` is empty where the time did it."""
    if at < known.since:
        return Change("late", known)
    if not known.under_way and known.state == state:
        return Change("idle", known)
    return Change("done", replace(_closed(known, at), state=state, by=by, since=at))


def left(known: Handoff, who: str, at: float) -> Change:
    """Have a conversation wait for somebody again whose person is no longer among the staff."""
    if known.state != CLAIMED or known.by != who or at < known.since:
        return Change("idle", known)
    opened = replace(_closed(known, at), state=OPEN, by="", since=at, opened_at=at, reminded=0)
    return Change("done", opened)


def heard(known: Handoff, at: float) -> Handoff:
    """Note that the person who has it wrote: an older wish to hand it back was before that."""
    return replace(known, since=max(known.since, at), customer_at=0.0)


def waiting(known: Handoff, at: float) -> Handoff:
    """Note that the customer wrote to the person who has it."""
    first = known.customer_at or (at if at >= known.since else 0.0)
    return replace(known, customer_at=first, heard_at=max(known.heard_at, at))


def left_until(known: Handoff) -> float:
    """Return until when what the bot did not answer was left to a person; 0 where nobody has had it yet.

    That is what was said while they had it, and what waited when they came.
    """
    overs = [stretch.split("-")[1] for stretch in known.stretches.split() if not stretch.endswith("-")]
    return float(overs[-1]) if overs else 0.0


def last_change(known: Handoff) -> str:
    """Return when a handoff became what it is: words that were said since then do not change it."""
    if known.state == OPEN:
        return f"{known.opened_at:.3f}"
    return f"{_begun(known) if known.state == CLAIMED else known.since:.6f}"


def _closed(known: Handoff, at: float) -> Handoff:
    if known.state != CLAIMED:
        return known
    kept = [stretch for stretch in known.stretches.split() if not stretch.endswith("-")]
    kept.append(f"{_begun(known):.6f}-{at:.6f}")
    return replace(known, stretches=" ".join(kept[-MOST_STRETCHES:]), customer_at=0.0)


def _begun(known: Handoff) -> float:
    last = known.stretches.split()[-1:]
    return float(last[0][:-1]) if last and last[0].endswith("-") else known.since
