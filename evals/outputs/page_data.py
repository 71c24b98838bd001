"""What the page's script is given: every case with its trials, as plain JSON values."""

from __future__ import annotations

import json
from typing import Any

from evals.outputs.words import KINDS, counted, gates, state_of, usd, why_not_gated
from evals.suite.case import Case
from evals.suite.report import CaseResult, Flip, Report
from evals.suite.trial import PlayedTurn, Trial

_AS_ESCAPES = {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}


def page_json(report: Report) -> str:
    """Return the cases as JSON that cannot end the script element which holds it."""
    flips: dict[str, list[Flip]] = {}
    for flip in report.flips:
        flips.setdefault(flip.case, []).append(flip)
    cases = [_case(report, result, flips.get(result.case.id, [])) for result in report.results]
    told = json.dumps({"cases": cases}, ensure_ascii=False, separators=(",", ":")).translate(_AS_ESCAPES)
    return told.encode("utf-8", "backslashreplace").decode("utf-8")


def _case(report: Report, result: CaseResult, flips: list[Flip]) -> dict[str, Any]:
    case = result.case
    before = {flip.after.number: flip.before for flip in flips if flip.before is not None}
    return {
        "id": case.id,
        "state": state_of(result),
        "gates": gates(report, result),
        "why_not": why_not_gated(result),
        "tags": case.tags,
        "facts": _facts(case),
        "tail": _tail(result),
        "rubric": {rubric.id: rubric.ask for rubric in case.rubric},
        "flips": [
            {
                "kind": KINDS[flip.kind].replace("->", "→"),
                "says": flip.says,
                "hard": flip.hard,
            }
            for flip in flips
        ],
        "trials": [_trial(trial, before.get(trial.number)) for trial in result.trials],
    }


def _facts(case: Case) -> str:
    label = case.escalation
    told = {"must": "must escalate", "may": "may escalate", "must_not": "must not escalate"}[label.verdict]
    told += f", to {'the large model' if label.to == 'large' else 'a person'}" if label.to else ""
    told += f", by turn {label.by_turn}" if label.by_turn else ""
    told += f", because: {label.reason}" if label.reason else ""
    facts = [told.capitalize(), f"{case.trials.need} of {counted(case.trials.n, 'trial')} must pass"]
    facts += [f"{case.risk} risk"] if case.risk != "normal" else []
    facts += [case.where] if case.where else []
    return " · ".join(facts)


def _tail(result: CaseResult) -> str:
    passed = sum(trial.passed for trial in result.trials)
    told = f"{passed} of {counted(len(result.trials), 'trial')} passed"
    costs = [trial.usd for trial in result.trials if trial.source == "live" and trial.usd is not None]
    return f"{told} · {usd(sum(costs) / len(costs))}" if costs else told


def _trial(trial: Trial, before: Trial | None = None) -> dict[str, Any]:
    return {
        "number": trial.number,
        "status": trial.status,
        "problem": trial.problem,
        "turns": [_turn(turn, live=trial.source == "live") for turn in trial.turns],
        "findings": [
            {"check": each.check, "says": each.says, "turn": each.turn, "hard": each.hard}
            for each in trial.findings
        ],
        "judged": [
            {"rubric": each.rubric, "passed": each.passed, "why": each.why, "gates": each.gates}
            for each in trial.judged
        ],
        "before": _trial(before) if before else None,
    }


def _turn(turn: PlayedTurn, *, live: bool) -> dict[str, Any]:
    record = turn.record
    return {
        "asked": turn.asked,
        "answer": turn.answer,
        "outcome": turn.outcome.replace("_", " "),
        "escalated": turn.escalated,
        "tier": record.route.tier,
        "rule": turn.rule,
        "reason": turn.reason,
        "passages": turn.passages,
        "sources": turn.sources,
        "summary": turn.summary,
        "models": list(dict.fromkeys(call.model for call in record.calls)),
        # What a stand-in took and cost says nothing.
        "first_words_ms": record.first_words_ms if live else None,
        # A baseline keeps no times.
        "total_ms": (record.total_ms or None) if live else None,
        "usd": record.cost_usd if live else None,
    }
