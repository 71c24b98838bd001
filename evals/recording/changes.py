"""Say what is not as it was when a call was recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evals.recording.fingerprint import CONTEXT, EFFORT, HISTORY, LIMIT, MODEL, ORDER, RULES, WORDS
from evals.recording.recording import Recording

SHOWN = 4
"""Characters of a hash that a sentence shows."""
FOLLOW = (ORDER, CONTEXT)
"""Parts that change with others, and are named only where nothing else did."""
CUT = "A check of escalation.md ended the answer when it was recorded, and no longer does."
PROGRAM = "the program"
"""What is blamed where every named part is the same."""


@dataclass(frozen=True, slots=True)
class Miss:
    """A call that has no recording."""

    number: int
    """The trial's, from 1."""
    components: Mapping[str, str]
    recorded: tuple[Recording, ...]
    """What there is of the same case, all trials."""
    step: int
    """The call's place in its trial, from 1."""
    cut: bool = False
    """Whether there is a recording, which a rule had ended before the model did."""


def stale_of(misses: Sequence[Miss]) -> tuple[str, tuple[str, ...]]:
    """Return why a trial is stale, in one sentence, and the names of what changed.

    Only the first miss tells: what follows it would have had another conversation before it.
    """
    miss = misses[0]
    if not miss.recorded:
        return "It was never recorded.", ()
    mine = [recording for recording in miss.recorded if recording.trial == miss.number]
    if not mine:
        count = len({recording.trial for recording in miss.recorded})
        return f"Trial {miss.number} was never recorded; there {_trials(count)} of the case.", ()
    if miss.cut:
        return CUT, ("escalation.md",)
    before = closest(miss, mine).components
    names = differing(before, miss.components) or [PROGRAM]
    pairs = [(name, before.get(name), miss.components.get(name)) for name in names]
    said = ", ".join(_part(*pair) for pair in pairs)
    return f"Changed since this was recorded: {said}.", tuple(_changed(*pair) for pair in pairs)


def closest(miss: Miss, recorded: Sequence[Recording]) -> Recording:
    """Return the recording that the call would have had: the most parts in common, then the same place."""

    def likeness(recording: Recording) -> tuple[bool, int, int]:
        parts, now = recording.components, miss.components
        same = sum(parts.get(name) == value for name, value in now.items())
        return parts.get(WORDS) == now.get(WORDS), same, -abs(recording.step - miss.step)

    return max(recorded, key=likeness)


def differing(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Name the parts that differ, causes only: a tool comes from escalation.md, and goes with a model.

    Rules are a cause where another model is asked than before, or where nothing else differs.
    """
    found = [name for name in dict.fromkeys([*now, *before]) if before.get(name) != now.get(name)]
    causes = [name for name in found if name not in (RULES, *FOLLOW)]
    if "escalation.md" in found or MODEL in found:
        causes = [name for name in causes if not name.startswith("tool ")]
    if MODEL in found:
        causes = [name for name in causes if name not in (EFFORT, LIMIT)]
    if "handoff.md" in now and {"handoff.md", RULES} & set(found):
        # A summary's words are the prompt's, around a rule's reason and what the customer said.
        causes = [name for name in causes if name != WORDS]
    if RULES in found and "escalation.md" not in causes and (MODEL in causes or not causes):
        return [RULES, *causes]
    return causes or [name for name in FOLLOW if name in found][:1]


def _changed(name: str, before: str | None, now: str | None) -> str:
    """Name what changed, for all cases alike; an article that is found or not is not what was edited."""
    if name == RULES:
        return "escalation.md"
    if name == MODEL:
        return f"{name} ({before} -> {now})"
    if name.endswith(".md") and (before is None or now is None):
        return f"{name} ({'newly' if before is None else 'no longer'} found)"
    return name


def _part(name: str, before: str | None, now: str | None) -> str:
    if name in (PROGRAM, HISTORY, WORDS, *FOLLOW):
        return name
    if before is None:
        return f"{name} (not there before)"
    if now is None:
        return f"{name} (no longer there)"
    if name == MODEL or not _is_hash(before):
        return f"{name} ({before} -> {now})"
    return f"{name} ({before[:SHOWN]} -> {now[:SHOWN]})"


def _is_hash(value: str) -> bool:
    return len(value) == 12 and set(value) <= set("0123456789abcdef")


def _trials(count: int) -> str:
    return "is one recording" if count == 1 else f"are {count} recordings"
