"""The payloads around events and presses, as Bolt reads them."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

from slack_bolt.request.internals import extract_actor_team_id, extract_channel_id, extract_user_id

from evals.sim.slack.events import (
    block_actions,
    event_callback,
    home_actions,
    new_event_id,
    time_of,
    url_verification,
    view_submission,
)
from evals.sim.slack.settings import SlackSettings
from tests.evals.sim.slack.delivering import message

SETTINGS = SlackSettings()
FEEDBACK: dict[str, Any] = {
    "type": "feedback_buttons",
    "action_id": "feedback",
    "positive_button": {"text": {"type": "plain_text", "text": "Good"}, "value": "pos:1"},
    "negative_button": {"text": {"type": "plain_text", "text": "Bad"}, "value": "neg:1"},
}
ANSWER: dict[str, Any] = {
    "ts": "1700000000.000002",
    "thread_ts": "1700000000.000001",
    "text": "Your card is on its way.",
    "blocks": [
        {"type": "section", "block_id": "words"},
        {"type": "context_actions", "block_id": "buttons", "elements": [FEEDBACK]},
    ],
}


def press(value: str, answer: dict[str, Any] = ANSWER) -> dict[str, Any]:
    return block_actions(
        SETTINGS,
        user="U1",
        channel="D1",
        message=answer,
        element=FEEDBACK,
        value=value,
        ts="1700000009.000001",
    )


def test_an_event_is_wrapped_as_slack_wraps_it() -> None:
    payload = event_callback(SETTINGS, message(1))
    assert payload["event"] == message(1)
    assert (payload["type"], payload["team_id"], payload["api_app_id"]) == (
        "event_callback",
        "T0SIM",
        "A0BOT",
    )
    assert abs(payload["event_time"] - time.time()) < 5
    assert payload["event_id"].startswith("Ev")
    [authorization] = payload["authorizations"]
    assert (authorization["team_id"], authorization["user_id"]) == ("T0SIM", "U0BOT")
    assert authorization["is_bot"] is True
    assert payload["is_ext_shared_channel"] is False
    context = json.loads(base64.b64decode(payload["event_context"].removeprefix("4-")))
    assert context == {"et": "message", "tid": "T0SIM", "aid": "A0BOT", "cid": "D1"}


def test_no_two_events_have_one_id() -> None:
    assert len({new_event_id() for _ in range(1000)}) == 1000


def test_a_sender_from_another_team_is_in_a_shared_channel() -> None:
    payload = event_callback(SETTINGS, message(user_team="T2"))
    assert payload["is_ext_shared_channel"] is True
    assert extract_actor_team_id(payload) == "T2"
    assert payload["team_id"] == "T0SIM"


def test_bolt_finds_who_pressed_where() -> None:
    payload = press("pos:1")
    assert (extract_user_id(payload), extract_channel_id(payload)) == ("U1", "D1")
    assert payload["container"] == {
        "type": "message",
        "message_ts": "1700000000.000002",
        "channel_id": "D1",
        "is_ephemeral": False,
        "thread_ts": "1700000000.000001",
    }
    assert payload["message"] == ANSWER


def test_a_press_says_which_button_it_was() -> None:
    actions = [press(value)["actions"] for value in ("pos:1", "neg:1")]
    assert [(action["value"], action["text"]["text"]) for [action] in actions] == [
        ("pos:1", "Good"),
        ("neg:1", "Bad"),
    ]
    [action] = actions[0]
    assert (action["type"], action["action_id"], action["block_id"], action["action_ts"]) == (
        "feedback_buttons",
        "feedback",
        "buttons",
        "1700000009.000001",
    )


def test_a_button_may_stand_beside_a_section() -> None:
    button = {"type": "button", "action_id": "claim", "text": {"type": "plain_text", "text": "Claim"}}
    card = {"ts": "1.2", "blocks": [{"type": "section", "block_id": "card", "accessory": button}]}
    payload = block_actions(
        SETTINGS, user="U1", channel="C1", message=card, element=button, value="t", ts="1.3"
    )
    assert payload["actions"][0]["block_id"] == "card"
    assert payload["actions"][0]["text"] == button["text"]
    assert "thread_ts" not in payload["container"]


def test_a_challenge_is_asked() -> None:
    asked = url_verification("words")
    assert (asked["type"], asked["challenge"]) == ("url_verification", "words")


def test_an_event_without_a_message_is_known_by_its_own_time() -> None:
    assert time_of({"type": "reaction_added", "event_ts": "1.5"}) == "1.5"
    assert time_of(message(7)) == "1700000000.000007"
    assert time_of({"type": "tokens_revoked"}) == ""


def test_a_press_in_the_home_tab_stands_under_no_message() -> None:
    button = {
        "type": "button",
        "action_id": "pause",
        "value": "*",
        "text": {"type": "plain_text", "text": "P"},
    }
    view = {"type": "home", "id": "V1", "blocks": [{"type": "actions", "elements": [button]}]}
    payload = home_actions(SETTINGS, user="U1", view=view, element=button, ts="1.5")
    assert (extract_user_id(payload), extract_channel_id(payload)) == ("U1", None)
    assert payload["container"] == {"type": "view", "view_id": "V1"}
    assert payload["view"]["team_id"] == "T0SIM"
    assert "message" not in payload
    [action] = payload["actions"]
    assert (action["action_id"], action["value"], action["action_ts"]) == ("pause", "*", "1.5")


def test_a_dialogue_that_is_sent_off_tells_what_its_fields_hold() -> None:
    def field(name: str, text: str) -> dict[str, Any]:
        element = {"type": "plain_text_input", "action_id": "text", "initial_value": text}
        return {"type": "input", "block_id": name, "element": element}

    view = {
        "type": "modal",
        "id": "V1",
        "callback_id": "edit",
        "blocks": [field("a", "As"), field("b", "Bs")],
    }
    payload = view_submission(SETTINGS, user="U1", view=view, texts={"b": "Other"}, ts="1.5")
    assert payload["type"] == "view_submission"
    assert extract_user_id(payload) == "U1"
    values = payload["view"]["state"]["values"]
    assert [values[name]["text"]["value"] for name in ("a", "b")] == ["As", "Other"]
    assert payload["view"]["callback_id"] == "edit"
