"""What leaves for a help desk, and what is taken from one."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.people.changes import claimed, ended, heard, waiting
from bot.people.notices import (
    Action,
    Nonsense,
    change_notice,
    conversation_of,
    handoff_id,
    message_notice,
    parsed,
    read_action,
)
from bot.people.store import HANDED_BACK, RESOLVED, Handoff

TOKEN = "xoxb-123456789012-abcdefgh"
OPENED = Handoff(
    "T0:C0:1700000000.000100", "U0CUSTOMER", turn="T0:C0:1700000000.000100", reason="Asked for a person.",
    summary=f"Ada (ada@shop.example) pasted {TOKEN} and asks for order 4711.",
    link="https://sim.slack.example/archives/C0/p1700000000000100", channel="C0TEAM", ts="1700000001.000100",
    opened_at=1700000001.25, changed_at=1700000001.25, since=1700000000.0001,
)  # fmt: skip


def test_a_notice_says_what_a_person_needs_and_no_more() -> None:
    told = json.loads(change_notice(OPENED).body)
    data = told.pop("data")
    assert told == {"type": "handoff.opened", "timestamp": "2023-11-14T22:13:21.250Z"}
    assert data == {
        "id": handoff_id(OPENED),
        "conversation": OPENED.conversation,
        "customer": "U0CUSTOMER",
        "turn": OPENED.turn,
        "reply_to": f"/handoffs/{handoff_id(OPENED)}",
        "state": "open",
        "by": "",
        "reason": "Asked for a person.",
        "summary": "Ada ([email]) pasted [secret] and asks for order 4711.",
        "link": OPENED.link,
        "asked_at": "2023-11-14T22:13:21.250Z",
        "changed_at": "2023-11-14T22:13:21.250Z",
    }
    assert "C0TEAM" not in change_notice(OPENED).body


def test_the_same_change_has_one_name_and_another_change_another() -> None:
    taken = claimed(OPENED, "@Dana", 1700000010.0, hidden=True).handoff
    resolved = ended(taken, RESOLVED, "@Dana", 1700000020.0).handoff
    back = ended(taken, HANDED_BACK, "@Dana", 1700000020.0).handoff
    later = [OPENED, taken, resolved, back, replace(OPENED, turn="T0:C0:1700000300.000100")]
    assert len({change_notice(each).name for each in later}) == 5
    # What is said meanwhile, and when it was noted, is no change.
    said = replace(waiting(heard(taken, 1700000012.0), 1700000013.0), changed_at=1700000014.0, reminded=2)
    assert change_notice(said).name == change_notice(taken).name
    assert json.loads(change_notice(said).body)["data"]["by"] == "Dana"
    again = claimed(back, "@Dana", 1700000030.0, hidden=True).handoff
    assert change_notice(again).name != change_notice(taken).name


def test_a_handoff_s_name_holds_its_conversation() -> None:
    assert conversation_of(handoff_id(OPENED)) == OPENED.conversation
    assert handoff_id(replace(OPENED, turn="")) != handoff_id(OPENED)


def test_a_customer_s_words_are_redacted_and_cut() -> None:
    notice = message_notice(
        OPENED, "T0:C0:1", f"My card is 4111 1111 1111 1111, {TOKEN} " + "x" * 20_000, 5.0
    )
    told = json.loads(notice.body)
    assert told["type"] == "handoff.message"
    assert told["data"]["text"].startswith("My card is [card], [secret] x")
    assert len(told["data"]["text"]) <= 12_000
    assert notice.name == message_notice(OPENED, "T0:C0:1", "other", 6.0).name


@pytest.mark.parametrize(
    ("body", "action"),
    [
        ({"action": "claim", "by": "Dana"}, Action("claim", "Dana")),
        ({"action": "resolve", "by": " Dana\n  Smith\x1b[31m ", "text": " Done! "}, None),
        ({"action": "reply", "by": "Dana", "text": "Hi"}, Action("reply", "Dana", "Hi")),
        ({"action": "hand_back", "by": "D" * 200, "text": None}, Action("hand_back", "D" * 80)),
        ({"ticket": 7}, None),
        ({}, None),
        ({"action": None, "by": 5}, None),
    ],
)
def test_an_action_is_read(body: dict[str, Any], action: Action | None) -> None:
    if body.get("text") == " Done! ":
        action = Action("resolve", "Dana Smith [31m", "Done!")
    assert read_action(body) == action


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ([], "JSON object"),
        ("resolve", "JSON object"),
        (None, "JSON object"),
        ({"action": "delete", "by": "Dana"}, "`action` must be one of claim, reply"),
        ({"action": ["claim"], "by": "Dana"}, "`action` must be one of"),
        ({"action": "claim"}, "`by` must be the name"),
        ({"action": "claim", "by": "\n\u200b"}, "`by` must be the name"),
        ({"action": "claim", "by": {"name": "Dana"}}, "`by` must be the name"),
        ({"action": "reply", "by": "Dana"}, "`text` is missing"),
        ({"action": "reply", "by": "Dana", "text": "  "}, "`text` is missing"),
        ({"action": "reply", "by": "Dana", "text": ["Hi"]}, "`text` must be what"),
        ({"action": "reply", "by": "Dana", "text": "x" * 12_001}, "at most 12000"),
    ],
)
def test_nonsense_says_what_is_wrong(body: object, says: str) -> None:
    with pytest.raises(Nonsense, match=says):
        read_action(body)


@given(st.binary(max_size=200))
def test_whatever_comes_is_an_object_or_nonsense(raw: bytes) -> None:
    with suppress(Nonsense):
        read_action(parsed(raw))


def test_what_is_nested_deeply_is_nonsense() -> None:
    with pytest.raises(Nonsense):
        parsed(b"[" * 60_000)


def test_half_a_character_can_be_written() -> None:
    action = read_action(parsed(b'{"action":"reply","by":"Da\\ud83dna","text":"Hi \\ud83d"}'))
    assert action == Action("reply", "Da?na", "Hi ?")
