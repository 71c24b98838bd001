"""What a report looks like in 80 columns."""

from __future__ import annotations

import io

from rich.console import Console

from evals.running.terminal import print_report
from evals.suite.baseline import Baseline, keep
from evals.suite.case import EscalationLabel
from evals.suite.gate import make_report
from evals.suite.report import CaseResult, Report
from tests.evals.suite.making import make_case, make_played, make_result, make_trial

PERSON = make_played(escalated="person", reason="The customer asked for a [person].")


def printed(report: Report) -> str:
    file = io.StringIO()
    print_report(Console(file=file, width=80), report)
    return file.getvalue()


def results(*, broken: bool) -> list[CaseResult]:
    must = make_case("must-go", escalation=EscalationLabel("must"), tags=("person",))
    other = make_case("other", tags=("returns", "[bold]"))
    return [
        make_result(must, make_trial("must-go", "passed", PERSON)),
        make_result(other, make_trial("other", "failed" if broken else "passed", hard=broken)),
    ]


def judged(*, broken: bool) -> Report:
    before = keep(results(broken=False), "none")
    baseline = Baseline("cases", "keyless", "none", "Ann", "2026-11-26", "as agreed", "r", 2, before)
    return make_report("r2", "keyless", "none", results(broken=broken), baseline)


def test_a_green_run_begins_with_its_verdict_and_says_what_it_cannot_see() -> None:
    shown = printed(judged(broken=False))
    assert shown.startswith("Fine: nothing stands against this change.")
    assert "too few cases to tell any loss from chance" in shown
    assert "Flips" not in shown
    assert "Failing" not in shown
    assert "precision 100.0 %, recall 100.0 %" in shown


def test_a_red_run_names_the_case_the_flip_and_the_reason() -> None:
    shown = " ".join(printed(judged(broken=True)).split())
    assert "1 case must not fail, and does: other (says)." in shown
    assert "other passed -> fails, blocks It passed and now fails: It does not say “30 days”" in shown
    assert "[bold] 1 of 1" in shown
    assert "Baseline accepted by Ann on 2026-11-26: as agreed" in shown


def test_cost_is_printed_of_live_words_only() -> None:
    case = make_case("a")
    for source, shows in (("live", True), ("stand-in", False)):
        trial = make_trial("a", source=source, mode="live", usd=0.02)  # type: ignore[arg-type]  # its words
        report = make_report("r", "live", source, [make_result(case, trial)], None)  # type: ignore[arg-type]
        assert ("0.02 USD" in printed(report)) is shows


def test_no_line_is_wider_than_the_terminal() -> None:
    assert max(map(len, printed(judged(broken=True)).splitlines())) <= 80
