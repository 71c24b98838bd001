"""Recordings on disk: whole, in order, the same bytes for the same calls, and errors that name the place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evals.recording.fingerprint import MODEL
from evals.recording.recording import Recording, Tape, TurnTimes
from evals.recording.store import Store
from graph.errors import InputError
from graph.models import Done, Event, Text, Thinking, ToolCall, ToolStarted
from graph.turn import Usage


def call(text: str = "Thirty days [1].", *, trial: int = 1, step: int = 1, mark: str = "f1") -> Recording:
    return Recording(
        trial=trial,
        step=step,
        source="live",
        recorded_at="2026-11-26T10:00:00Z",
        fingerprint=mark,
        components={MODEL: "anthropic claude-haiku-5-5", "answer.md": "a1b2c3d4e5f6"},
        events=({"text": text},),
        stop="end",
        usage=Usage(100, 10),
        ttft_ms=310.5,
        total_ms=800.0,
        turn=TurnTimes(320.0, 812.5),
    )


def test_what_is_kept_is_read_again_by_another_store(tmp_path: Path) -> None:
    calls = [call(), call("„Ja“ \u2028 \ud83d", step=2, mark="f2")]
    Store(tmp_path).keep("return-window", 1, calls)
    fresh = Store(tmp_path)
    assert fresh.of("return-window") == tuple(calls)
    assert fresh.find("return-window", 1, "f2") == calls[1]
    assert fresh.find("return-window", 2, "f2") is None
    assert fresh.of("another") == ()
    assert fresh.cases() == ("return-window",)
    assert fresh.providers() == {"anthropic"}
    assert fresh.source() == "live"


def test_a_trial_is_replaced_whole_and_the_others_stay_in_order(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.keep("a", 2, [call("two")])
    store.keep("a", 1, [call("one"), call("more", step=2)])
    store.keep("a", 1, [call("one again")])
    kept = [(r.trial, r.step, r.events[0]["text"]) for r in Store(tmp_path).of("a")]
    assert kept == [(1, 1, "one again"), (2, 1, "two")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json"]


def test_the_same_calls_are_not_written_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.keep("a", 1, [call()])
    before = (tmp_path / "a.json").stat().st_ino
    store.keep("a", 1, [call()])
    assert (tmp_path / "a.json").stat().st_ino == before


def test_what_no_case_uses_goes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for case in ("kept", "fewer", "gone"):
        for trial in (1, 2):
            store.keep(case, trial, [call(trial=trial)])
    assert store.prune({"kept": 2, "fewer": 1}) == ("fewer", "gone")
    fresh = Store(tmp_path)
    assert {case: len(fresh.of(case)) for case in fresh.cases()} == {"kept": 2, "fewer": 1}
    assert store.prune({"kept": 2, "fewer": 1}) == ()


@pytest.mark.parametrize("size", [0, 1, 40, 300, -3])
def test_a_torn_file_is_named_with_its_line(tmp_path: Path, size: int) -> None:
    Store(tmp_path).keep("a", 1, [call()])
    path = tmp_path / "a.json"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(InputError, match=r"a\.json:\d+: is not whole JSON") as raised:
        Store(tmp_path).of("a")
    assert f":{path.read_text().count(chr(10)) + 1}:" in str(raised.value)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('"fingerprint": "f2"', '"mark": "f2"', "fingerprint is missing"),
        ('"stop": "end"', '"stop": "over"', "stop should be one of"),
        ('"total_ms": 800.0,', '"total_ms": "long",', "total_ms should be a number"),
        ('"the model": "', '"a model": "', "components.the model is missing"),
        ('"text": "Thirty', '"words": "Thirty', "events[0] is none of the kinds"),
    ],
)
def test_a_wrong_field_is_named_with_the_line_of_its_recording(
    tmp_path: Path, before: str, after: str, says: str
) -> None:
    Store(tmp_path).keep("a", 1, [call("First."), call(step=2, mark="f2")])
    path = tmp_path / "a.json"
    text = path.read_text()
    place = text.rindex(before)
    path.write_text(text[:place] + text[place:].replace(before, after, 1))
    line = [number for number, found in enumerate(text.split("\n"), 1) if found == " {"][1]
    with pytest.raises(InputError) as raised:
        Store(tmp_path).of("a")
    assert f"a.json:{line}: recording 2: " in str(raised.value)
    assert says in str(raised.value)


def test_what_is_no_text_or_no_list_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"\xff\xfe")
    (tmp_path / "b.json").write_text("{}")
    (tmp_path / "c.json").write_text("[" * 100_000)
    for case, says in (("a", "cannot be read"), ("b", "should be a list"), ("c", "is not whole JSON")):
        with pytest.raises(InputError, match=says):
            Store(tmp_path).of(case)


@pytest.mark.parametrize(
    ("events", "kept"),
    [
        ([Text("Thirty "), Text("days.")], ({"text": "Thirty days."},)),
        (
            [Thinking(), Thinking(), Text("Hm"), ToolStarted("escalate"), ToolCall("escalate", '{"re')],
            ({"thinking": ""}, {"text": "Hm"}, {"tool": "escalate", "arguments": '{"re'}),
        ),
        ([ToolStarted("escalate")], ({"tool_started": "escalate"},)),
        ([], ()),
    ],
)
def test_a_tape_plays_what_it_heard(events: list[Event], kept: tuple[dict[str, str], ...]) -> None:
    tape = Tape()
    for event in [*events, Done("end", Usage(3, 2))]:
        tape.hear(event)
    assert (tuple(tape.events), tape.stop, tape.usage) == (kept, "end", Usage(3, 2))
    again = Tape()
    for event in replace(call(), events=kept).heard():
        again.hear(event)
    assert tuple(again.events) == kept
    assert (tape.ttft_ms is None) == (not kept)
