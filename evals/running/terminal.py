"""A report in the terminal: the verdict first, then what it rests on."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from evals.outputs.by_tag import by_tag
from evals.outputs.words import (
    KINDS,
    NOT_LIVE,
    UNKNOWN,
    VERDICTS,
    change_row,
    counted,
    gates,
    live,
    percent,
    state_of,
    usd,
)
from evals.suite.report import CaseResult, Report, Word
from evals.suite.tally import shown
from graph.records.escalation_matrix import EscalationMatrix

STYLES: dict[Word, str] = {
    "fine": "bold green",
    "regressed": "bold red",
    "could_not_run": "bold red",
    "unfinished": "bold yellow",
    "not_re_recorded": "bold yellow",
    "too_little_data": "bold yellow",
}
MOST_ROWS = 20
"""Of a list: the rest is in the files of the run."""
MOST_TAGS = 12


def print_report(console: Console, report: Report, *, took_s: float | None = None) -> None:
    """Print what a run came to; lists are cut, and say by how much."""
    console.print(_verdict(report, took_s))
    for reason in report.gate.reasons:
        _line(console, f"- {reason}")
    for title, body in _sections(report):
        if body is not None:
            console.print()
            console.print(Text(title, "bold"))
            console.print(Padding(body, (0, 0, 0, 2)))
    if report.gate.notes or report.baseline:
        console.print()
    for note in report.gate.notes:
        _line(console, f"- {note}")
    if report.baseline:
        _line(console, f"- Baseline {report.baseline}")


def _verdict(report: Report, took_s: float | None) -> Text:
    took = "" if took_s is None else f" in {took_s:.1f} s"
    told = f"  {report.mode}, {counted(len(report.results), 'case')}{took}"
    return Text.assemble((VERDICTS[report.gate.word], STYLES[report.gate.word]), (told, "dim"))


def _sections(report: Report) -> Iterator[tuple[str, RenderableType | None]]:
    yield "Score", _score(report)
    yield "Escalation, in trials", _escalation(report.confusion, report.confusion_before)
    if report.flips:
        yield f"Flips against the baseline: {len(report.flips)}", _flips(report)
    yield "Against the baseline", _changes(report)
    yield "Failing by tag", _tags(report)
    yield from _failing(report)
    yield "Cost and times", _money(report)


def _score(report: Report) -> Table:
    grid, passed = _grid(), report.passed
    between = f", between {percent(passed.low)} and {percent(passed.high)}" if passed.low is not None else ""
    grid.add_row("passed", percent(passed.value), f"of {counted(passed.cases, 'case')}{between}")
    if len(report.pass_hat) > 1:
        for k, value in enumerate(report.pass_hat, 1):
            grid.add_row(f"all of {k} trials", percent(value))
    if report.smallest_visible is not None:
        size = round(report.smallest_visible * passed.cases)
        told = f"{counted(size, 'case')}: the smallest loss that this suite can see"
        grid.add_row("visible", percent(report.smallest_visible), told)
    else:
        grid.add_row("visible", UNKNOWN, "too few cases to tell any loss from chance")
    return grid


def _escalation(now: EscalationMatrix, before: EscalationMatrix | None) -> Table | None:
    if not now.hit + now.missed + now.needless + now.right:
        return None
    grid = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for heading in ("", "escalated", "stayed"):
        grid.add_column(heading, justify="left" if not heading else "right", header_style="dim")
    was = before or now
    hits = _was(now.hit, was.hit) + (f" ({now.late} late)" if now.late else "")
    grid.add_row("must", hits, _was(now.missed, was.missed, bad=True))
    grid.add_row("must not", _was(now.needless, was.needless, bad=True), _was(now.right, was.right))
    shares = _grid()
    shares.add_row(grid)
    shares.add_row(f"precision {percent(now.precision)}, recall {percent(now.recall)}")
    return shares


def _was(now: int, before: int, *, bad: bool = False) -> str:
    told = f"[red]{now}[/red]" if bad and now else str(now)
    return told if before == now else f"{told} (was {before})"


def _flips(report: Report) -> Table:
    grid = _grid()
    for flip in report.flips[:MOST_ROWS]:
        style = "red" if flip.hard or flip.kind == "broke" else "green" if flip.kind == "fixed" else "yellow"
        kind = f"{KINDS[flip.kind]}{', blocks' if flip.hard else ''}"
        grid.add_row(Text(flip.case), Text(kind, style), Text(flip.says))
    _more(grid, len(report.flips))
    return grid


def _changes(report: Report) -> Table | None:
    if not report.changes:
        return None
    grid = _grid()
    for change in report.changes:
        what, before, after, told = change_row(change)
        grid.add_row(what, before, f"-> {after}", told)
    return grid


def _tags(report: Report) -> Table | None:
    """Show the tags of cases that fail, the most failures first."""
    scores = [score for score in by_tag(report) if score.passed < score.known]
    scores.sort(key=lambda score: score.passed - score.known)
    if not scores:
        return None
    grid = _grid()
    for score in scores[:MOST_TAGS]:
        share = f"{percent(score.passed / score.known)} pass"
        grid.add_row(Text(score.tag), f"{score.known - score.passed} of {score.known}", Text(share, "dim"))
    _more(grid, len(scores), MOST_TAGS)
    return grid


def _failing(report: Report) -> Iterator[tuple[str, RenderableType | None]]:
    """Yield the cases that fail and count, those with a hard finding first."""
    rows = [
        (_gravest(result), result.case.id)
        for result in report.results
        if state_of(result) == "failed" and gates(report, result)
    ]
    rows.sort(key=lambda row: not row[0][0])
    grid = _grid()
    for (hard, says, more), name in rows[:MOST_ROWS]:
        told = Text.assemble((says, "red" if hard else ""), (f" (+{more})" if more else "", "dim"))
        grid.add_row(Text(name), told)
    _more(grid, len(rows))
    yield f"Failing: {counted(len(rows), 'case')}, in red what must not fail", grid if rows else None


def _gravest(result: CaseResult) -> tuple[bool, str, int]:
    """Return whether a case's gravest finding is hard, what it says, and how many others there are."""
    trial = shown(result)
    found = trial.findings if trial else ()
    findings = sorted(found, key=lambda finding: (not finding.hard, finding.check != "escalation"))
    if not findings:
        return False, "Not enough of its trials pass.", 0
    first = findings[0]
    turn = f"Turn {first.turn}: " if first.turn and len(result.case.turns) > 1 else ""
    return first.hard, turn + first.says, len(findings) - 1


def _money(report: Report) -> RenderableType:
    if not live(report):
        return NOT_LIVE[report.source]
    grid = _grid()
    grid.add_row("a conversation", usd(report.usd_per_conversation))
    grid.add_row("a resolved one", usd(report.usd_per_resolved), "passed, and no person was needed")
    told = "no person was needed, and nobody complained or asked again"
    grid.add_row("one assumed resolved", usd(report.usd_per_resolved_assumed), told)
    return grid


def _grid() -> Table:
    return Table.grid(padding=(0, 3, 0, 0))


def _more(grid: Table, whole: int, most: int = MOST_ROWS) -> None:
    if whole > most:
        grid.add_row(Text(f"and {whole - most} more", "dim"))


def _line(console: Console, text: str) -> None:
    console.print(Text(text), soft_wrap=False)
