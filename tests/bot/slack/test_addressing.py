"""Who is answered, case by case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.slack.addressing import address, stands_alone
from bot.slack.channels import load_channels
from bot.slack.events import File, IncomingMessage

BOT = "U0BOT"
SILENT, EVERY, BRIDGE = "C0OFF", "C0EVERY", "C0BRIDGE"
LISTED = f"""
[channels.{SILENT}]
mode = "off"
[channels.{EVERY}]
mode = "every_question"
[channels.{BRIDGE}]
mode = "every_question"
bots = true
"""


def message(text: str = "Where is my parcel?", channel: str = "C0", **more: Any) -> IncomingMessage:
    given = {"thread_ts": None, "user": "U1", "dm": channel.startswith("D"), **more}
    return IncomingMessage("Ev1", "T1", channel, "1764000000.000100", text=text, user_team=None, **given)


def judged(incoming: IncomingMessage, folder: Path) -> str:
    (folder / "channels.toml").write_text(LISTED, encoding="utf-8")
    found = address(incoming, load_channels(folder), BOT)
    assert found.why.endswith(".")
    return found.do


@pytest.mark.parametrize(
    ("incoming", "do"),
    [
        (message(channel="D1"), "answer"),
        (message("thanks", channel="D1", thread_ts="1.0"), "answer"),
        (message(channel="D1", mentions=("U2",)), "answer"),
        (message(channel="D1", bot=True), "ignore"),
        (message(mentions=(BOT,)), "answer"),
        (message(mentions=(BOT, "U2")), "answer"),
        (message(mentions=(BOT,), thread_ts="1.0"), "answer"),
        (message(mentions=(BOT,), user=BOT), "ignore"),
        (message(user=BOT, channel="D1"), "ignore"),
        (message(), "ignore"),
        (message(thread_ts="1.0"), "answer_if_ours"),
        (message(thread_ts="1.0", broadcast=True), "answer_if_ours"),
        (message(thread_ts="1.0", mentions=("U2",)), "ignore"),
        (message(thread_ts="1.0", mentions=("here",)), "ignore"),
        (message(thread_ts="1.0", bot=True), "ignore"),
        (message(mentions=(BOT,), bot=True), "ignore"),
        (message(channel=SILENT), "ignore"),
        (message(channel=SILENT, mentions=(BOT,)), "ignore"),
        (message(channel=SILENT, thread_ts="1.0"), "ignore"),
        (message(channel=EVERY), "answer"),
        (message("It came", channel=EVERY), "ignore"),
        (message("It came", channel=EVERY, mentions=(BOT,)), "answer"),
        (message(channel=EVERY, mentions=("U2",)), "ignore"),
        (message(channel=EVERY, thread_ts="1.0"), "answer_if_ours"),
        (message(channel=EVERY, bot=True), "ignore"),
        (message(channel=BRIDGE, bot=True), "answer"),
        (message(channel=BRIDGE, bot=True, thread_ts="1.0"), "ignore"),
        (message(channel=BRIDGE, bot=True, thread_ts="1.0", mentions=(BOT,)), "answer"),
    ],
)
def test_who_is_answered(incoming: IncomingMessage, do: str, tmp_path: Path) -> None:
    assert judged(incoming, tmp_path) == do


@pytest.mark.parametrize(
    ("incoming", "asks", "alone"),
    [
        (message(), False, False),
        (message(), True, True),
        (message("", files=(File("F1", "a.txt", "text/plain"),)), False, True),
        (message("/status 123"), False, True),
        (message("!reset"), False, True),
        (message("either/or!"), False, False),
    ],
)
def test_what_is_never_answered_together_with_others(
    incoming: IncomingMessage, asks: bool, alone: bool
) -> None:
    assert stands_alone(incoming, asks_for_person=asks) is alone
