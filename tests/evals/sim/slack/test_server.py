"""Who may call what, in which form, and how calls go wrong."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from evals.sim.slack import SentFile, SlackFault, SlackSettings, SlackSim
from tests.evals.sim.slack.refusing import refused


async def test_the_bot_is_told_who_it_is_and_what_it_may(slack: SlackSim, bot: AsyncWebClient) -> None:
    said = await bot.auth_test()
    settings = slack.settings
    assert (said["team_id"], said["user_id"], said["bot_id"]) == (
        settings.team,
        settings.bot_user,
        settings.bot_id,
    )
    assert said.headers["x-oauth-scopes"].split(",") == [*settings.scopes]


async def test_tokens_are_checked(slack: SlackSim, bot: AsyncWebClient) -> None:
    assert await refused(AsyncWebClient(base_url=slack.api_url).auth_test()) == "not_authed"
    assert await refused(bot.auth_test(token="nobody's")) == "invalid_auth"
    assert await refused(bot.auth_test(token=slack.settings.app_token)) == "not_allowed_token_type"


async def test_only_the_apps_own_token_opens_a_connection(slack: SlackSim, bot: AsyncWebClient) -> None:
    said = await bot.apps_connections_open(app_token=slack.settings.app_token)
    assert str(said["url"]).startswith("ws://")
    opening = bot.apps_connections_open(app_token=slack.settings.bot_token)
    assert await refused(opening) == "not_allowed_token_type"


async def test_a_method_that_there_is_not_is_named(bot: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        await bot.api_call("chat.sing")
    assert caught.value.response.data == {"ok": False, "error": "unknown_method", "req_method": "chat.sing"}
    assert caught.value.response.status_code == 200


async def test_a_missing_scope_is_named_with_those_that_there_are(
    slack: SlackSim, bot: AsyncWebClient
) -> None:
    slack.configure(scopes=("im:read", "channels:history"))
    ts = slack.say("U1", "D1", "Hello")
    with pytest.raises(SlackApiError) as caught:
        await bot.conversations_replies(channel="D1", ts=ts)
    said = caught.value.response
    assert (said["error"], said["needed"], said["provided"]) == (
        "missing_scope",
        "im:history",
        "im:read,channels:history",
    )


async def test_arguments_come_as_json_as_a_form_or_in_the_address(
    slack: SlackSim, http: aiohttp.ClientSession
) -> None:
    slack.say("U1", "C1", "Hello")
    headers = {"Authorization": f"Bearer {slack.settings.bot_token}"}
    address = f"{slack.api_url}chat.postMessage"
    blocks = '[{"type": "divider"}]'
    for sent in (
        {"json": {"channel": "C1", "text": "é", "blocks": [{"type": "divider"}]}},
        {"data": {"channel": "C1", "text": "é", "blocks": blocks}},
        {"params": {"channel": "C1", "text": "é", "blocks": blocks}},
    ):
        async with http.post(address, headers=headers, **sent) as response:
            said = await response.json()
        assert (said["ok"], said["message"]["text"]) == (True, "é")
        assert said["message"]["blocks"][0]["type"] == "divider"
    async with http.post(
        address, data={"token": slack.settings.bot_token, "channel": "C1", "text": "x"}
    ) as r:
        assert (await r.json())["ok"]
    assert all("token" not in call.args for call in slack.calls)


async def test_every_call_is_noted_with_its_words_and_its_times(slack: SlackSim, bot: AsyncWebClient) -> None:
    slack.say("U1", "C1", "Hello")
    before = time.monotonic()
    posted = await bot.chat_postMessage(channel="C1", text="a nonce")
    assert await refused(bot.chat_postMessage(channel="C2", text="another")) == "channel_not_found"
    first, second = slack.calls_of("chat.postMessage")
    assert (first.ok, first.ts, first.words()) == (True, posted["ts"], "a nonce")
    assert (second.ok, second.error, second.ts) == (False, "channel_not_found", "")
    assert before <= first.at <= (first.done_at or 0) <= second.at
    assert [call.number for call in slack.calls] == [0, 1]


async def test_the_older_half_of_too_many_calls_is_forgotten(slack: SlackSim, bot: AsyncWebClient) -> None:
    slack.configure(calls_kept=3)
    for _ in range(4):
        await bot.auth_test()
    assert [call.number for call in slack.calls] == [2, 3]


async def test_every_call_takes_the_latency(slack: SlackSim, bot: AsyncWebClient) -> None:
    slack.configure(latency_s=0.05)
    before = time.monotonic()
    await bot.auth_test()
    assert 0.05 <= time.monotonic() - before < 1


async def test_limits_are_answered_with_the_seconds_to_wait(slack: SlackSim, bot: AsyncWebClient) -> None:
    slack.configure(limits=True, burst=1)
    slack.say("U1", "C1", "Hello")
    await bot.chat_postMessage(channel="C1", text="one")
    with pytest.raises(SlackApiError) as caught:
        await bot.chat_postMessage(channel="C1", text="two")
    said = caught.value.response
    assert (said.status_code, said["error"], said.headers["Retry-After"]) == (429, "ratelimited", "1")
    assert len(slack.messages("C1")) == 2


async def test_an_outage_is_html(slack: SlackSim, bot: AsyncWebClient) -> None:
    slack.faults.add(SlackFault("http", "auth.test", status=503))
    with pytest.raises(SlackApiError) as caught:
        await bot.auth_test()
    assert caught.value.response.status_code == 503
    assert (await bot.auth_test())["ok"], "it was one call only"


async def test_scripted_refusals_hit_their_method_and_nothing_else(
    slack: SlackSim, bot: AsyncWebClient
) -> None:
    slack.say("U1", "C1", "Hello")
    slack.faults.add(SlackFault("error", "chat.postMessage", error="fatal_error"))
    slack.faults.add(SlackFault("ratelimited", "chat.postMessage", retry_after=7))
    await bot.auth_test()
    assert await refused(bot.chat_postMessage(channel="C1", text="one")) == "fatal_error"
    with pytest.raises(SlackApiError) as caught:
        await bot.chat_postMessage(channel="C1", text="two")
    assert caught.value.response.headers["Retry-After"] == "7"
    assert len(slack.messages("C1")) == 1


@pytest.mark.parametrize("done", [False, True])
async def test_a_reset_says_nothing_of_whether_the_call_was_carried_out(
    slack: SlackSim, bot: AsyncWebClient, done: bool
) -> None:
    slack.say("U1", "C1", "Hello")
    slack.faults.add(SlackFault("reset", "chat.postMessage", done=done))
    with pytest.raises(aiohttp.ClientError):
        await bot.chat_postMessage(channel="C1", text="one")
    assert [m["text"] for m in slack.messages("C1")] == ["Hello", "one"][: 2 if done else 1]
    assert (slack.calls[-1].ok, slack.calls[-1].fault) == (done, "reset")


@pytest.mark.parametrize("done", [False, True])
async def test_a_slow_call_is_carried_out_before_or_after_the_wait(
    slack: SlackSim, bot: AsyncWebClient, done: bool
) -> None:
    slack.say("U1", "C1", "Hello")
    posted: list[float] = []
    slack.workspace.emit = lambda _inner: posted.append(time.monotonic())
    slack.faults.add(SlackFault("slow", seconds=0.1, done=done))
    assert (await bot.chat_postMessage(channel="C1", text="one"))["ok"]
    (call,) = slack.calls
    assert call.done_at
    assert call.done_at - call.at >= 0.1
    assert (call.done_at - posted[0] >= 0.1) == done


async def test_a_call_that_hangs_is_never_answered_and_keeps_nobody_from_closing(
    http: aiohttp.ClientSession,
) -> None:
    async with SlackSim(SlackSettings(transport="none")) as slack:
        slack.faults.add(SlackFault("hang"))
        bot = AsyncWebClient(token=slack.settings.bot_token, base_url=slack.api_url, session=http)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(bot.auth_test(), 0.05)
    assert not slack.calls[0].ok


async def test_files_are_sent_to_the_bot_and_a_page_to_everybody_else(
    slack: SlackSim, bot: AsyncWebClient, http: aiohttp.ClientSession
) -> None:
    slack.say("U1", "D1", "", files=[SentFile("invoice.txt", b"42 euros")])
    address = slack.messages("D1")[0]["files"][0]["url_private_download"]
    async with http.get(address, headers={"Authorization": f"Bearer {bot.token}"}) as response:
        assert (response.content_type, await response.read()) == ("text/plain", b"42 euros")
    async with http.get(address) as response:
        assert (response.status, response.content_type) == (200, "text/html")


async def test_the_port_is_known_only_while_it_listens() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        _ = SlackSim().port
