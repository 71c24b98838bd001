"""Who is where, under which name a message stands, and message shortcuts."""

from __future__ import annotations

from slack_sdk.web.async_client import AsyncWebClient

from evals.sim.slack import SlackSettings, SlackSim
from evals.sim.slack.events import message_action
from tests.evals.sim.slack.refusing import refused


async def test_members_are_listed_page_by_page_with_the_bot(slack: SlackSim, bot: AsyncWebClient) -> None:
    slack.invite_bot("C1")
    for user in ("U1", "U2", "U3"):
        slack.join(user, "C1")
    slack.leave("U2", "C1")
    first = await bot.conversations_members(channel="C1", limit=2)
    after = first["response_metadata"]["next_cursor"]
    second = await bot.conversations_members(channel="C1", limit=2, cursor=after)
    assert [*first["members"], *second["members"]] == [slack.settings.bot_user, "U1", "U3"]


async def test_of_a_private_channel_without_the_bot_nothing_is_said(
    slack: SlackSim, bot: AsyncWebClient
) -> None:
    slack.join("U1", "G1")
    slack.kick_bot("G1")
    assert await refused(bot.conversations_members(channel="G1")) == "channel_not_found"


async def test_a_group_is_listed_whole(slack: SlackSim, bot: AsyncWebClient) -> None:
    assert await refused(bot.usergroups_users_list(usergroup="S1")) == "no_such_subteam"
    slack.group("S1", ["U1", "U2"])
    assert (await bot.usergroups_users_list(usergroup="S1"))["users"] == ["U1", "U2"]


async def test_another_name_needs_a_scope_of_its_own(slack: SlackSim, bot: AsyncWebClient) -> None:
    slack.invite_bot("C1")
    posted = await bot.chat_postMessage(channel="C1", text="Hi", username="sam")
    assert posted["message"]["username"] == "sam"
    slack.configure(scopes=tuple(s for s in SlackSettings().scopes if s != "chat:write.customize"))
    assert await refused(bot.chat_postMessage(channel="C1", text="Hi", username="sam")) == "missing_scope"


async def test_a_channel_says_whether_it_is_shared(slack: SlackSim, bot: AsyncWebClient) -> None:
    slack.invite_bot("C1")
    slack.share("C1")
    about = (await bot.conversations_info(channel="C1"))["channel"]
    assert about["is_ext_shared"] is True


def test_a_shortcut_s_payload_names_the_message_and_has_no_container() -> None:
    told = {"ts": "17.5", "thread_ts": "16.5", "user": "U2", "text": "Hi"}
    made = message_action(
        SlackSettings(), user="U1", channel="C1", message=told, callback_id="claim", ts="18.5"
    )
    about = (made["type"], made["callback_id"], made["message_ts"], made["action_ts"], made["message"])
    assert about == ("message_action", "claim", "17.5", "18.5", told)
    assert "container" not in made
    assert "actions" not in made
