"""A judge's answer is one plain JSON object, or it is an error."""

from __future__ import annotations

import json

import pytest

from evals.judge.opinion import Unreadable, read_verdict

ALLOWED = ("yes", "no")


@pytest.mark.parametrize(
    "text",
    [
        '{"reason": "It says sorry.", "verdict": "yes"}',
        '\n {"verdict": "yes",\n "reason": "It says  sorry."} \n',
        '```json\n{"reason": "It says sorry.", "verdict": "yes"}\n```',
        '```\n{"reason": "It says sorry.", "verdict": "yes"}\n```',
    ],
)
def test_a_plain_object_is_read(text: str) -> None:
    assert read_verdict(text, ALLOWED) == ("yes", "It says sorry.")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yes",
        "[]",
        "null",
        '"yes"',
        '{"reason": "It says sorry.", "verdict": "yes"',
        'Here it is: {"reason": "It says sorry.", "verdict": "yes"}',
        '{"reason": "It says sorry.", "verdict": "yes"} Or is it?',
        '{"reason": "a", "verdict": "yes"}\n{"reason": "b", "verdict": "no"}',
        '```json\n{"reason": "a", "verdict": "yes"}\n```\n```json\n{"reason": "b", "verdict": "no"}\n```',
        '{"verdict": "yes"}',
        '{"reason": "It says sorry."}',
        '{"reason": "", "verdict": "yes"}',
        '{"reason": "  ", "verdict": "yes"}',
        '{"reason": 3, "verdict": "yes"}',
        '{"reason": "It says sorry.", "verdict": "Yes"}',
        '{"reason": "It says sorry.", "verdict": true}',
        '{"reason": "It says sorry.", "verdict": ["yes"]}',
        '{"reason": "It says sorry.", "verdict": "yes or no"}',
        '{"reason": "It says sorry.", "verdict": "yes", "confidence": 0.2}',
        '{"reason": "It says sorry.", "verdict": "no", "verdict": "yes"}',
        '{"reason": "No, it never says sorry.", "verdict": "yes"}',
        '{"reason": "Yes: the bot promised a refund.", "verdict": "no"}',
        '{"reason": "no", "verdict": "yes"}',
        "[" * 100_000,
    ],
)
def test_all_else_is_an_error(text: str) -> None:
    with pytest.raises(Unreadable):
        read_verdict(text, ALLOWED)


def test_no_as_the_first_word_of_a_sentence_contradicts_nothing() -> None:
    said = json.dumps({"reason": "No promise is made anywhere.", "verdict": "yes"})
    assert read_verdict(said, ALLOWED)[0] == "yes"
