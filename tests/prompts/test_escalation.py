"""The schema of escalation.md: typed, strict, and precise about what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompts.errors import PromptError
from prompts.escalation import (
    Check,
    Complex,
    Covered,
    Escalation,
    LongerThan,
    Rated,
    Repeat,
    Says,
    parse_escalation,
)
from prompts.frontmatter import parse_document
from prompts.matching import PhraseSet

BASE = """\
---
description: x
variables: [reasons, how]
reasons:
  hard: {when: It is hard., to: large}
  fight: {when: They fight., to: person}
with_tool: Call it.
with_marker: Write it.
"""
BODY = "---\nReasons:\n{{ reasons }}\n{{ how }}\n"


def make(more: str = "", base: str = BASE, body: str = BODY) -> Escalation:
    return parse_escalation(parse_document(base + more + body, Path("escalation.md")))


def rule(on: str, more: str = "") -> str:
    return f"rules:\n  - name: one\n    on: {on}\n    to: large\n    reason: Because.\n{more}"


@pytest.mark.parametrize(
    ("on", "condition"),
    [
        ("{says: [a, b c]}", Says(PhraseSet(["a", "b c"]))),
        ("{says: {en: [a], de: [b]}}", Says(PhraseSet(["a", "b"]))),
        ("{repeat: 0.8}", Repeat(0.8)),
        ("{rating: down}", Rated("down")),
        ("{complex: {signals: [a], at_least: 2}}", Complex(PhraseSet(["a"]), 2, 0)),
        ("{complex: {signals: [a], at_least: 2, questions: 3}}", Complex(PhraseSet(["a"]), 2, 3)),
        ("{covered: false}", Covered(value=False)),
        ("{longer_than: 1200}", LongerThan(1200)),
    ],
)
def test_each_condition_is_read(on: str, condition: object) -> None:
    assert make(rule(on)).rules[0].on == condition


def test_rules_keep_their_order_and_those_that_are_off_are_left_out() -> None:
    text = rule("{repeat: 0.8}", "    off: true\n")
    text += "  - {name: two, on: {rating: down}, to: person, reason: R., hold: true}\n"
    text += "  - {name: three, on: {covered: false}, to: say_unknown, reason: R.}\n"
    rules = make(text).rules
    assert [(r.name, r.to, r.hold) for r in rules] == [
        ("two", "person", True),
        ("three", "say_unknown", False),
    ]


def test_a_wish_for_a_person_is_told_by_its_rule() -> None:
    asks = "rules: [{name: one, on: {says: [a]}, to: person, reason: Because., asked: true}]\n"
    assert [rule.asked for rule in make(asks).rules] == [True]
    assert [rule.asked for rule in make(rule("{says: [a]}")).rules] == [False]
    with pytest.raises(PromptError, match="`asked` is for rules with `to: person`"):
        make(rule("{says: [a]}", "    asked: true\n"))


def test_many_question_marks_count_as_one_signal() -> None:
    condition = Complex(PhraseSet(["unless"]), 2, 3)
    assert condition.count("Unless? Really? Sure?") == 2
    assert condition.count("Unless? Really?") == 1


def test_checks_of_several_languages_become_one_expression() -> None:
    text = "checks:\n  - {name: c, pattern: {en: 'a|b', de: 'c'}, allow: never, reason: R.}\n"
    assert make(text).checks == (Check("c", "(?:a|b)|(?:c)", "never", "R."),)


def test_the_instructions_list_exactly_the_reasons_of_the_settings() -> None:
    escalation = make()
    assert escalation.instructions() == "Reasons:\n- `hard`: It is hard.\n- `fight`: They fight.\nCall it."
    assert [reason.name for reason in escalation.reasons] == ["hard", "fight"]


def test_servers_without_tools_read_the_marker_instead() -> None:
    assert make().instructions(tools=False).endswith("Write it.")


def test_the_largest_model_reads_only_the_reasons_for_a_person() -> None:
    assert "hard" not in make().instructions(top=True)
    assert "fight" in make().instructions(top=True)


def test_topics_are_named() -> None:
    text = "hold:\n  - {name: refunds, says: [refund]}\n  - {name: legal, says: {en: [lawyer]}}\n"
    assert make(text).topics("Refund me, says my lawyer") == ["refunds", "legal"]
    assert make(text).topics("Where is it?") == []


LINE = BASE.count("\n") + 1


@pytest.mark.parametrize(
    ("more", "line", "says"),
    [
        ("rulez: []\n", LINE, "did you mean `rules`?"),
        ("rules: {}\n", LINE, "must be a list"),
        ("rules: [text]\n", LINE, "must be a mapping"),
        (rule("{say: [a]}"), LINE + 2, "did you mean `says`?"),
        (rule("{says: [a], repeat: 0.5}"), LINE + 2, "exactly one condition"),
        (rule("{says: []}", "    hodl: true\n"), LINE + 5, "did you mean `hold`?"),
        (rule("{says: [a ...]}"), LINE + 2, "needs a word before and after"),
        (rule("{says: [12]}"), LINE + 2, "put `12` in quotes"),
        (rule("{says: [a, a]}"), LINE + 2, "is there twice"),
        (rule("{repeat: 8}"), LINE + 2, "must be a number from 0.1 to 1"),
        (rule("{rating: bad}"), LINE + 2, "must be up or down, not `bad`"),
        (rule("{covered: no}"), LINE + 2, "must be true or false"),
        (rule("{longer_than: true}"), LINE + 2, "must be a number"),
        (rule("{complex: {signals: [a]}}"), LINE + 2, "`at_least:` is missing"),
        (rule("{repeat: 0.8}").replace("to: large", "to: larger"), LINE + 3, "large, person or say_unknown"),
        (
            rule("{repeat: 0.8}", "  - {name: one, on: {rating: up}, to: large, reason: R.}\n"),
            LINE + 5,
            "taken",
        ),
        (
            "checks:\n  - {name: c, pattern: '(', allow: never, reason: R.}\n",
            LINE + 1,
            "not a regular expression",
        ),
        (
            "checks:\n  - {name: c, pattern: 'a*', allow: never, reason: R.}\n",
            LINE + 1,
            "matches the empty text",
        ),
        ("checks:\n  - {name: c, pattern: 'a', allow: ever, reason: R.}\n", LINE + 1, "never or in_sources"),
        ("hold:\n  - {name: h}\n", LINE + 1, "`says:` is missing"),
        ("small_talk: [hi]\n", LINE, "must be a mapping"),
    ],
)
def test_a_mistake_is_named_with_its_line(more: str, line: int, says: str) -> None:
    with pytest.raises(PromptError) as caught:
        make(more)
    assert says in caught.value.problem
    assert caught.value.line == line


def test_a_reason_must_have_a_name_that_a_tool_can_take() -> None:
    with pytest.raises(PromptError, match="lower-case letters") as caught:
        make(base=BASE.replace("  hard:", "  Too hard:"))
    assert caught.value.line == 5


def test_a_body_that_does_not_list_the_reasons_is_refused() -> None:
    with pytest.raises(PromptError, match="`reasons` is declared but not used"):
        make(body="---\n{{ how }}\n")
