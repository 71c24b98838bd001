"""JUnit as its consumers read it: numbers that add up, stale never passed, nothing that is no XML."""

from __future__ import annotations

from dataclasses import replace
from xml.etree.ElementTree import Element, fromstring

import pytest

from evals.outputs.junit import junit
from evals.suite.report import CaseResult, Report
from tests.evals.outputs.reports import case, many, report, result, trial, with_words

ORDER = ("properties", "skipped", "error", "failure", "system-out", "system-err")
"""Of a testcase's children, as Jenkins' schema wants it."""
ATTRIBUTES = {"name", "classname", "time", "file"}


def read(made: Report) -> Element:
    return fromstring(junit(made).encode("utf-8", "strict"))  # noqa: S314  # our own words


def parsed(made: Report) -> dict[str, Element]:
    return {each.attrib["name"]: each for each in read(made).iter("testcase")}


def test_every_case_is_one_testcase() -> None:
    cases = parsed(report())
    assert list(cases) == [each.case.id for each in report().results]
    assert cases["late-refund"].attrib["classname"] == "refunds"
    assert cases["late-refund"].attrib["file"] == "evals/cases/returns.yaml"


def test_without_a_tag_the_class_is_the_file() -> None:
    untagged = CaseResult(
        replace(case("a", where="evals/cases/delivery.yaml:3"), tags=()), (trial("a", "passed"),)
    )
    cases = parsed(replace(report(), results=(untagged,), flips=()))
    assert cases["a"].attrib["classname"] == "delivery"


@pytest.mark.parametrize(
    ("name", "tag", "kind"),
    [
        ("greeting", None, None),
        ("late-refund", "failure", "failed"),
        ("exchange", "error", "not re-recorded"),
        ("window", "error", "not re-recorded"),
        ("outage", "error", "error"),
        ("a-draft", "skipped", None),
    ],
)
def test_a_case_stands_as_it_does(name: str, tag: str | None, kind: str | None) -> None:
    found = [each for each in parsed(report())[name] if each.tag != "system-out"]
    assert [each.tag for each in found] == ([tag] if tag else [])
    assert [each.get("type") for each in found] == ([kind] if tag else [])


def test_what_needs_a_model_is_skipped_without_one() -> None:
    needs = replace(case("hard"), needs="model")
    made = replace(report(), mode="keyless", results=(CaseResult(needs, (trial("hard", "failed"),)),))
    (skipped,) = parsed(made)["hard"].findall("skipped")
    assert "needs a model" in skipped.attrib["message"]


def test_stale_says_what_changed() -> None:
    (error,) = parsed(report())["exchange"].findall("error")
    assert error.attrib["message"] == "not re-recorded: escalation.md changed"


def test_flips_and_findings_are_in_the_output() -> None:
    said = parsed(report())["late-refund"].findtext("system-out") or ""
    assert "answered -> escalated: The small model answered it" in said
    assert "turn 1, cites: it went to a person and must not" in said


def test_the_numbers_add_up() -> None:
    root = read(report())
    (suite,) = root.findall("testsuite")
    counted = {
        "tests": len(root.findall(".//testcase")),
        "failures": len(root.findall(".//failure")),
        "errors": len(root.findall(".//error")),
        "skipped": len(root.findall(".//skipped")),
    }
    assert counted == {"tests": 7, "failures": 2, "errors": 3, "skipped": 1}
    assert {name: int(suite.attrib[name]) for name in counted} == counted
    times = sum(float(each.attrib["time"]) for each in root.iter("testcase"))
    assert float(suite.attrib["time"]) == pytest.approx(times)


def test_the_time_is_that_of_all_trials() -> None:
    made = replace(report(), results=(result("three", "passed", "failed", "passed"),))
    assert float(parsed(made)["three"].attrib["time"]) == pytest.approx(3 * 1.25)


def test_the_shape_is_the_one_that_consumers_check() -> None:
    for each in parsed(report()).values():
        assert set(each.attrib) == ATTRIBUTES
        places = [ORDER.index(child.tag) for child in each]
        assert places == sorted(places)


@pytest.mark.parametrize(
    "words",
    ["\x00\x08\x1b[31m", "\ud800 half", "]]><!--&amp;'\"", "\ufffe\uffff", "</testcase><x/>", "emoji 🧾"],
)
def test_any_words_make_whole_xml(words: str) -> None:
    root = read(with_words(words))
    assert len(list(root.iter("testcase"))) == 2
    assert {each.tag for each in root.iter()} <= {
        *ORDER, "testsuites", "testsuite", "testcase", "property",
    }  # fmt: skip


def test_a_thousand_cases_are_one_suite() -> None:
    assert len(parsed(many(1000, 1))) == 1000
