"""Status, sessions, prompts, views, reactions, people and files."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from evals.sim.slack import SentFile, SlackSim
from tests.evals.sim.slack.conftest import Clock
from tests.evals.sim.slack.refusing import refused


@pytest.fixture
def root(slack: SlackSim) -> str:
    return slack.say("U1", "D1", "Hello")


async def test_a_status_goes_when_something_is_posted_or_after_two_minutes(
    slack: SlackSim, bot: AsyncWebClient, clock: Clock, root: str
) -> None:
    async def set_status(status: str) -> None:
        await bot.assistant_threads_setStatus(channel_id="D1", thread_ts=root, status=status)

    await set_status("is thinking")
    assert slack.status("D1", root) == "is thinking"
    await bot.chat_postMessage(channel="D1", thread_ts=root, text="Hi")
    assert slack.status("D1", root) == ""
    await set_status("is thinking")
    clock.now += 120
    assert slack.status("D1", root) == ""
    await set_status("is thinking")
    await set_status("")
    assert slack.status("D1", root) == ""


async def test_more_than_ten_loading_messages_are_refused(bot: AsyncWebClient, root: str) -> None:
    asked = {"channel_id": "D1", "thread_ts": root, "status": "x", "loading_messages": ["x"] * 11}
    assert await refused(bot.assistant_threads_setStatus(**asked)) == "invalid_arguments"  # type: ignore[arg-type]


async def test_titles_and_prompts_are_kept(slack: SlackSim, bot: AsyncWebClient, root: str) -> None:
    await bot.assistant_threads_setTitle(channel_id="D1", thread_ts=root, title="A parcel")
    prompt = {"title": "Parcel", "message": "Where is my parcel?"}
    await bot.assistant_threads_setSuggestedPrompts(channel_id="D1", prompts=[prompt])
    assert slack.workspace.surfaces.titles["D1", root] == "A parcel"
    assert slack.workspace.surfaces.prompts["D1", ""] == [prompt]
    wrong = bot.assistant_threads_setSuggestedPrompts(channel_id="D1", prompts=[{"title": "no message"}])
    assert await refused(wrong) == "invalid_arguments"


async def test_a_session_has_one_of_four_statuses(slack: SlackSim, bot: AsyncWebClient, root: str) -> None:
    await bot.agents_sessions_setStatus(channel_id="D1", thread_ts=root, status="suspended")
    assert slack.session("D1", root) == "suspended"
    wrong = bot.agents_sessions_setStatus(channel_id="D1", thread_ts=root, status="dancing")
    assert await refused(wrong) == "invalid_status"
    homeless = bot.agents_sessions_setStatus(channel_id="D1", status="active")
    assert await refused(homeless) == "thread_ts_required"


async def test_the_bot_reacts_and_takes_it_back(slack: SlackSim, bot: AsyncWebClient, root: str) -> None:
    about: dict[str, Any] = {"channel": "D1", "timestamp": root}
    await bot.reactions_add(name="eyes", **about)
    assert await refused(bot.reactions_add(name="eyes", **about)) == "already_reacted"
    said = await bot.reactions_get(**about)
    assert said["message"]["reactions"] == [{"name": "eyes", "users": ["U0BOT"], "count": 1}]
    await bot.reactions_remove(name="eyes", **about)
    assert await refused(bot.reactions_remove(name="eyes", **about)) == "no_reaction"
    assert "reactions" not in (await bot.reactions_get(**about))["message"]
    assert await refused(bot.reactions_add(name=":eyes:", **about)) == "invalid_name"


async def test_people_and_bots_are_described(slack: SlackSim, bot: AsyncWebClient) -> None:
    slack.person("U1", name="ada", locale="de-DE")
    assert (await bot.users_info(user="U1", include_locale=True))["user"]["locale"] == "de-DE"
    assert "locale" not in (await bot.users_info(user="U1"))["user"]
    assert await refused(bot.users_info(user="U9")) == "user_not_found"
    assert (await bot.bots_info(bot="B0BOT"))["bot"]["user_id"] == "U0BOT"


async def test_views_are_published_and_opened(slack: SlackSim, bot: AsyncWebClient, root: str) -> None:
    home: dict[str, Any] = {"type": "home", "blocks": []}
    await bot.views_publish(user_id="U1", view=home)
    assert slack.workspace.surfaces.homes["U1"]["type"] == "home"
    modal: dict[str, Any] = {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": []}
    assert await refused(bot.views_publish(user_id="U1", view=modal)) == "invalid_arguments"


async def test_a_dialogue_is_opened_by_a_press_within_three_seconds_and_once(
    slack: SlackSim, bot: AsyncWebClient, clock: Clock
) -> None:
    title = {"type": "plain_text", "text": "x"}
    modal: dict[str, Any] = {"type": "modal", "title": title, "blocks": []}
    surfaces = slack.workspace.surfaces
    surfaces.triggers.update(t1=clock.now, t2=clock.now)
    await bot.views_open(trigger_id="t1", view=modal)
    assert surfaces.modals[0]["trigger_id"] == "t1"
    assert await refused(bot.views_open(trigger_id="t1", view=modal)) == "invalid_trigger_id"
    clock.now += 3.5
    assert await refused(bot.views_open(trigger_id="t2", view=modal)) == "expired_trigger_id"


async def test_a_dialogue_with_too_long_a_text_or_label_is_refused(
    slack: SlackSim, bot: AsyncWebClient, clock: Clock
) -> None:
    title = {"type": "plain_text", "text": "x"}
    element = {"type": "plain_text_input", "action_id": "a", "initial_value": "x" * 3_001}
    long = [{"type": "input", "block_id": "b", "label": title, "element": element}]
    surfaces = slack.workspace.surfaces
    wrong: tuple[dict[str, Any], ...] = (
        {"blocks": long, "submit": title},
        {"title": {"type": "plain_text", "text": "x" * 25}},
        {"private_metadata": "x" * 3_001},
        {"blocks": [{**long[0], "element": {**element, "initial_value": "x"}}]},
    )
    for number, change in enumerate(wrong):
        surfaces.triggers[f"t{number}"] = clock.now
        view = {"type": "modal", "title": title, "blocks": [], **change}
        assert await refused(bot.views_open(trigger_id=f"t{number}", view=view)) == "invalid_arguments"


async def test_a_stubs_file_is_described_in_full_on_request(slack: SlackSim, bot: AsyncWebClient) -> None:
    slack.say("U1", "D1", "", files=[SentFile("a.txt", b"abc", stub=True)])
    stub = slack.messages("D1")[0]["files"][0]
    assert (await bot.files_info(file=stub["id"]))["file"]["size"] == 3
    assert await refused(bot.files_info(file="F404")) == "file_not_found"
