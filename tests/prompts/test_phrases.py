"""Phrases: complete, strict, readable for customers in every language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from prompts.errors import PromptError
from prompts.folder import open_prompts
from prompts.frontmatter import parse_document
from prompts.phrases import PHRASES, Phrases, parse_phrases

SHIPPED = open_prompts(None).phrases
HEAD = "---\ndescription: x\n---\nIntroduction.\n\n"
REQUIRED = {"hello": frozenset[str](), "from": frozenset({"title"})}
GOOD = "## hello\nWhen.\n- en: Hello\n- de: Hallo\n\n## from\n- en: From {{ title }}\n"
INTERNAL = re.compile(
    r"\b(model|token|API|prompt|LLM|Redis|tier|escalat\w*|retriev\w*|index|Slack|AI)\b", re.IGNORECASE
)


def make(body: str) -> Phrases:
    return parse_phrases(parse_document(HEAD + body, Path("phrases.md")), REQUIRED)


@pytest.mark.parametrize("language", SHIPPED.languages)
@pytest.mark.parametrize("key", PHRASES)
def test_every_phrase_renders_in_every_language(key: str, language: str) -> None:
    said = SHIPPED.say(key, language, **dict.fromkeys(PHRASES[key], "VALUE"))
    assert said.strip() == said
    assert said
    assert "{{" not in said
    assert ("VALUE" in said) == bool(PHRASES[key])


@pytest.mark.parametrize("key", PHRASES)
def test_every_phrase_is_there_in_all_seven_languages(key: str) -> None:
    assert set(SHIPPED.texts[key]) == {"en", "de", "fr", "es", "it", "nl", "pt"}


@pytest.mark.parametrize("key", PHRASES)
def test_no_phrase_speaks_of_the_inside(key: str) -> None:
    assert not INTERNAL.search(SHIPPED.texts[key]["en"])


@pytest.mark.parametrize("key", ["handoff_nobody", "handoff_asked_nobody"])
def test_where_nobody_is_reachable_nobody_is_promised(key: str) -> None:
    text = SHIPPED.texts[key]["en"]
    assert "can't reach" in text
    assert not re.search(r"colleague|will (contact|continue|get)", text)


def test_a_missing_language_falls_back_to_english() -> None:
    phrases = make(GOOD)
    assert phrases.say("hello", "de") == "Hallo"
    assert phrases.say("hello", "ja") == "Hello"
    assert phrases.say("from", "de", title="X") == "From X"


@pytest.mark.parametrize("code", ["DE", "de-AT", "de_CH"])
def test_case_and_region_of_a_language_do_not_matter(code: str) -> None:
    assert make(GOOD).say("hello", code) == "Hallo"


def test_an_indented_line_continues_a_phrase() -> None:
    assert make(GOOD.replace("- en: Hello", "- en: Hello\n  there")).say("hello", "en") == "Hello there"


def test_a_wrong_key_names_the_nearest() -> None:
    with pytest.raises(PromptError, match="did you mean `hello`"):
        make(GOOD).say("helo", "en")


def test_missing_and_superfluous_values_are_refused() -> None:
    with pytest.raises(PromptError, match="takes these variables: title"):
        make(GOOD).say("from", "en")
    with pytest.raises(PromptError, match="takes these variables: none"):
        make(GOOD).say("hello", "en", title="x")


@pytest.mark.parametrize(
    ("body", "line", "says"),
    [
        ("## hello\n- en: Hi\n", 0, "`from` is missing"),
        (GOOD + "## helo\n- en: Hi", 13, "did you mean `hello`"),
        (GOOD + "## hello\n- en: Hi", 13, "twice, first on line 6"),
        (GOOD.replace("- en: Hello\n", ""), 6, "no English text"),
        (GOOD.replace("- de: Hallo", "- en: Hallo"), 9, "has `en` twice"),
        (GOOD.replace("Hallo", ""), 9, "is empty in `de`"),
        (GOOD.replace("{{ title }}", "it"), 12, "must use {{ title }}"),
        (GOOD.replace("Hallo", "Hallo {{ name }}"), 9, "must use no variables"),
        (GOOD.replace("- de: Hallo", "- de: Hallo\nzusammen"), 10, "belongs to no phrase"),
        (GOOD.replace("- de: Hallo", "- Hallo"), 9, "must be `- `, a language"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(body: str, line: int, says: str) -> None:
    with pytest.raises(PromptError) as caught:
        make(body)
    assert says in caught.value.problem
    assert caught.value.line == line
    assert caught.value.file == "phrases.md"
