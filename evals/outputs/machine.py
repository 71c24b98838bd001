"""A report for programs: `report.json`, the figures and how each case stands, without transcripts."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from evals.outputs.words import gates, live, stale_groups, state_of
from evals.suite.report import CaseResult, Report


def machine(report: Report) -> str:
    """Return the report as JSON; cost is null where no vendor's model was asked."""
    priced = live(report)
    told: dict[str, Any] = {
        "name": report.name,
        "mode": report.mode,
        "source": report.source,
        "verdict": {**asdict(report.gate), "exit_code": report.gate.exit_code},
        "passed": asdict(report.passed),
        "pass_hat": report.pass_hat,
        "escalation": asdict(report.confusion),
        "escalation_before": asdict(report.confusion_before) if report.confusion_before else None,
        "changes": [asdict(each) for each in report.changes if priced or each.what == "passed"],
        "smallest_visible": report.smallest_visible,
        "usd_per_conversation": report.usd_per_conversation if priced else None,
        "usd_per_resolved": report.usd_per_resolved if priced else None,
        "usd_per_resolved_assumed": report.usd_per_resolved_assumed if priced else None,
        "baseline": report.baseline or None,
        "flips": [
            {"case": flip.case, "kind": flip.kind, "says": flip.says, "hard": flip.hard}
            for flip in report.flips
        ],
        "not_re_recorded": [
            {"changed": group.changed, "cases": group.cases} for group in stale_groups(report)
        ],
        "cases": [_case(report, result) for result in report.results],
    }
    text = json.dumps(told, ensure_ascii=False, indent=1)
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"


def _case(report: Report, result: CaseResult) -> dict[str, Any]:
    return {
        "id": result.case.id,
        "state": state_of(result),
        "gates": gates(report, result),
        "passed": sum(trial.passed for trial in result.trials),
        "known": len(result.known),
        "trials": len(result.trials),
    }
