"""The parts of the page that need no script: the verdict, the figures, the filters' names."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from evals.outputs.by_tag import TagScore, by_tag
from evals.outputs.page_charts import confusion_svg, share_svg
from evals.outputs.words import (
    NOT_LIVE,
    VERDICTS,
    between,
    by_state,
    change_row,
    counted,
    gates,
    live,
    percent,
    state_of,
    usd,
)
from evals.suite.report import Report
from graph.records.escalation_matrix import EscalationMatrix

MOST_TAGS = 12
MOST_REASONS = 40


def header(report: Report) -> str:
    """Return the verdict with its reasons, and what run this is."""
    word, _, rest = VERDICTS[report.gate.word].partition(":")
    sources = {"none": "no model asked", "live": "live models", "stand-in": "stand-ins for the models"}
    meta = [f"run {report.name}", report.mode, sources[report.source], report.baseline or "no baseline yet"]
    title = f'<span class="word">{escape(word)}{":" if rest else ""}</span>{escape(rest)}'
    parts = [f"<h1>{title}</h1>", f'<p class="meta">{escape(" · ".join(meta))}</p>']
    parts += [_items(report.gate.reasons)] if report.gate.reasons else []
    parts += [f'<div class="small">{_items(report.gate.notes)}</div>'] if report.gate.notes else []
    return f'<div class="verdict {report.gate.word}">{"".join(parts)}</div>'


def figures(report: Report) -> str:
    """Return the cards: score, escalation, changes, tags."""
    return "\n".join([_score(report), *_cost(report), _escalation(report), *_changes(report), *_tags(report)])


def filters(report: Report) -> str:
    """Return a button for each way of choosing cases, with how many there are."""
    states = by_state(report)
    flipped = {flip.case for flip in report.flips} & {result.case.id for result in report.results}
    failing = sum(state_of(result) == "failed" and gates(report, result) for result in report.results)
    numbers = {"all": len(report.results), "flips": len(flipped), "failing": failing}
    numbers["stale"] = states["stale"]
    numbers |= {"errors": states["error"]} if states["error"] else {}
    return "\n".join(
        f'<button type="button" data-filter="{name}" aria-pressed="false">'
        f"{name.capitalize()}<b>{number:,}</b></button>"
        for name, number in numbers.items()
    )


def _items(lines: Iterable[str]) -> str:
    every = list(lines)
    more = [f"and {len(every) - MOST_REASONS} more"] if len(every) > MOST_REASONS else []
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in every[:MOST_REASONS] + more)}</ul>"


def _card(title: str, body: str, kind: str = "") -> str:
    return f'<div class="card {kind}"><h3>{escape(title)}</h3>{body}</div>'


def _score(report: Report) -> str:
    passed = report.passed
    bar = ""
    if passed.value is not None and passed.low is not None and passed.high is not None:
        bar = share_svg(passed.value, passed.low, passed.high)
    told = [f"of {counted(passed.cases, 'case')}{between(passed)}"]
    if len(report.pass_hat) > 1:
        told += [
            f"all of {number} trials pass: {percent(value)}"
            for number, value in enumerate(report.pass_hat[1:], 2)
        ]
    if report.smallest_visible is not None:
        told.append(f"the smallest loss that this suite can see: {percent(report.smallest_visible)} of cases")
    big = f'<p class="big">{percent(passed.value)}</p>'
    return _card("Passed", f"{big}{bar}{_lines(told)}")


def _cost(report: Report) -> list[str]:
    if not live(report):
        return [_card("Cost and times", _lines([NOT_LIVE[report.source]]))]
    told = []
    if report.usd_per_resolved is not None:
        told.append(f"a resolved one: {usd(report.usd_per_resolved)}")
    if report.usd_per_resolved_assumed is not None:
        told.append(f"one that nobody complained about: {usd(report.usd_per_resolved_assumed)}")
    big = f'<p class="big">{usd(report.usd_per_conversation)}</p>'
    return [_card("Cost of a conversation", big + _lines(told))]


def _lines(lines: Iterable[str]) -> str:
    return "".join(f'<p class="small">{escape(line)}</p>' for line in lines)


def _escalation(report: Report) -> str:
    now, before = report.confusion, report.confusion_before
    if not now.hit + now.missed + now.needless + now.right:
        return _card("Escalation", _lines(["No case says whether it must escalate."]))
    if before is None:
        return _card("Escalation, in trials", _picture(now, "Escalation"))
    pictures = _picture(before, "Before") + _picture(now, "After")
    return _card("Escalation, in trials: before and after", f'<div class="tall">{pictures}</div>', "pair")


def _picture(confusion: EscalationMatrix, title: str) -> str:
    told = f"{title}: precision {percent(confusion.precision)}, recall {percent(confusion.recall)}"
    return f"<div>{confusion_svg(confusion, title)}{_lines([told])}</div>"


def _changes(report: Report) -> list[str]:
    shown = [change_row(change) for change in report.changes if change.what == "passed" or live(report)]
    if not shown:
        return []
    head = "".join(f"<th>{name}</th>" for name in ("", "before", "after", "difference"))
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in shown)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    body = f'<div class="scroll" tabindex="0">{table}</div>'
    return [_card("Against the baseline, over the cases of both", body, "wide")]


def _tags(report: Report) -> list[str]:
    scores = by_tag(report)
    if not scores:
        return []
    rows = "".join(_tag(score) for score in scores[:MOST_TAGS])
    more = len(scores) - MOST_TAGS
    rest = _lines([f"and {counted(more, 'more tag')}: choose it below"]) if more > 0 else ""
    return [_card("Cases that pass, by tag", f'<div class="tags">{rows}</div>{rest}', "wide")]


def _tag(score: TagScore) -> str:
    value = score.passed / score.known
    unknown = f", {score.unknown} unknown" if score.unknown else ""
    told = f"{score.passed} of {score.known} [{percent(score.low)}, {percent(score.high)}]{unknown}"
    name = escape(score.tag, quote=True)
    button = f'<button type="button" data-tag="{name}">{name}</button>'
    bar = share_svg(value, score.low, score.high)
    return f'<div class="row">{button}{bar}<span class="small">{told}</span></div>'
