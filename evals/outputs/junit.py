"""A report as JUnit XML, as Jenkins, GitLab and GitHub's reporters read it: one testcase a case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from evals.outputs.words import KINDS, gates, listed, state_of, why_not_gated
from evals.suite.report import CaseResult, Flip, Report
from evals.suite.trial import Finding, Trial

NOT_RE_RECORDED = "not re-recorded"
_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> str:
    """Return the run as one test suite; what is not known is an error, and what does not gate is skipped."""
    flips: dict[str, list[Flip]] = {}
    for flip in report.flips:
        flips.setdefault(flip.case, []).append(flip)
    suite = Element("testsuite", {"name": _clean(report.name)})
    _properties(suite, report)
    for result in report.results:
        _testcase(suite, report, result, flips.get(result.case.id, []))
    total = sum(_seconds(result) for result in report.results)
    numbers = {
        "tests": str(len(report.results)),
        "failures": str(len(suite.findall("testcase/failure"))),
        "errors": str(len(suite.findall("testcase/error"))),
        "time": f"{total:.3f}",
    }
    root = Element("testsuites", {"name": "firstline evals", **numbers})
    suite.attrib.update(numbers, skipped=str(len(suite.findall("testcase/skipped"))))
    root.append(suite)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _properties(suite: Element, report: Report) -> None:
    properties = SubElement(suite, "properties")
    told: dict[str, str] = {"mode": report.mode, "source": report.source, "verdict": report.gate.word}
    told |= {f"reason {number}": reason for number, reason in enumerate(report.gate.reasons, 1)}
    for name, value in (told | ({"baseline": report.baseline} if report.baseline else {})).items():
        SubElement(properties, "property", name=name, value=_clean(value))


def _testcase(suite: Element, report: Report, result: CaseResult, flips: list[Flip]) -> None:
    case = result.case
    # `file:line`, of which a reporter wants the file.
    file = case.where.rsplit(":", 1)[0]
    group = case.tags[0] if case.tags else PurePath(file).stem or "cases"
    element = SubElement(
        suite, "testcase", name=_clean(case.id), classname=_clean(group), time=f"{_seconds(result):.3f}"
    )
    if file:
        element.set("file", _clean(file))
    _result(element, report, result)
    told = [*(f"flip: {KINDS[flip.kind]}: {flip.says}" for flip in flips), *_trials(result)]
    SubElement(element, "system-out").text = _clean("\n".join(told))


def _result(element: Element, report: Report, result: CaseResult) -> None:
    state = state_of(result)
    if state == "passed":
        return
    if not gates(report, result):
        SubElement(element, "skipped", message=f"{why_not_gated(result)}: {state}, and does not gate")
    elif state == "failed":
        said = [_finding(each) for trial in result.trials for each in trial.findings]
        says = said[0] if said else "too few trials passed"
        SubElement(element, "failure", type="failed", message=_clean(says)).text = _clean("\n".join(said))
    elif state == "stale":
        changed = dict.fromkeys(name for trial in result.trials for name in trial.changed)
        says = f"{listed(tuple(changed))} changed" if changed else "there is no recording"
        _error(element, NOT_RE_RECORDED, f"{NOT_RE_RECORDED}: {says}", result)
    else:
        problems = [trial.problem for trial in result.trials if trial.status == "error" and trial.problem]
        _error(element, "error", problems[0] if problems else "nothing was played", result)


def _error(element: Element, kind: str, message: str, result: CaseResult) -> None:
    error = SubElement(element, "error", type=kind, message=_clean(message))
    error.text = _clean("\n".join(trial.problem for trial in result.trials if trial.problem))


def _trials(result: CaseResult) -> Iterator[str]:
    for trial in result.trials:
        status = NOT_RE_RECORDED if trial.status == "stale" else trial.status
        yield f"trial {trial.number}: {status}"
        yield from (f"  {_finding(finding)}" for finding in trial.findings)
        if trial.problem:
            yield f"  {trial.problem}"


def _finding(finding: Finding) -> str:
    where = f"turn {finding.turn}, " if finding.turn else ""
    return f"{where}{finding.check}: {finding.says}"


def _seconds(result: CaseResult) -> float:
    return sum(_total_ms(trial) for trial in result.trials) / 1000


def _total_ms(trial: Trial) -> float:
    return sum(turn.record.total_ms for turn in trial.turns)


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)
