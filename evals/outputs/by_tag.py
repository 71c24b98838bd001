"""How many cases of each tag pass: by case, because trials of one case are no independent evidence."""

from __future__ import annotations

from dataclasses import dataclass

from evals.outputs.words import gates, state_of
from evals.suite.report import Report
from graph.records.statistics import wilson


@dataclass(frozen=True, slots=True)
class TagScore:
    """The cases of one tag of which something is known, and Wilson's interval for their share."""

    tag: str
    passed: int
    known: int
    unknown: int
    """Not re-recorded, or in error."""
    low: float
    high: float


def by_tag(report: Report) -> list[TagScore]:
    """Score every tag with a known case that counts; the most cases first."""
    passed: dict[str, list[bool | None]] = {}
    for result in report.results:
        if not gates(report, result):
            continue
        known = {"passed": True, "failed": False}.get(state_of(result))
        for tag in dict.fromkeys(result.case.tags):
            passed.setdefault(tag, []).append(known)
    scores = [_score(tag, results) for tag, results in passed.items()]
    return sorted((score for score in scores if score.known), key=lambda score: (-score.known, score.tag))


def _score(tag: str, results: list[bool | None]) -> TagScore:
    known = [result for result in results if result is not None]
    low, high = wilson(sum(known), len(known)) or (0.0, 1.0)
    return TagScore(tag, sum(known), len(known), len(results) - len(known), low, high)
