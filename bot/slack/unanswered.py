"""Which messages of a thread were for the bot and were never answered, by what Slack has of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.slack.addressing import address
from bot.slack.channels import Channels
from bot.slack.events import IncomingMessage
from bot.slack.fields import Fields
from bot.slack.history import Raw
from bot.slack.incoming import read_event
from bot.slack.pen import ANSWER


def unanswered(
    thread: Sequence[Raw], *, team: str, channel: str, since: float, channels: Channels, bot_user: str
) -> list[IncomingMessage]:
    """Return the messages since a time that no answer names, oldest first; `thread` is all of one."""
    answered = {name for message in thread for name in answers(message, bot_user)}
    found: list[IncomingMessage] = []
    ours = False
    for raw in thread:
        if Fields(raw).text("user") == bot_user:
            ours = ours or _takes_part(raw)
            continue
        message = read_event(as_event(raw, team, channel), bot_user)
        if not isinstance(message, IncomingMessage):
            continue
        judged = address(message, channels, bot_user).do
        ours = ours or judged == "answer"
        if judged == "ignore" or not ours or message.sent_at < since or message.id in answered:
            continue
        found.append(message)
    return found


def answers(message: Raw, bot_user: str) -> list[str]:
    """Return the ids of the messages that a message answers; of what others wrote, none."""
    fields = Fields(message)
    metadata = fields.at("metadata")
    if fields.text("user") != bot_user or metadata.text("event_type") != ANSWER:
        return []
    payload = metadata.at("event_payload")
    if payload.value("open"):  # its writer died before the end of it
        return []
    named = payload.value("messages")
    return [name for name in named if isinstance(name, str)] if isinstance(named, list) else []


def unfinished(thread: Sequence[Raw], after: str, bot_user: str) -> list[str]:
    """Return the timestamps of the bot's answers after another message that never had their last form.

    Those are streams that name no message, open or stopped, and answers of which more was to come.
    """
    return [
        str(message["ts"])
        for message in thread
        if message.get("user") == bot_user
        and float(message["ts"]) > float(after)
        and _without_last_form(Fields(message))
    ]


def _without_last_form(fields: Fields) -> bool:
    metadata = fields.at("metadata")
    if not metadata:
        return bool(fields.text("streaming_state"))
    return metadata.text("event_type") == ANSWER and bool(metadata.at("event_payload").value("open"))


def _takes_part(raw: Raw) -> bool:
    """Tell whether a message of the bot makes the thread one of its own; its cards for the team do not."""
    fields = Fields(raw)
    if metadata := fields.at("metadata"):
        return metadata.text("event_type") == ANSWER
    return fields.timestamp("thread_ts") not in ("", fields.timestamp("ts"))


def as_event(raw: Raw, team: str, channel: str) -> dict[str, Any]:
    """Write a message of a list as Slack would have told it."""
    return {
        "type": "event_callback",
        "event_id": f"catch-up-{channel}-{raw['ts']}",
        "team_id": team,
        "event": {**raw, "type": "message", "channel": channel},
    }
