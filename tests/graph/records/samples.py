"""Records for the tests, each whole, with what a test cares about changed by keyword."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from graph.turn import Call, Feedback, Route, Source, Transcript, TurnRecord, Usage

CALL = Call(
    tier="small",
    provider="anthropic",
    model="claude-haiku-5-5",
    outcome="ok",
    prompt_versions={"answer": "0a1b", "voice": "2c3d"},
    usage=Usage(input_tokens=900, output_tokens=85, cache_read_tokens=700),
    cost_usd=0.0009,
    ttft_ms=310.5,
    total_ms=900.25,
)

TURN = TurnRecord(
    turn_id="turn-1",
    messages=("m1", "m2"),
    attempt=1,
    conversation="T1:C1:17.5",
    customer="U1",
    received_at=1_000_000.0,
    route=Route("small", "Nothing speaks against the small model."),
    calls=(CALL,),
    sources=(Source("returns/deadline.md", "Returns", "https://shop.example/returns"),),
    outcome="answered",
    language="en",
    total_ms=1250.0,
    first_words_ms=480.0,
    cost_usd=0.0009,
)

TEXT = Transcript(
    turn_id="turn-1",
    conversation="T1:C1:17.5",
    customer="U1",
    at=1_000_000.0,
    language="en",
    asked=("Where is my parcel?",),
    answer="It is on its way.",
    tier="small",
    outcome="answered",
)

RATING = Feedback("turn-1", "asker", "U1", "up", "button", 1_000_060.0)


def turn(turn_id: str = "turn-1", **changes: Any) -> TurnRecord:
    return replace(TURN, turn_id=turn_id, **changes)


def text(turn_id: str = "turn-1", **changes: Any) -> Transcript:
    return replace(TEXT, turn_id=turn_id, **changes)


def rating(turn_id: str = "turn-1", **changes: Any) -> Feedback:
    return replace(RATING, turn_id=turn_id, **changes)
