"""Whatever Slack sends is read, or ignored with a reason; nothing raises."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.incoming import (
    Deleted,
    Edited,
    File,
    HomeOpened,
    Ignored,
    Incoming,
    IncomingMessage,
    Pressed,
    Reacted,
    Stopped,
    Submitted,
    dedupe_keys,
    read_event,
    team_of,
)
from tests.bot.slack.payloads import (
    ANN,
    BOT,
    EVERY,
    HOME,
    PDF,
    STOP,
    TS,
    callback,
    changed,
    deleted,
    mention,
    message,
    press,
    reaction,
)


def read_message(event: dict[str, Any], **more: Any) -> IncomingMessage:
    found = read_event(callback(event, **more), BOT)
    assert isinstance(found, IncomingMessage)
    return found


def why(body: object) -> str:
    found = read_event(body, BOT)
    assert isinstance(found, Ignored)
    return found.why


def test_a_message_is_read_with_all_that_identifies_it() -> None:
    found = read_message(message(thread_ts="1763999999.000001"))
    assert found == IncomingMessage(
        event_id="Ev1",
        team="T1",
        channel="C1",
        ts=TS,
        thread_ts="1763999999.000001",
        user=ANN,
        user_team="T1",
        text="Where is my parcel?",
        sent_at=1764000000.0001,
        shared=False,
    )
    assert (found.id, found.conversation) == (f"T1:C1:{TS}", "T1:C1:1763999999.000001")


@pytest.mark.parametrize(("told", "shared"), [(True, True), (False, False), ("yes", None), (None, None)])
def test_whether_another_company_is_there_is_as_slack_tells_it(told: object, shared: bool | None) -> None:
    assert read_message(message(), is_ext_shared_channel=told).shared is shared
    edited = read_event(callback(changed(message("b"), message("a")), is_ext_shared_channel=told), BOT)
    assert isinstance(edited, Edited)
    assert edited.message.shared is shared


def test_the_first_message_of_a_thread_is_in_the_thread_that_it_begins() -> None:
    found = read_message(message(thread_ts=TS))
    assert found.thread_ts is None
    assert found.conversation == read_message(message()).conversation == f"T1:C1:{TS}"


def test_a_mention_and_its_message_event_are_the_same_but_for_the_event() -> None:
    text = f"<@{BOT}> is it open, <@U2>?"
    one = read_message(message(text), event_id="Ev1")
    other = read_message(mention(text), event_id="Ev2")
    assert one.mentions == (BOT, "U2")
    assert one.text == "is it open, @U2?"
    assert (one.event_id, other.event_id) == ("Ev1", "Ev2")
    assert replace(other, event_id="Ev1") == one
    assert set(dedupe_keys(one)) & set(dedupe_keys(other)) == {f"m:T1:C1:{TS}"}


def test_the_bots_mention_is_known_from_the_payload_too() -> None:
    found = read_event(callback(mention(f"<@{BOT}> hello")))
    assert isinstance(found, IncomingMessage)
    assert found.text == "hello"


def test_a_file_without_words_is_a_message() -> None:
    found = read_message(message("", subtype="file_share", files=[PDF]))
    url = PDF["url_private_download"]
    assert found.text == ""
    assert found.files == (File("F1", "invoice.pdf", "application/pdf", 1200, str(url)),)


def test_a_file_of_another_workspace_is_a_stub_and_a_deleted_one_is_none() -> None:
    stub = {"id": "F2", "mode": "file_access", "file_access": "check_file_info"}
    found = read_message(message("Here", files=[stub, {"id": "F3", "mode": "tombstone"}]))
    assert found.files == (File("F2", "", "", stub=True),)


def test_a_mention_alone_is_a_message_without_words() -> None:
    assert read_message(mention(f"<@{BOT}>")).text == ""


def test_a_message_that_only_passes_another_on_has_its_words() -> None:
    shared = [{"is_share": True, "text": "The parcel is lost"}, {"text": "an unfurled link"}]
    assert read_message(message("", attachments=shared)).text == "The parcel is lost"


def test_in_a_shared_channel_the_bots_workspace_and_the_senders_are_told_apart() -> None:
    body = callback(message(user_team="T2", source_team="T2", team="T2"), is_ext_shared_channel=True)
    body["team_id"] = "T2"
    found = read_event(body, BOT)
    assert isinstance(found, IncomingMessage)
    assert (found.team, found.user_team) == ("T1", "T2")


@pytest.mark.parametrize(
    ("event", "dm"),
    [
        (message(channel="D1", channel_type="im"), True),
        (message(channel="D1", channel_type=None), True),
        (message(channel="G1", channel_type="mpim"), False),
        (message(), False),
    ],
)
def test_direct_messages_are_told_from_groups_and_channels(event: dict[str, Any], dm: bool) -> None:
    assert read_message(event).dm is dm


def test_other_bots_and_slackbot_are_bots() -> None:
    named = read_message(message(subtype="bot_message", user=None, bot_id="B9"))
    assert (named.user, named.bot) == ("B9", True)
    assert read_message(message(bot_id="B9")).bot
    assert read_message(message(user="USLACKBOT")).bot
    assert not read_message(message()).bot


def test_a_reply_shown_to_the_channel_is_one_reply() -> None:
    event = message(
        subtype="thread_broadcast", thread_ts="1763999999.000001", root={"ts": "1763999999.000001"}
    )
    found = read_message(event)
    assert found.broadcast
    assert found.conversation == "T1:C1:1763999999.000001"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (None, "type ?"),
        ([], "type ?"),
        ({"type": "app_rate_limited"}, "type app_rate_limited"),
        ({"type": "view_closed"}, "type view_closed"),
        (callback({"type": "channel_rename"}), "type channel_rename"),
        (callback({"type": "words of somebody"}), "type event_callback"),
        (callback(message(), event_id=""), "no usable event_id"),
        (callback(message(user=None)), "no usable user"),
        (callback(message(ts="yesterday")), "no usable ts"),
        (callback(message(ts=1764000000.1)), "no usable ts"),
        (callback(message(channel="C1:x{y}")), "no usable channel"),
        (callback(message(None)), "neither words nor files"),  # type: ignore[arg-type]  # Slack leaves it out
        (callback(message(" \n")), "neither words nor files"),
        (callback(message(subtype="channel_join")), "subtype channel_join"),
        (callback(message(subtype=["odd"])), None),
        (callback(reaction(item={"type": "file", "file": "F1"})), "not to a message"),
        (callback(reaction(reaction="")), "no usable reaction"),
        (press(actions=[]), "no usable action_id"),
        (press(user={}), "no usable id"),
    ],
)
def test_what_cannot_be_used_is_ignored_with_a_reason(body: object, reason: str | None) -> None:
    if reason is None:
        assert isinstance(read_event(body, BOT), IncomingMessage)
    else:
        assert reason in why(body)


def test_a_team_is_needed() -> None:
    body = callback(message()) | {"authorizations": [], "team_id": None}
    assert why(body) == "The message has no usable team_id."


def test_an_edit_is_the_message_as_it_stands_now() -> None:
    now = message("Where is my second parcel?", edited={"user": ANN, "ts": "1764000009.000000"})
    found = read_event(callback(changed(now, message())), BOT)
    assert isinstance(found, Edited)
    assert found.message.text == "Where is my second parcel?"
    assert (found.message.ts, found.message.channel) == (TS, "C1")


def test_taking_a_file_out_is_an_edit() -> None:
    found = read_event(callback(changed(message(), message(files=[PDF]))), BOT)
    assert isinstance(found, Edited)


@pytest.mark.parametrize(
    ("now", "before"),
    [
        (message(attachments=[{"from_url": "https://x"}]), message()),
        (message("new", user=BOT), message("old", user=BOT)),
        (message("new", bot_id="B9"), message("old", bot_id="B9")),
        (message("said once"), None),
        (message(""), message("old")),
    ],
    ids=["unfurled", "own", "another bot's", "not known what changed", "emptied"],
)
def test_other_changes_are_no_edits(now: dict[str, Any], before: dict[str, Any] | None) -> None:
    assert why(callback(changed(now, before)))


def test_an_edit_without_what_was_before_is_known_by_its_mark() -> None:
    now = message("new", edited={"user": ANN, "ts": "1764000009.000000"})
    assert isinstance(read_event(callback(changed(now, None)), BOT), Edited)


def test_a_deletion_names_the_message_and_its_thread() -> None:
    expected = Deleted("Ev1", "T1", "C1", TS, "1763999999.000001")
    assert read_event(callback(deleted()), BOT) == expected
    assert expected.id == f"T1:C1:{TS}"


def test_the_deletion_of_a_threads_first_message_comes_as_a_change() -> None:
    tombstone = message("This message was deleted.", subtype="tombstone", user="USLACKBOT", thread_ts=TS)
    found = read_event(callback(changed(tombstone, message())), BOT)
    assert found == Deleted("Ev1", "T1", "C1", TS, None)


@pytest.mark.parametrize("added", [True, False])
def test_a_reaction_is_read(added: bool) -> None:
    event = reaction(type="reaction_added" if added else "reaction_removed")
    assert read_event(callback(event), BOT) == Reacted(
        "Ev1", "T1", "C1", TS, ANN, "+1::skin-tone-3", added, 1764000010.0002, BOT
    )


def test_a_press_under_an_answer_is_read() -> None:
    assert read_event(press(), BOT) == Pressed(
        team="T1",
        channel="C1",
        ts=TS,
        thread_ts="1763999999.000001",
        user=ANN,
        user_team="T1",
        action="feedback",
        value="up",
        at=1764000011.0003,
        response_url="https://hooks.slack.com/actions/T1/1/x",
        trigger_id="1.2.3",
    )


def test_a_press_in_the_home_tab_has_no_message() -> None:
    body = press(container={"type": "view", "view_id": "V1"}, view={"id": "V1", "team_id": "T1"})
    del body["channel"], body["message"]
    found = read_event(body, BOT)
    assert isinstance(found, Pressed)
    assert (found.team, found.channel, found.ts, found.thread_ts) == ("T1", "", "", None)


def test_a_press_by_somebody_of_another_workspace_belongs_to_the_bots() -> None:
    shared = press(team={"id": "T2"}, user={"id": "U9", "team_id": "T2"})
    shared["message"]["team"] = "T1"
    found = read_event(shared, BOT)
    assert isinstance(found, Pressed)
    assert found.team == "T1"


def test_stop_and_home_are_read() -> None:
    assert read_event(callback(STOP)) == Stopped("Ev1", "T1", "C1", TS, ANN, ("1764000001.000200",))
    assert read_event(callback(HOME)) == HomeOpened("Ev1", "T1", ANN, "home", "D1")


def test_two_presses_have_different_keys_and_one_has_the_same_twice() -> None:
    again = press()
    again["actions"][0]["action_ts"] = "1764000011.000301"
    one, same, other = (read_event(body) for body in (press(), press(), again))
    assert isinstance(one, Pressed)
    assert isinstance(same, Pressed)
    assert isinstance(other, Pressed)
    assert dedupe_keys(one) == dedupe_keys(same) != dedupe_keys(other)


def test_half_a_character_does_not_get_through() -> None:
    body = json.loads(json.dumps(callback(message("half \ud83d of an emoji"))))
    found = read_event(body, BOT)
    assert isinstance(found, IncomingMessage)
    assert found.text.encode() == b"half ? of an emoji"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
ODD = JSON | st.sampled_from(["", ":", "1.2", "\ud800", "nan", "9" * 400, "<@", "message", "message_changed"])


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of everything inside a payload."""
    inner: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


