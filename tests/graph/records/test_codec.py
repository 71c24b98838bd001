"""Records survive the way to JSON and back, and what is wrong with a line is named."""

from __future__ import annotations

import dataclasses
import json
import re
import time
from typing import Any, get_type_hints

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from graph.records.codec import Entry, RecordError, from_dict, from_line, to_dict, to_line
from graph.turn import Call, Feedback, Transcript, TurnRecord
from tests.graph.records.samples import CALL, RATING, TEXT, TURN, text, turn

KINDS: list[Any] = [TurnRecord, Feedback, Transcript, Call]


@given(entry=st.one_of(*(st.from_type(kind) for kind in KINDS)))
def test_whatever_a_record_holds_comes_back(entry: Any) -> None:
    # Numbers that are no time and no price have tests of their own, and so have halves of characters.
    assume(not re.search(r"\b(nan|inf)\b|e\+30\d|\\ud[89a-f]", repr(entry)))
    line = to_line(entry)
    assert "\n" not in line
    assert from_line(type(entry), line.encode()) == entry
    assert from_dict(type(entry), to_dict(entry)) == entry


def test_the_keys_come_in_the_order_that_readers_expect() -> None:
    data = to_dict(TURN)
    assert list(data) == [
        *("turn_id", "messages", "attempt", "conversation", "customer", "received_at", "language", "route"),
        *("calls", "sources", "delivery_ms", "queue_ms", "first_words_ms", "total_ms", "cost_usd", "outcome"),
    ]
    assert list(data["route"]) == ["tier", "by", "reason", "confidence"]
    assert list(data["calls"][0]) == [
        *(
            "tier",
            "provider",
            "model",
            "prompt_versions",
            "usage",
            "cost_usd",
            "ttft_ms",
            "total_ms",
            "outcome",
        )
    ]


@pytest.mark.parametrize("kind", [TurnRecord, Call, Feedback, Transcript])
def test_no_field_is_lost_on_writing(kind: Any) -> None:
    samples: dict[type, Entry] = {TurnRecord: TURN, Feedback: RATING, Transcript: TEXT, Call: CALL}
    written = to_dict(samples[kind])
    assert set(written) == {field.name for field in dataclasses.fields(kind)} == set(get_type_hints(kind))


def test_fields_of_a_newer_version_are_ignored() -> None:
    data = to_dict(TURN)
    data["mood"] = "sunny"
    data["calls"][0]["region"] = {"name": "eu"}
    assert from_dict(TurnRecord, data) == TURN


def test_a_field_with_a_default_may_be_missing() -> None:
    data = to_dict(TURN)
    del data["queue_ms"], data["route"]["by"]
    assert from_dict(TurnRecord, data) == TURN


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("route.tier", None, "route.tier is missing"),
        ("calls.0.model", None, r"calls\[0\].model is missing"),
        ("outcome", "vanished", "outcome should be one of answered, handed_off, stopped, failed, not text"),
        ("attempt", "1", "attempt should be a whole number, not text"),
        ("attempt", True, "attempt should be a whole number, not true or false"),
        ("total_ms", float("nan"), "total_ms should be a number, and is not a finite one"),
        ("total_ms", 10**400, "total_ms should be a number, and is not a finite one"),
        ("calls", {}, "calls should be a list, not an object"),
        ("calls.0.usage.input_tokens", 1.5, r"calls\[0\].usage.input_tokens should be a whole number"),
        ("calls.0.prompt_versions", [], r"calls\[0\].prompt_versions should be an object, not a list"),
    ],
)
def test_the_field_that_is_wrong_is_named(path: str, value: object, message: str) -> None:
    data: Any = to_dict(TURN)
    *parents, last = path.split(".")
    place = data
    for name in parents:
        place = place[int(name) if name.isdigit() else name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    with pytest.raises(RecordError, match=message):
        from_dict(TurnRecord, data)


@pytest.mark.parametrize("line", ["", "{", "[]", "null", '"text"', "[" * 100_000, b"\xff\xfe{}"])
def test_what_is_no_record_is_said_in_one_error(line: str | bytes) -> None:
    with pytest.raises(RecordError):
        from_line(TurnRecord, line)


def test_an_error_never_repeats_what_a_customer_wrote() -> None:
    data = to_dict(TEXT)
    data["asked"] = "my secret question"
    with pytest.raises(RecordError) as caught:
        from_dict(Transcript, data)
    assert "secret" not in str(caught.value)


def test_half_a_character_is_written_so_that_any_reader_can_read_it() -> None:
    line = to_line(text(answer="half \ud83d, whole \U0001f600"))
    assert json.loads(line.encode())["answer"] == "half \ud83d, whole \U0001f600"


def test_a_number_that_json_does_not_know_is_refused() -> None:
    with pytest.raises(RecordError, match="The turn record cannot be written"):
        to_line(turn(total_ms=float("inf")))


def test_writing_and_reading_are_quick() -> None:
    """80 us are usual for both, of a turn of two calls; here with room for a busy machine."""
    entry: Entry = turn(calls=(CALL, CALL))
    line = to_line(entry)
    rounds = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(200):
            from_line(TurnRecord, to_line(entry))
        rounds.append((time.perf_counter() - start) / 200)
    assert from_line(TurnRecord, line) == entry
    assert min(rounds) < 2e-3
