"""Posting, changing and deleting, through Slack's own client."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from evals.sim.slack import SlackSim
from tests.evals.sim.slack.refusing import refused

METADATA = {"event_type": "bot_answer", "event_payload": {"turn": "t1", "messages": ["m1"]}}
DIVIDERS = [{"type": "divider"}]


@pytest.fixture
def root(slack: SlackSim) -> str:
    return slack.say("U1", "C1", "Where is my parcel?")


async def test_an_answer_stands_in_the_thread_with_its_metadata(
    slack: SlackSim, bot: AsyncWebClient, root: str
) -> None:
    said = await bot.chat_postMessage(channel="C1", text="On its way", thread_ts=root, metadata=METADATA)
    asked, answered = slack.messages("C1", root)
    assert (asked["reply_count"], asked["reply_users"]) == (1, ["U0BOT"])
    assert (answered["ts"], answered["thread_ts"], answered["parent_user_id"]) == (said["ts"], root, "U1")
    assert answered["metadata"] == METADATA


async def test_an_answer_to_a_reply_goes_to_the_threads_root(
    slack: SlackSim, bot: AsyncWebClient, root: str
) -> None:
    reply = slack.say("U1", "C1", "Hello?", root)
    said = await bot.chat_postMessage(channel="C1", text="Yes", thread_ts=reply)
    assert said["message"]["thread_ts"] == root


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({"channel": "C404", "text": "x"}, "channel_not_found"),
        ({"channel": "C1", "text": ""}, "no_text"),
        ({"channel": "C1", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "C1", "markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"channel": "C1", "text": "x", "markdown_text": "x"}, "markdown_text_conflict"),
        ({"channel": "C1", "blocks": DIVIDERS, "markdown_text": "x"}, "markdown_text_conflict"),
        ({"channel": "C1", "text": "x", "blocks": DIVIDERS * 51}, "msg_blocks_too_many"),
        ({"channel": "C1", "text": "x", "blocks": "nope"}, "invalid_blocks_format"),
        (
            {"channel": "C1", "text": "x", "blocks": [{"type": "header", "text": {"text": "x" * 151}}]},
            "invalid_blocks",
        ),
        (
            {"channel": "C1", "text": "x", "blocks": [{"type": "divider", "block_id": "a"}] * 2},
            "invalid_blocks",
        ),
        (
            {"channel": "C1", "text": "x", "blocks": [{"type": "markdown", "text": "x" * 7_000}] * 2},
            "msg_blocks_too_long",
        ),
        ({"channel": "C1", "text": "x", "metadata": {"event_type": "a"}}, "invalid_metadata_format"),
        (
            {
                "channel": "C1",
                "text": "x",
                "metadata": {"event_type": "a", "event_payload": {"b": "x" * 8_001}},
            },
            "metadata_too_large",
        ),
    ],
)
async def test_what_slack_does_not_post(
    slack: SlackSim, bot: AsyncWebClient, root: str, args: dict[str, Any], error: str
) -> None:
    assert await refused(bot.api_call("chat.postMessage", json=args)) == error
    assert len(slack.messages("C1")) == 1


async def test_nothing_is_posted_where_the_bot_is_not_or_nobody_may(
    slack: SlackSim, bot: AsyncWebClient, root: str
) -> None:
    slack.kick_bot("C1")
    assert await refused(bot.chat_postMessage(channel="C1", text="x")) == "not_in_channel"
    slack.invite_bot("C1")
    slack.archive("C1")
    assert await refused(bot.chat_postMessage(channel="C1", text="x")) == "is_archived"


async def test_an_update_keeps_metadata_that_it_does_not_give(
    slack: SlackSim, bot: AsyncWebClient, root: str
) -> None:
    ts = (await bot.chat_postMessage(channel="C1", text="one", thread_ts=root, metadata=METADATA))["ts"]
    await bot.chat_update(channel="C1", ts=ts, text="two")
    (_, message) = slack.messages("C1", root)
    assert (message["text"], message["metadata"], message["edited"]["user"]) == ("two", METADATA, "U0BOT")


async def test_what_slack_does_not_update(slack: SlackSim, bot: AsyncWebClient, root: str) -> None:
    ts = (await bot.chat_postMessage(channel="C1", text="one"))["ts"]
    long = "x" * 4_001
    assert await refused(bot.chat_update(channel="C1", ts=ts, text=long)) == "msg_too_long"
    assert (await bot.chat_update(channel="C1", ts=ts, markdown_text=long))["ok"]
    assert await refused(bot.chat_update(channel="C1", ts=root, text="x")) == "cant_update_message"
    assert await refused(bot.chat_update(channel="C1", ts="1.000001", text="x")) == "message_not_found"


async def test_the_bot_deletes_its_own_messages_only(slack: SlackSim, bot: AsyncWebClient, root: str) -> None:
    ts = (await bot.chat_postMessage(channel="C1", text="one"))["ts"]
    await bot.chat_delete(channel="C1", ts=ts)
    assert [message["ts"] for message in slack.messages("C1")] == [root]
    assert await refused(bot.chat_delete(channel="C1", ts=root)) == "cant_delete_message"


async def test_an_ephemeral_message_is_in_no_list(slack: SlackSim, bot: AsyncWebClient, root: str) -> None:
    await bot.chat_postEphemeral(channel="C1", user="U1", text="psst", thread_ts=root)
    assert slack.workspace.surfaces.ephemerals[0]["text"] == "psst"
    assert len(slack.messages("C1")) == 1
    stranger = bot.chat_postEphemeral(channel="C1", user="U9", text="psst")
    assert await refused(stranger) == "user_not_in_channel"


async def test_a_permalink_leads_into_the_thread(slack: SlackSim, bot: AsyncWebClient, root: str) -> None:
    reply = slack.say("U1", "C1", "Hello?", root)
    said = await bot.chat_getPermalink(channel="C1", message_ts=reply)
    assert said["permalink"].endswith(f"/archives/C1/p{reply.replace('.', '')}?thread_ts={root}&cid=C1")