def replaced(value: Any, path: tuple[str | int, ...], by: object) -> Any:
    if not path:
        return by
    copied = copy.copy(value)
    copied[path[0]] = replaced(value[path[0]], path[1:], by)
    return copied


def assert_safe(found: Incoming | Ignored) -> None:
    """Everything that goes into keys and texts can go there."""
    if isinstance(found, Ignored):
        assert re.fullmatch(r"[\w .?'-]+", found.why)
        return
    assert all(key.isascii() and not set(key) & set("{} \n") for key in dedupe_keys(found))
    repr(found).encode()
    json.dumps([str(value) for value in dedupe_keys(found)])


@given(JSON)
def test_any_json_is_read_or_ignored(body: object) -> None:
    assert_safe(read_event(body))


@given(st.data())
def test_any_payload_with_odd_parts_is_read_or_ignored(data: st.DataObject) -> None:
    body: Any = data.draw(st.sampled_from(EVERY))
    for _ in range(data.draw(st.integers(1, 3))):
        body = replaced(body, data.draw(st.sampled_from(places(body))), data.draw(ODD))
    assert_safe(read_event(body, BOT))


@pytest.mark.parametrize("body", EVERY)
def test_each_of_the_payloads_is_read_as_it_is(body: dict[str, Any]) -> None:
    assert not isinstance(read_event(body, BOT), Ignored)


