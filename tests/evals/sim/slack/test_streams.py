"""A stream's life: what may be written to it, when it ends, and who ends it."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from evals.sim.slack import SlackSim
from tests.evals.sim.slack.conftest import Clock
from tests.evals.sim.slack.refusing import refused

METADATA = {"event_type": "bot_answer", "event_payload": {"turn": "t1"}}
TASK = {"type": "task_update", "id": "a", "title": "Looking", "status": "in_progress"}


@pytest.fixture
def root(slack: SlackSim) -> str:
    return slack.say("U1", "D1", "Where is my parcel?")


async def start(bot: AsyncWebClient, root: str, **words: Any) -> str:
    said = await bot.chat_startStream(channel="D1", thread_ts=root, **words)
    return str(said["ts"])


async def test_words_add_up_to_a_message_with_blocks_and_metadata(
    slack: SlackSim, bot: AsyncWebClient, root: str
) -> None:
    ts = await start(bot, root, markdown_text="On ")
    await bot.chat_appendStream(channel="D1", ts=ts, markdown_text="its ")
    assert slack.messages("D1", root)[1]["streaming_state"] == "in_progress"
    said = await bot.chat_stopStream(
        channel="D1",
        ts=ts,
        markdown_text="way.",
        blocks=[{"type": "divider"}],
        metadata=METADATA,
        session_status="active",
    )
    (message,) = slack.messages("D1", root)[1:]
    assert (message["text"], message["streaming_state"]) == ("On its way.", "completed")
    assert (message["metadata"], message["blocks"][0]["type"]) == (METADATA, "divider")
    assert said["message"]["text"] == "On its way."
    assert slack.session("D1", root) == "active"


async def test_slacks_own_helper_streams_too(slack: SlackSim, bot: AsyncWebClient, root: str) -> None:
    stream = await bot.chat_stream(channel="D1", thread_ts=root, buffer_size=4)
    await stream.append(markdown_text="Hello ")
    await stream.append(chunks=[TASK])
    await stream.stop(markdown_text="you")
    assert slack.messages("D1", root)[1]["text"] == "Hello you"


async def test_a_channels_stream_needs_somebody_to_show_it_to(slack: SlackSim, bot: AsyncWebClient) -> None:
    ts = slack.say("U1", "C1", "Hello")
    whom: dict[str, Any] = {"recipient_team_id": "T0SIM", "recipient_user_id": "U1"}

    async def error(**args: Any) -> str:
        return await refused(bot.chat_startStream(channel="C1", thread_ts=ts, **args))

    assert await error() == "missing_recipient_team_id"
    assert await error(recipient_team_id="T0SIM") == "missing_recipient_user_id"
    assert await error(recipient_team_id="T0SIM", recipient_user_id="U9") == "user_not_found"
    assert await error(recipient_team_id="T9", recipient_user_id="U1") == "team_not_found"
    assert (await bot.chat_startStream(channel="C1", thread_ts=ts, **whom))["ok"]
    said = await refused(bot.api_call("chat.startStream", json={"channel": "C1", **whom}))
    assert said == "invalid_arguments"


async def test_a_stream_is_written_in_one_way_only(slack: SlackSim, bot: AsyncWebClient, root: str) -> None:
    ts = await start(bot, root, markdown_text="a")
    chunk = {"type": "markdown_text", "text": "b"}
    both = bot.chat_appendStream(channel="D1", ts=ts, markdown_text="b", chunks=[chunk])
    assert await refused(both) == "cannot_provide_both_markdown_text_and_chunks"
    other = bot.chat_appendStream(channel="D1", ts=ts, chunks=[chunk])
    assert await refused(other) == "streaming_mode_mismatch"
    assert await refused(bot.chat_appendStream(channel="D1", ts=ts)) == "no_text"
    assert slack.messages("D1", root)[1]["text"] == "a"


@pytest.mark.parametrize(
    "chunk",
    [
        {"type": "song"},
        {"type": "markdown_text"},
        {"type": "task_update", "title": "no id", "status": "pending"},
        {"type": "task_update", "id": "a", "title": "x", "status": "dancing"},
        {"type": "plan_update"},
        {"type": "blocks", "blocks": 1},
        "words",
    ],
)
async def test_a_wrong_chunk_is_refused(bot: AsyncWebClient, root: str, chunk: Any) -> None:
    assert (
        await refused(bot.chat_startStream(channel="D1", thread_ts=root, chunks=[chunk])) == "invalid_chunks"
    )


async def test_a_task_is_replaced_by_its_news(slack: SlackSim, bot: AsyncWebClient, root: str) -> None:
    ts = await start(bot, root, chunks=[TASK, {"type": "plan_update", "title": "Plan"}])
    await bot.chat_appendStream(channel="D1", ts=ts, chunks=[TASK | {"status": "complete"}])
    stream = slack.workspace.channels["D1"].messages[ts].stream
    assert stream
    assert [task["status"] for task in stream.tasks.values()] == ["complete"]


async def test_one_call_and_one_message_have_room_for_so_much(
    slack: SlackSim, bot: AsyncWebClient, root: str
) -> None:
    slack.configure(stream_bytes=13_000)
    ts = await start(bot, root, markdown_text="x" * 12_000)
    too_long = bot.chat_appendStream(channel="D1", ts=ts, markdown_text="é" * 501)
    assert await refused(too_long) == "msg_too_long", "bytes count, not characters"
    assert (await bot.chat_appendStream(channel="D1", ts=ts, markdown_text="é" * 500))["ok"]
    slack.configure(stream_bytes=100_000)
    assert (
        await refused(bot.chat_appendStream(channel="D1", ts=ts, markdown_text="x" * 12_001))
        == "msg_too_long"
    )


@pytest.mark.parametrize("idle", [False, True])
async def test_a_stream_expires_and_can_then_be_updated(
    slack: SlackSim, bot: AsyncWebClient, clock: Clock, root: str, idle: bool
) -> None:
    slack.configure(stream_idle=idle)
    ts = await start(bot, root, markdown_text="a")
    clock.now += 200
    await bot.chat_appendStream(channel="D1", ts=ts, markdown_text="b")
    conflict = bot.chat_update(channel="D1", ts=ts, text="c")
    assert await refused(conflict) == "streaming_state_conflict"
    clock.now += 301 if idle else 101
    late = bot.chat_appendStream(channel="D1", ts=ts, markdown_text="c")
    assert await refused(late) == "message_not_in_streaming_state"
    assert await refused(bot.chat_stopStream(channel="D1", ts=ts)) == "message_not_in_streaming_state"
    assert slack.messages("D1", root)[1]["streaming_state"] == "in_progress", "the pill stays"
    await bot.chat_update(channel="D1", ts=ts, text="whole")
    message = slack.messages("D1", root)[1]
    assert (message["text"], message["streaming_state"]) == ("whole", "completed")


async def test_a_stopped_stream_takes_no_more_words(bot: AsyncWebClient, root: str) -> None:
    ts = await start(bot, root)
    await bot.chat_stopStream(channel="D1", ts=ts, markdown_text="all")
    late = bot.chat_appendStream(channel="D1", ts=ts, markdown_text="b")
    assert await refused(late) == "message_not_in_streaming_state"
    others = bot.chat_appendStream(channel="D1", ts=root, markdown_text="b")
    assert await refused(others) == "message_not_owned_by_app"


async def test_a_refused_stop_changes_nothing(slack: SlackSim, bot: AsyncWebClient, root: str) -> None:
    ts = await start(bot, root, markdown_text="a")
    dividers = [{"type": "divider"}] * 51
    bad = bot.chat_stopStream(channel="D1", ts=ts, markdown_text="b", blocks=dividers)
    assert await refused(bad) == "msg_blocks_too_many"
    bad = bot.chat_stopStream(channel="D1", ts=ts, markdown_text="b", session_status="dancing")
    assert await refused(bad) == "invalid_status"
    await bot.chat_stopStream(channel="D1", ts=ts, markdown_text="b")
    assert slack.messages("D1", root)[1]["text"] == "ab"


async def test_the_customers_stop_ends_all_streams_of_the_thread(
    slack: SlackSim, bot: AsyncWebClient, root: str
) -> None:
    heard: list[dict[str, Any]] = []
    slack.workspace.emit = heard.append
    with pytest.raises(LookupError):
        slack.stop("U1", "D1", root)
    ts = await start(bot, root, markdown_text="a")
    assert slack.stop("U1", "D1", root) == [ts]
    stopped = heard[-1]
    assert (stopped["type"], stopped["user"], stopped["thread_ts"]) == ("agent_session_stopped", "U1", root)
    assert stopped["streaming_message_ts"] == [ts]
    late = bot.chat_appendStream(channel="D1", ts=ts, markdown_text="b")
    assert await refused(late) == "stopped_by_user"
    assert await refused(bot.chat_stopStream(channel="D1", ts=ts)) == "stopped_by_user"
    assert (await bot.chat_update(channel="D1", ts=ts, text="a (stopped)"))["ok"]


async def test_a_session_under_way_can_be_stopped_before_its_first_word(
    slack: SlackSim, bot: AsyncWebClient, root: str
) -> None:
    await bot.agents_sessions_setStatus(channel_id="D1", thread_ts=root, status="processing")
    assert slack.stop("U1", "D1", root) == []
