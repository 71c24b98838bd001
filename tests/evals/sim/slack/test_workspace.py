"""Which events a workspace makes of what happens in it."""

from __future__ import annotations

from typing import Any

import pytest

from evals.sim.slack import Refusal, SentFile, SlackSettings, Workspace
from tests.evals.sim.slack.conftest import Clock


@pytest.fixture
def heard() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def workspace(heard: list[dict[str, Any]]) -> Workspace:
    return Workspace(SlackSettings(), Clock(1_700_000_000.0), heard.append)


def kinds(heard: list[dict[str, Any]]) -> list[str]:
    return [inner.get("subtype") or inner["type"] for inner in heard]


def test_no_ts_is_given_twice_while_the_clock_stands_still(workspace: Workspace) -> None:
    given = [workspace.say("U1", "C1", "x"), workspace.say("U1", "C2", "x"), workspace.tick()]
    assert given == ["1700000000.000000", "1700000000.000001", "1700000000.000002"]


def test_a_direct_message_is_one_event(workspace: Workspace, heard: list[dict[str, Any]]) -> None:
    ts = workspace.say("U1", "D1", "Hello <@U0BOT>")
    (inner,) = heard
    assert (inner["type"], inner["channel_type"], inner["user"]) == ("message", "im", "U1")
    assert (inner["ts"], inner["event_ts"], inner["team"]) == (ts, ts, "T0SIM")
    assert inner["client_msg_id"]
    assert "thread_ts" not in inner


def test_a_mention_in_a_channel_is_two_events_of_one_ts(
    workspace: Workspace, heard: list[dict[str, Any]]
) -> None:
    ts = workspace.say("U1", "C1", "<@U0BOT> hello")
    mention, message = heard
    assert (mention["type"], message["type"]) == ("app_mention", "message")
    assert mention["ts"] == message["ts"] == ts
    assert mention["client_msg_id"] == message["client_msg_id"]
    assert message["channel_type"] == "channel"
    assert "channel_type" not in mention


def test_a_reply_names_its_thread(workspace: Workspace, heard: list[dict[str, Any]]) -> None:
    root = workspace.say("U1", "C1", "Hello")
    reply = workspace.say("U2", "C1", "Hi", root)
    workspace.say("U1", "C1", "Yes?", reply, broadcast=True)
    assert [inner.get("thread_ts") for inner in heard] == [None, root, root]
    assert heard[1]["parent_user_id"] == "U1"
    assert heard[2]["subtype"] == "thread_broadcast"


def test_files_come_with_their_addresses_and_maybe_without_words(
    workspace: Workspace, heard: list[dict[str, Any]]
) -> None:
    workspace.say(
        "U1", "D1", "", files=[SentFile("a.pdf", b"%PDF", "application/pdf"), SentFile("b", stub=True)]
    )
    (inner,) = heard
    whole, stub = inner["files"]
    assert (inner["subtype"], inner["text"]) == ("file_share", "")
    assert (whole["size"], whole["mimetype"], whole["mode"]) == (4, "application/pdf", "hosted")
    assert whole["url_private_download"].endswith("/download/a.pdf")
    assert (stub["file_access"], "url_private" in stub) == ("check_file_info", False)


def test_an_edit_shows_both_versions(workspace: Workspace, heard: list[dict[str, Any]]) -> None:
    ts = workspace.say("U1", "C1", "one")
    workspace.edit("U1", "C1", ts, "two")
    inner = heard[-1]
    assert inner["subtype"] == "message_changed"
    assert (inner["previous_message"]["text"], inner["message"]["text"]) == ("one", "two")
    assert inner["message"]["ts"] == ts != inner["ts"]
    assert inner["message"]["edited"]["user"] == "U1"


def test_a_deleted_message_is_gone_but_a_threads_root_leaves_a_tombstone(
    workspace: Workspace, heard: list[dict[str, Any]]
) -> None:
    root = workspace.say("U1", "C1", "one")
    reply = workspace.say("U1", "C1", "two", root)
    workspace.delete("C1", root)
    assert heard[-1]["message"]["subtype"] == "tombstone"
    assert heard[-1]["previous_message"]["text"] == "one"
    workspace.delete("C1", reply)
    assert (heard[-1]["subtype"], heard[-1]["deleted_ts"]) == ("message_deleted", reply)
    assert heard[-1]["previous_message"]["text"] == "two"


def test_reactions_name_whose_message_it_is(workspace: Workspace, heard: list[dict[str, Any]]) -> None:
    ts = workspace.say("U1", "C1", "one")
    workspace.react("U2", "C1", ts, "+1")
    with pytest.raises(Refusal, match="already_reacted"):
        workspace.react("U2", "C1", ts, "+1")
    workspace.unreact("U2", "C1", ts, "+1")
    with pytest.raises(Refusal, match="no_reaction"):
        workspace.unreact("U2", "C1", ts, "+1")
    added, removed = heard[1:]
    assert (added["type"], removed["type"]) == ("reaction_added", "reaction_removed")
    assert added["item"] == removed["item"] == {"type": "message", "channel": "C1", "ts": ts}
    assert (added["user"], added["item_user"], added["reaction"]) == ("U2", "U1", "+1")
    assert added["event_ts"] < removed["event_ts"]


def test_another_bot_and_another_workspace_can_be_told(
    workspace: Workspace, heard: list[dict[str, Any]]
) -> None:
    workspace.say("U7", "C1", "beep", bot_id="B7")
    workspace.person("U8", team="T2")
    workspace.say("U8", "C1", "Hello")
    bot, guest = heard
    assert (bot["bot_id"], "client_msg_id" in bot) == ("B7", False)
    assert guest["team"] == "T2"


def test_the_bot_hears_nothing_of_a_channel_that_it_is_not_in(
    workspace: Workspace, heard: list[dict[str, Any]]
) -> None:
    workspace.kick_bot("C1")
    workspace.say("U1", "C1", "<@U0BOT> hello")
    assert heard == []
    workspace.invite_bot("C1")
    workspace.say("U1", "C1", "<@U0BOT> hello")
    assert kinds(heard) == ["app_mention", "message"]


def test_opening_the_home_tab_and_archiving_are_told(
    workspace: Workspace, heard: list[dict[str, Any]]
) -> None:
    workspace.open_home("U1", "messages")
    workspace.say("U1", "C1", "x")
    workspace.archive("C1")
    assert kinds(heard) == ["app_home_opened", "message", "channel_archive"]
    assert (heard[0]["tab"], heard[0]["user"], heard[0]["channel"]) == ("messages", "U1", "D1")