def submission(**view: Any) -> dict[str, Any]:
    """Return a dialogue with two fields that was sent off."""
    fields = [{"type": "input", "block_id": name} for name in ("b", "a")]
    values = {"a": {"text": {"value": " Second \ud83d"}}, "b": {"text": {"value": "First"}}}
    told = {"id": "V1", "callback_id": "pause", "private_metadata": "about", "team_id": "T1"}
    return {
        "type": "view_submission",
        "user": {"id": ANN, "team_id": "T1"},
        "view": {**told, "blocks": fields, "state": {"values": values}, **view},
    }


def test_a_dialogue_that_was_sent_off_has_its_fields_in_their_order() -> None:
    sent = read_event(submission(), BOT)
    assert sent == Submitted("T1", ANN, "V1", "pause", "about", "First\n\nSecond ?")
    assert isinstance(sent, Submitted)
    assert dedupe_keys(sent) == ("v:T1:V1",)


@pytest.mark.parametrize(
    "view", [{"id": None}, {"callback_id": ""}, {"id": "V:1"}, {"team_id": None, "state": [], "blocks": "x"}]
)
def test_an_odd_dialogue_breaks_nothing(view: dict[str, Any]) -> None:
    assert isinstance(read_event(submission(**view), BOT), Ignored | Submitted)


