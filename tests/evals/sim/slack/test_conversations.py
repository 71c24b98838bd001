"""Reading threads and channels, page by page."""

from __future__ import annotations

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from evals.sim.slack import SlackSim
from tests.evals.sim.slack.conftest import Clock
from tests.evals.sim.slack.refusing import refused


@pytest.fixture
def thread(slack: SlackSim) -> list[str]:
    """A thread of five messages, its root first."""
    root = slack.say("U1", "C1", "0")
    return [root, *(slack.say("U1", "C1", str(number), root) for number in range(1, 5))]


async def test_a_thread_is_read_in_pages_with_its_root_on_each(
    bot: AsyncWebClient, thread: list[str]
) -> None:
    pages = []
    cursor: str | None = None
    while cursor != "":
        said = await bot.conversations_replies(channel="C1", ts=thread[0], limit=2, cursor=cursor)
        pages.append([message["text"] for message in said["messages"]])
        more: dict[str, str] = said.get("response_metadata") or {}
        cursor = more.get("next_cursor", "")
        assert said["has_more"] == bool(cursor)
    assert pages == [["0", "1", "2"], ["0", "3", "4"]]


async def test_borders_are_outside_unless_they_are_asked_for(bot: AsyncWebClient, thread: list[str]) -> None:
    async def texts(**args: str | bool) -> str:
        said = await bot.conversations_replies(channel="C1", ts=thread[0], **args)  # type: ignore[arg-type]
        return "".join(message["text"] for message in said["messages"])

    assert await texts(oldest=thread[2]) == "034"
    assert await texts(oldest=thread[2], inclusive=True) == "0234"
    assert await texts(latest=thread[2]) == "01"
    assert await texts(oldest=thread[1], latest=thread[4]) == "023"


async def test_a_reply_finds_its_thread(bot: AsyncWebClient, thread: list[str]) -> None:
    said = await bot.conversations_replies(channel="C1", ts=thread[3])
    assert len(said["messages"]) == 5


async def test_metadata_is_returned_only_when_asked_for(
    slack: SlackSim, bot: AsyncWebClient, thread: list[str]
) -> None:
    metadata = {"event_type": "bot_answer", "event_payload": {"turn": "t"}}
    await bot.chat_postMessage(channel="C1", text="x", thread_ts=thread[0], metadata=metadata)
    plain = await bot.conversations_replies(channel="C1", ts=thread[0])
    asked = await bot.conversations_replies(channel="C1", ts=thread[0], include_all_metadata=True)
    assert "metadata" not in plain["messages"][-1]
    assert asked["messages"][-1]["metadata"] == metadata


async def test_what_was_just_posted_may_not_be_listed_yet(
    slack: SlackSim, bot: AsyncWebClient, clock: Clock, thread: list[str]
) -> None:
    clock.now += 10
    slack.configure(replies_lag_s=2.0)
    await bot.chat_postMessage(channel="C1", text="new", thread_ts=thread[0])
    assert len((await bot.conversations_replies(channel="C1", ts=thread[0]))["messages"]) == 5
    clock.now += 2
    assert len((await bot.conversations_replies(channel="C1", ts=thread[0]))["messages"]) == 6


async def test_a_channels_history_is_newest_first_without_replies(
    slack: SlackSim, bot: AsyncWebClient, thread: list[str]
) -> None:
    slack.say("U1", "C1", "later")
    slack.say("U1", "C1", "to all", thread[0], broadcast=True)
    said = await bot.conversations_history(channel="C1")
    assert [message["text"] for message in said["messages"]] == ["to all", "later", "0"]
    assert said["messages"][-1]["reply_count"] == 5
    first = await bot.conversations_history(channel="C1", limit=1)
    cursor = first["response_metadata"]["next_cursor"]
    second = await bot.conversations_history(channel="C1", limit=1, cursor=cursor)
    assert [said["messages"][0]["text"] for said in (first, second)] == ["to all", "later"]


async def test_what_cannot_be_read(slack: SlackSim, bot: AsyncWebClient, thread: list[str]) -> None:
    read = bot.conversations_replies
    assert await refused(read(channel="C1", ts="1.000001")) == "thread_not_found"
    assert await refused(read(channel="C404", ts=thread[0])) == "channel_not_found"
    assert await refused(read(channel="C1", ts=thread[0], cursor="??")) == "invalid_cursor"
    assert await refused(read(channel="C1", ts=thread[0], limit=0)) == "invalid_limit"
    slack.kick_bot("C1")
    assert await refused(read(channel="C1", ts=thread[0])) == "not_in_channel"


async def test_conversations_are_found_and_described(slack: SlackSim, bot: AsyncWebClient) -> None:
    slack.say("U1", "C1", "x")
    slack.say("U1", "G1", "x")
    slack.say("U1", "D5", "x")
    slack.kick_bot("C2")
    public = await bot.users_conversations()
    every = await bot.users_conversations(types="public_channel,private_channel,im")
    assert [channel["id"] for channel in public["channels"]] == ["C1"]
    assert [channel["id"] for channel in every["channels"]] == ["C1", "G1", "D5"]
    assert (await bot.conversations_info(channel="C2"))["channel"]["is_member"] is False
    assert (await bot.conversations_info(channel="D5"))["channel"]["user"] == "U1"


async def test_a_direct_conversation_is_opened_once(slack: SlackSim, bot: AsyncWebClient) -> None:
    slack.say("U1", "D5", "x")
    slack.say("U2", "C1", "x")
    assert (await bot.conversations_open(users="U1"))["channel"]["id"] == "D5"
    made = (await bot.conversations_open(users=["U2"]))["channel"]["id"]
    assert (await bot.conversations_open(channel=made, return_im=True))["channel"]["user"] == "U2"
    assert await refused(bot.conversations_open(users="U9")) == "user_not_found"
