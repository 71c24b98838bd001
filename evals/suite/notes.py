"""What a report says beside its verdict: what does not block and should be known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evals.suite.baseline import Baseline
from evals.suite.seen import Seen

NAMED = 8
"""Cases that a sentence names; more are counted."""


def notes_of(seen: Seen, baseline: Baseline | None, *, p: float | None, part: bool) -> Iterator[str]:
    """Yield the notes; `p` is McNemar's, and `part` tells that the run left cases out on purpose."""
    if baseline is None:
        yield "Nothing is accepted yet to compare with: `evals accept --reason` makes a baseline."
    elif seen.baseline is None:
        yield f"The baseline is of {baseline.mode} with {baseline.source} words: it is not compared."
    else:
        yield from _against(seen, seen.baseline, p=p, part=part)
    yield from _uncounted(seen)


def _against(seen: Seen, baseline: Baseline, *, p: float | None, part: bool) -> Iterator[str]:
    if seen.accepted:
        they = f"{cases(len(seen.accepted))} must not fail, but did so already when the baseline was accepted"
        yield f"{they}: {named(seen.accepted)}"
    broke, fixed = sum(pair.broke for pair in seen.pairs), sum(pair.fixed for pair in seen.pairs)
    if broke and p is not None and p >= 0.05:
        yield f"{cases(broke)} broke and {fixed} got fixed: not more than chance (p = {p:.2f})."
    if seen.edited:
        yield f"Edited since the baseline and so not compared: {named(seen.edited)}"
    if seen.new:
        yield f"Not in the baseline: {named(seen.new)}"
    played = {case.id for case, _ in (*seen.rows, *seen.uncounted)}
    gone = [name for name in baseline.by_case if name not in played]
    if gone and not part:
        yield f"In the baseline and no longer a case: {named(gone)}"


def _uncounted(seen: Seen) -> Iterator[str]:
    needing = [tally for case, tally in seen.uncounted if not case.draft]
    if needing:
        passing = sum(tally.passed is True for tally in needing)
        need = "needs a model and does not" if len(needing) == 1 else "need a model and do not"
        yield f"{cases(len(needing))} {need} count here; {passing} of them pass."
    drafts = len(seen.uncounted) - len(needing)
    if drafts:
        yield f"{drafts} draft{'s' * (drafts != 1)} without a label: shown, and not counted."


def named(names: Sequence[str]) -> str:
    """List names as the end of a sentence, the first few of many."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more + "."


def cases(number: int) -> str:
    """Return a number of cases in words."""
    return f"{number} case{'s' * (number != 1)}"
