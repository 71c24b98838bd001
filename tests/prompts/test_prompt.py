"""Prompts: strict variables, and rendering that never looks into a value."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.errors import PromptError
from prompts.frontmatter import parse_document
from prompts.prompt import Prompt, parse_prompt


def make(text: str, *given: str) -> Prompt:
    return parse_prompt("some", parse_document(text, Path("some.md")), frozenset(given))


def head(variables: str, more: str = "") -> str:
    return f"---\ndescription: x\nvariables: [{variables}]\n{more}---\n"


@given(st.text(), st.text())
def test_values_appear_as_they_are_whatever_they_hold(a: str, b: str) -> None:
    prompt = make(head("a, b") + "<{{ a }}|{{b}}>", "a", "b")
    assert prompt.render(a=a, b=b) == f"<{a}|{b}>"


@given(
    st.text(alphabet=st.characters(exclude_characters="{}", exclude_categories=["Cs", "Cc", "Z"]), min_size=1)
)
def test_a_text_without_variables_is_rendered_as_it_stands(text: str) -> None:
    assert make(head("") + text).render() == text


def test_a_value_that_looks_like_a_variable_is_not_filled_in() -> None:
    assert make(head("a, b") + "{{ a }} {{ b }}", "a", "b").render(a="{{ b }}", b="x") == "{{ b }} x"


def test_a_default_stands_in_and_gives_way() -> None:
    prompt = make(head("company", "defaults: {company: Larkfield}\n") + "at {{ company }}")
    assert prompt.render() == "at Larkfield"
    assert prompt.render(company="Other") == "at Other"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (head("") + "one\ntwo {{ a }}", 6, "not declared"),
        (head("a") + "nothing", 3, "declared but not used"),
        (head("b") + "{{ b }}", 3, "nothing fills in `b`"),
        (head("") + "one\n\n{{ a b }}", 7, "is not a variable"),
        (head("") + "{{ Name }}", 5, "is not a variable"),
        (head("", "defaults: {c: x}\n") + "text", 4, "not in `variables:`"),
        (head("", "descripton: x\n") + "text", 4, "did you mean `description`?"),
        (head("") + "\n\n", 5, "no text below"),
        ("---\nvariables: []\n---\ntext", 1, "`description:` is missing"),
        ("---\ndescription: x\nvariables: a\n---\ntext", 3, "must be a list"),
    ],
)
def test_a_wrong_prompt_is_refused_with_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(PromptError) as caught:
        make(text, "a")
    assert says in caught.value.problem
    assert caught.value.line == line


def test_a_variable_that_the_program_fills_in_must_be_used() -> None:
    with pytest.raises(PromptError, match="must be used in the text"):
        make(head("") + "text", "reason")


def test_a_missing_value_is_refused_with_the_line_of_its_use() -> None:
    prompt = make(head("a") + "one\n{{ a }}", "a")
    with pytest.raises(PromptError, match=r"some\.md:6: .*`a` has no value"):
        prompt.render()


def test_a_superfluous_value_is_refused() -> None:
    with pytest.raises(PromptError, match="given `b`, which it does not use"):
        make(head("a") + "{{ a }}", "a").render(a="x", b="y")
