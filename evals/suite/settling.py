"""What a trial comes to once it is known what its models could play."""

from __future__ import annotations

from dataclasses import replace

from evals.recording.changes import stale_of
from evals.recording.played import Playing
from evals.suite.trial import Trial


def settle(trial: Trial, played: Playing) -> Trial:
    """Return the trial as it counts, and keep its recordings where it was played whole.

    After a miss it is stale, after a refusal by the budget an error, whatever the graph made of either. One
    in which another vendor stood in after a fault is judged, and not kept.
    """
    if played.refused:
        return replace(trial, status="error", problem=played.refused, findings=(), judged=())
    if played.misses:
        problem, changed = stale_of(played.misses)
        return replace(trial, status="stale", problem=problem, changed=changed, findings=(), judged=())
    if played.store is not None and played.whole and trial.status != "error":
        played.store.keep(played.case, played.number, played.calls)
    return replace(trial, source=played.source or trial.source)
