"""A report as Markdown for GitHub's step summary: the verdict first, then what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from evals.outputs.markdown import bullets, table, text
from evals.outputs.words import (
    KINDS,
    NOT_LIVE,
    VERDICTS,
    by_state,
    change_row,
    counted,
    live,
    percent,
    share,
    stale_groups,
    usd,
)
from evals.suite.estimate import Estimate
from evals.suite.report import Report, Word
from graph.records.escalation_matrix import EscalationMatrix

SUMMARY_BYTES = 1_000_000
"""GitHub drops a step's summary of more than 1 MiB."""
LABEL = "record"
SIGNS: dict[Word, str] = {
    "fine": "✅",
    "regressed": "❌",
    "could_not_run": "🚫",
    "unfinished": "⏳",
    "not_re_recorded": "⏸️",
    "too_little_data": "❔",
}
_STEPS = (1000, 300, 100, 50, 25, 12, 6, 3, 1, 0)


def summary(report: Report, *, most_bytes: int = SUMMARY_BYTES) -> str:
    """Return the report; where it is cut to fit, it says so."""
    return fitting(lambda rows: _whole(report, rows), most_bytes)


def fitting(render: Callable[[int], str], most_bytes: int) -> str:
    """Render with as many rows a list as fit."""
    for rows in _STEPS:
        rendered = render(rows)
        if len(rendered.encode()) <= most_bytes:
            return rendered
    raise ValueError(f"a report without rows takes more than {most_bytes} bytes")


def _whole(report: Report, rows: int) -> str:
    return "\n\n".join([f"## {title(report)}", *findings(report, rows), *figures(report, rows)]) + "\n"


def title(report: Report) -> str:
    """Return the verdict, with a sign and the mode."""
    word = report.gate.word
    return f"{SIGNS[word]} Evals ({report.mode}): {VERDICTS[word]}"


def findings(report: Report, rows: int, price: Estimate | None = None) -> list[str]:
    """Return what a reader must see, with at most so many rows a list: reasons, score, stale cases, flips."""
    found = [_reasons(report, rows), _score(report), _stale(report, rows, price), _flips(report, rows)]
    return [block for block in found if block]


def figures(report: Report, rows: int) -> list[str]:
    """Return what a reader may look up: escalation, differences, notes."""
    found = [_escalation(report), _changes(report), _notes(report, rows)]
    return [block for block in found if block]


def _reasons(report: Report, rows: int) -> str:
    # What is not re-recorded has a list of its own.
    stale = {group.says for group in stale_groups(report)}
    return _shortened([reason for reason in report.gate.reasons if reason not in stale], rows, "reason")


def _shortened(lines: Sequence[str], rows: int, of: str) -> str:
    kept = lines[: max(rows, 1)]
    if not lines:
        return ""
    return bullets([*(text(line, 600) for line in kept), *_more(len(lines) - len(kept), of)])


def _more(number: int, of: str) -> list[str]:
    return [f"and {counted(number, f'more {of}')}: see `report.html` of this run"] if number > 0 else []


def _score(report: Report) -> str:
    states = by_state(report)
    told = [f"**Passed: {share(report.passed)}** (95 % interval, by case)."]
    if len(report.pass_hat) > 1:
        by_trials = enumerate(report.pass_hat[1:], 2)
        told.append("; ".join(f"all of {k} trials pass: {percent(value)}" for k, value in by_trials) + ".")
    unknown = {"not re-recorded": states["stale"], "in error": states["error"]}
    told += [f"{counted(number, 'case')} {what}." for what, number in unknown.items() if number]
    if report.smallest_visible is not None:
        told.append(
            f"The smallest loss that this suite can see is {percent(report.smallest_visible)} of cases."
        )
    return " ".join(told)


def _stale(report: Report, rows: int, price: Estimate | None) -> str:
    groups = stale_groups(report)
    if not groups:
        return ""
    lines = [f"{group.says} {_names(group.cases)}" for group in groups]
    cost = (
        ""
        if price is None
        else f" That will cost about {usd(price.likely_usd)}, and never more than {usd(price.most_usd)}."
    )
    told = f"**Not re-recorded.** To have the answers recorded, add the label `{LABEL}`.{cost}"
    return f"{told}\n\n{_shortened(lines, rows, 'group')}"


def _names(cases: Sequence[str], most: int = 5) -> str:
    names = ", ".join(cases[:most])
    return names if len(cases) <= most else f"{names} and {len(cases) - most} more"


def _flips(report: Report, rows: int) -> str:
    if not report.flips:
        return "Nothing flipped against the baseline." if report.baseline else ""
    shown = report.flips[:rows]
    lines = [[text(flip.case, 80), KINDS[flip.kind].replace("->", "→"), text(flip.says)] for flip in shown]
    head = f"**{counted(len(report.flips), 'flip')}** against the baseline"
    if not shown:
        return f"{head}: see `report.html` of this run."
    more = "".join(f"\n\n{line}" for line in _more(len(report.flips) - len(shown), "flip"))
    return f"{head}\n\n{table(['case', 'before → after', 'why'], lines)}{more}"


def _escalation(report: Report) -> str:
    now, before = report.confusion, report.confusion_before
    if not now.hit + now.missed + now.needless + now.right:
        return ""
    if before is None:
        head = ["trials", "escalated", "not escalated"]
        lines = [["should", _hits(now), f"{now.missed} missed"]]
        lines.append(["should not", f"{now.needless} needless", f"{now.right} right"])
        return f"**Escalation**{_precision(now)}\n\n{table(head, lines)}"
    head = ["trials", "escalated, before", "after", "not escalated, before", "after"]
    lines = [["should", _hits(before), _hits(now), f"{before.missed} missed", f"{now.missed} missed"]]
    needless = [f"{before.needless} needless", f"{now.needless} needless"]
    lines.append(["should not", *needless, f"{before.right} right", f"{now.right} right"])
    return f"**Escalation**{_precision(now)}\n\n{table(head, lines)}"


def _hits(confusion: EscalationMatrix) -> str:
    return f"{confusion.hit} right" + (f", {confusion.late} of them late" if confusion.late else "")


def _precision(now: EscalationMatrix) -> str:
    return f": precision {percent(now.precision)}, recall {percent(now.recall)}"


def _changes(report: Report) -> str:
    shown = [change for change in report.changes if change.what == "passed" or live(report)]
    lines = [change_row(change) for change in shown]
    found = [table(["over the cases of both", "before", "after", "difference"], lines)] if lines else []
    if not live(report):
        return "\n\n".join([*found, NOT_LIVE[report.source]])
    told = [f"A conversation cost {usd(report.usd_per_conversation)}"]
    told += [f"a resolved one {usd(report.usd_per_resolved)}"] if report.usd_per_resolved is not None else []
    if report.usd_per_resolved_assumed is not None:
        told.append(f"one that nobody complained about {usd(report.usd_per_resolved_assumed)}")
    return "\n\n".join([*found, ", ".join(told) + "."])


def _notes(report: Report, rows: int) -> str:
    baseline = [f"Baseline: {report.baseline}"] if report.baseline else []
    return _shortened([*baseline, *report.gate.notes], rows + 1, "note")