@pytest.mark.parametrize(
    ("named", "team"),
    [
        ({"user_team": "T2", "team": "T1"}, "T2"),
        ({"user_team": "E2", "source_team": "T2", "team": "T1"}, "T2"),
        ({"user_team": "E2", "team": "T1"}, "E2"),
        ({"team": "T1"}, "T1"),
        ({"team": None}, None),
    ],
)
def test_the_writer_s_workspace_is_theirs_not_the_channel_s(named: dict[str, Any], team: str | None) -> None:
    assert read_message(message(**named)).user_team == team


@pytest.mark.parametrize(
    ("body", "team"),
    [
        (callback(message()), "T1"),
        (callback(message(), authorizations=[{"team_id": "T3"}]), "T3"),
        (callback({"type": "app_uninstalled"}), "T1"),
        (press(team={"id": "T2"}, message={**press()["message"], "team": "T1"}), "T1"),
        (press(message=None, team={"id": "T2"}, view={"app_installed_team_id": "T1", "team_id": "T2"}), "T1"),
        ({"type": "view_submission", "view": {"team_id": "T1"}}, "T1"),
        ("no payload", ""),
    ],
)
def test_a_payload_is_for_the_workspace_in_which_the_bot_is(body: object, team: str) -> None:
    assert team_of(body) == team
