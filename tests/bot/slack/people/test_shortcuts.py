"""Reading a message shortcut: which conversation it is about, and whose wish it is."""

from __future__ import annotations

from typing import Any

import pytest

from bot.slack.events import Ignored, Pressed
from bot.slack.incoming import read_event
from evals.sim.slack import SlackSettings
from evals.sim.slack.events import message_action

REPLY = {"ts": "17.5", "thread_ts": "16.5", "user": "U2", "text": "Hi"}
SETTINGS = SlackSettings()


def used(message: dict[str, Any], **changes: Any) -> dict[str, Any]:
    made = message_action(SETTINGS, user="U1", channel="C1", message=message, callback_id="claim", ts="18.5")
    return {**made, **changes}


@pytest.mark.parametrize(
    ("message", "root", "thread_ts"),
    [
        (REPLY, "16.5", "16.5"),
        ({"ts": "17.5"}, "17.5", None),
        ({"ts": "17.5", "thread_ts": "17.5"}, "17.5", None),
    ],
)
def test_a_shortcut_is_about_the_thread_of_its_message(
    message: dict[str, Any], root: str, thread_ts: str | None
) -> None:
    read = read_event(used(message))
    assert isinstance(read, Pressed)
    about = (read.action, read.user, read.value, read.thread_ts, read.at, read.shortcut)
    assert about == ("claim", "U1", f"{SETTINGS.team}:C1:{root}", thread_ts, 18.5, True)


@pytest.mark.parametrize("name", ["channel", "user", "callback_id", "action_ts"])
def test_one_without_what_is_needed_is_ignored(name: str) -> None:
    assert isinstance(read_event(used(REPLY, **{name: None})), Ignored)
