"""A case as YAML that `load_cases` reads back to the same case."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import yaml

from evals.suite.case import Case, CaseTurn, EscalationLabel, Limits, Origin, Trials
from evals.suite.case_model import EXPECTATIONS

_NAMES = {kind: name for name, kind in EXPECTATIONS.items()}
_UNSAID = Case("", Origin("written"), ())


def dump_case(case: Case) -> str:
    """Return a case as YAML, without what is as it would be anyway; `where` is not part of it."""
    return _yaml(_case(case))


def dump_cases(cases: Iterable[Case]) -> str:
    """Return several cases as one YAML list, a blank line between them."""
    return "\n".join(_yaml([_case(case)]) for case in cases)


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=110)


def _case(case: Case) -> dict[str, Any]:
    written: dict[str, Any] = {"id": case.id, "origin": _said(asdict(case.origin))}
    for name in ("tags", "risk", "needs", "draft", "audience"):
        if getattr(case, name) != getattr(_UNSAID, name):
            written[name] = _plain(getattr(case, name))
    written["turns"] = [_turn(turn) for turn in case.turns]
    if case.escalation != EscalationLabel("may"):
        written["escalation"] = _said(asdict(case.escalation))
    if case.gold_passages:
        written["gold_passages"] = list(case.gold_passages)
    if case.rubric:
        written["rubric"] = [asdict(rubric) for rubric in case.rubric]
    if case.limits != Limits():
        written["limits"] = _said(asdict(case.limits))
    if case.trials != Trials():
        written["trials"] = asdict(case.trials)
    return written


def _turn(turn: CaseTurn) -> dict[str, Any]:
    written: dict[str, Any] = {"user": turn.user}
    if turn.expect:
        written["expect"] = [
            {_NAMES[type(entry)]: _plain(next(iter(asdict(entry).values())))} for entry in turn.expect
        ]
    if turn.rating:
        written["rating"] = turn.rating
    return written


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _said(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
