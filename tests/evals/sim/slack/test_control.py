"""The same over HTTP, and buttons that people press."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from evals.sim.slack import SlackSim

BUTTONS = [
    {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": "rate",
                "positive_button": {"text": {"type": "plain_text", "text": "Good"}, "value": "up:t1"},
                "negative_button": {"text": {"type": "plain_text", "text": "Bad"}, "value": "down:t1"},
            }
        ],
    },
    {"type": "actions", "elements": [{"type": "button", "action_id": "person", "value": "t1"}]},
]


async def test_a_button_is_pressed_only_where_the_message_shows_it(
    slack: SlackSim, bot: AsyncWebClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    slack.say("U1", "D1", "Hello")
    ts = (await bot.chat_postMessage(channel="D1", text="x", blocks=BUTTONS))["ts"]
    heard: list[dict[str, Any]] = []
    monkeypatch.setattr(slack.deliveries, "interact", heard.append)
    slack.press("U1", "D1", ts, "rate", "down:t1")
    slack.press("U1", "D1", ts, "person")
    actions = [payload["actions"][0] for payload in heard]
    assert [(action["action_id"], action["value"]) for action in actions] == [
        ("rate", "down:t1"),
        ("person", "t1"),
    ]
    assert heard[0]["message"]["ts"] == ts
    assert all(action["block_id"] for action in actions)
    for action_id, value in (("rate", "down:t2"), ("dance", None)):
        with pytest.raises(KeyError):
            slack.press("U1", "D1", ts, action_id, value)


async def test_another_process_can_do_and_see_the_same(
    slack: SlackSim, bot: AsyncWebClient, http: aiohttp.ClientSession
) -> None:
    async def post(helper: str, **args: Any) -> Any:
        async with http.post(slack.control_url + helper, json=args) as response:
            return await response.json()

    async def get(what: str, **args: str) -> Any:
        async with http.get(slack.control_url + what, params=args) as response:
            return await response.json()

    file = {"name": "a.txt", "text": "abc"}
    ts = (await post("say", user="U1", channel="D1", text="Hello", files=[file]))["result"]
    await post("react", user="U1", channel="D1", ts=ts, name="+1")
    assert (await get("messages", channel="D1"))["messages"] == slack.messages("D1")
    assert slack.messages("D1")[0]["files"][0]["size"] == 3

    await bot.auth_test()
    await bot.chat_postMessage(channel="D1", text="Hi", thread_ts=ts)
    said = await get("calls", since="1")
    assert [(call["number"], call["args"]["text"]) for call in said["calls"]] == [(1, "Hi")]
    assert said["next"] == 2
    assert (await get("calls", since="2"))["calls"] == []
    assert (await get("deliveries"))["waiting"] == 0
    thread = await get("messages", channel="D1", thread_ts=ts)
    assert [message["text"] for message in thread["messages"]] == ["Hello", "Hi"]


async def test_settings_and_faults_are_changed_while_it_runs(
    slack: SlackSim, http: aiohttp.ClientSession
) -> None:
    changes = {
        "latency_s": 0.01,
        "retry_after_s": [0.1],
        "faults": [{"kind": "http", "method": "chat.update", "times": None}],
    }
    async with http.post(f"{slack.control_url}settings", json=changes) as response:
        assert response.status == 200
    assert slack.settings.latency_s == 0.01
    assert slack.deliveries.settings.retry_after_s == (0.1,)
    assert slack.faults.draw("chat.update")


@pytest.mark.parametrize(
    ("helper", "args", "says"),
    [
        ("edit", {"user": "U1", "channel": "C1", "ts": "1", "text": "x"}, "C1"),
        ("react", {"user": "U1", "channel": "C9", "ts": "1", "name": "x"}, "channel_not_found"),
        ("say", {"loudly": True}, "loudly"),
        ("settings", {"wether": 1}, "wether"),
        ("settings", {"faults": [{"kind": "quake"}]}, "quake"),
    ],
)
async def test_what_cannot_be_done_is_said(
    slack: SlackSim, http: aiohttp.ClientSession, helper: str, args: dict[str, Any], says: str
) -> None:
    async with http.post(slack.control_url + helper, json=args) as response:
        assert response.status == 400
        assert says in (await response.json())["error"]
