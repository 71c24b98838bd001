"""What makes a request another one, and what its parts are called."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.recording.changes import Miss, stale_of
from evals.recording.fingerprint import HISTORY, MODEL, ORDER, RULES, WORDS, components, fingerprint
from evals.recording.recording import Recording
from graph.models import ChatMessage, Request
from graph.models.escalation import escalate_tool
from tests.fakes import make_passage, shipped_prompts

EDITION = shipped_prompts().edition
PASSAGES = (make_passage("Thirty days.", "returns.md"), make_passage("Free.", "costs.md"))
REQUEST = Request(
    model="claude-haiku-5-5",
    system="Be kind.",
    messages=(ChatMessage("user", "Hi"), ChatMessage("assistant", "Hello"), ChatMessage("user", "How long?")),
    context="<passages>Thirty days.</passages>",
    question="How long?",
    passages=PASSAGES,
    tools=(escalate_tool(["comparison"], "Pass it on."),),
    effort="off",
)


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, model="claude-sonnet-5-5"),
        replace(REQUEST, system="Be kind!"),
        replace(REQUEST, context=""),
        replace(REQUEST, tools=()),
        replace(REQUEST, tools=(escalate_tool(["dispute"], "Pass it on."),)),
        replace(REQUEST, effort=None),
        replace(REQUEST, max_output_tokens=801),
        replace(REQUEST, messages=REQUEST.messages[2:]),
        replace(REQUEST, messages=(*REQUEST.messages[:2], ChatMessage("user", "How long!"))),
    ],
)
def test_whatever_reaches_the_model_makes_another_request(other: Request) -> None:
    assert fingerprint("anthropic", other) != fingerprint("anthropic", REQUEST)
    assert len(fingerprint("anthropic", REQUEST)) == 64


def test_what_reaches_no_model_makes_none() -> None:
    other = replace(REQUEST, cache_key="firstline-small-1", question="", passages=())
    assert fingerprint("anthropic", other) == fingerprint("anthropic", REQUEST)
    assert fingerprint("openai", REQUEST) != fingerprint("anthropic", REQUEST)


def test_half_a_character_can_be_hashed() -> None:
    assert fingerprint("openai", replace(REQUEST, system="\ud83d"))


def test_the_parts_are_files_articles_and_plain_names() -> None:
    parts = components("anthropic", REQUEST, EDITION)
    assert parts[MODEL] == "anthropic claude-haiku-5-5"
    assert {f"{name}.md" for name in ("voice", "answer", "escalation", "context", "notes")} <= parts.keys()
    assert {"returns.md", "costs.md", "tool escalate"} <= parts.keys()
    assert "handoff.md" not in parts
    assert "handoff.md" in components("anthropic", replace(REQUEST, context=""), EDITION)


def recorded(parts: dict[str, str], *, trial: int = 1, step: int = 1) -> Recording:
    return Recording(trial, step, "live", "", "f", parts, (), "end", None, None, 1.0)


@pytest.mark.parametrize(
    ("other", "changed", "says"),
    [
        (
            replace(REQUEST, model="claude-haiku-6", max_output_tokens=900, effort="low"),
            (f"{MODEL} (anthropic claude-haiku-5-5 -> anthropic claude-haiku-6)",),
            "the model (anthropic claude-haiku-5-5 -> anthropic claude-haiku-6)",
        ),
        (replace(REQUEST, messages=REQUEST.messages[2:]), (HISTORY,), "an earlier answer."),
        (
            replace(REQUEST, messages=(*REQUEST.messages[:2], ChatMessage("user", "When?"))),
            (WORDS,),
            "the customer's words.",
        ),
        (
            replace(REQUEST, passages=PASSAGES[:1]),
            ("costs.md (no longer found)",),
            "costs.md (no longer there)",
        ),
        (
            replace(REQUEST, passages=(make_passage("Forty days.", "returns.md"), PASSAGES[1])),
            ("returns.md",),
            "returns.md (",
        ),
        (replace(REQUEST, passages=PASSAGES[::-1]), (ORDER,), "the order of passages."),
        (replace(REQUEST, system="Built another way."), ("the program",), "the program."),
        (replace(REQUEST, tools=()), ("tool escalate",), "tool escalate (no longer there)"),
    ],
)
def test_a_miss_names_what_changed(other: Request, changed: tuple[str, ...], says: str) -> None:
    before = recorded(components("anthropic", REQUEST, EDITION))
    miss = Miss(1, components("anthropic", other, EDITION), (before,), 1)
    problem, named = stale_of([miss])
    assert named == changed
    assert problem.startswith("Changed since this was recorded: ")
    assert says in problem


def test_a_miss_is_compared_with_the_call_that_it_would_have_been() -> None:
    """After a rule sends the first turn elsewhere, the second turn is no longer the third call."""
    first = components("anthropic", REQUEST, EDITION)
    second = components("anthropic", replace(REQUEST, messages=(ChatMessage("user", "And boots?"),)), EDITION)
    now = second | {"answer.md": "0" * 12}
    calls = (recorded(first), recorded(first, step=2), recorded(second, step=3))
    assert stale_of([Miss(1, now, calls, 1)])[1] == ("answer.md",)


@pytest.mark.parametrize(
    ("also", "changed"),
    [
        ({"answer.md": "0" * 12}, ("answer.md",)),
        (
            {MODEL: "anthropic claude-sonnet-5-5"},
            ("escalation.md", f"{MODEL} (anthropic claude-haiku-5-5 -> anthropic claude-sonnet-5-5)"),
        ),
        ({}, ("escalation.md",)),
    ],
)
def test_rules_explain_where_a_question_went_and_no_other_words(
    also: dict[str, str], changed: tuple[str, ...]
) -> None:
    parts = components("anthropic", REQUEST, EDITION)
    miss = Miss(1, parts | {RULES: "0" * 12} | also, (recorded(parts),), 1)
    assert stale_of([miss])[1] == changed


def test_only_the_first_miss_tells() -> None:
    parts = components("anthropic", REQUEST, EDITION)
    edited = Miss(1, parts | {"voice.md": "0" * 12}, (recorded(parts),), 1)
    after = Miss(1, parts | {HISTORY: "0" * 12}, (recorded(parts),), 2)
    assert stale_of([edited, after])[1] == ("voice.md",)


def test_an_answer_that_a_check_cut_short_blames_the_checks() -> None:
    parts = components("anthropic", REQUEST, EDITION)
    problem, named = stale_of([Miss(1, parts, (recorded(parts),), 1, cut=True)])
    assert named == ("escalation.md",)
    assert "check" in problem
