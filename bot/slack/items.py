"""What of Slack's events waits in the inbox, as items, and how it is read again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bot.inbox import Item
from bot.slack.events import File, HomeOpened, IncomingMessage, Pressed, Reacted, Submitted
from bot.slack.pen import Place
from graph.turn import Message

MESSAGE = "message"
PERSON = "person"
RATE = "rate"
REACTION = "reaction"
CLAIM = "claim"
HAND_BACK = "hand_back"
RESOLVE = "resolve"
HOME = "home"
OVERTAKEN = "overtaken"
STRAY = "stray"
ERASED = "erased"
"""The kinds of items: the first two become turns."""
PERSON_STOPS = "person:"
"""What the name of whoever stops an answer begins with where they take the conversation over."""
DRAFT_SEND, DRAFT_EDIT, DRAFT_DISCARD = "draft_send", "draft_edit", "draft_discard"
PAUSE, RESUME = "pause", "resume"
DRAFTS = (DRAFT_SEND, DRAFT_EDIT, DRAFT_DISCARD)
"""About the draft whose conversation and turn stand in the value."""
DIALOGUES = frozenset({DRAFT_EDIT, PAUSE})
"""Buttons that open a dialogue; what is sent off in it has the same kind."""
BUTTONS = frozenset({PERSON, RATE, CLAIM, HAND_BACK, RESOLVE, DRAFT_SEND, DRAFT_DISCARD, RESUME, *DIALOGUES})
"""Actions of our buttons; each is the kind of its item."""


def message_item(message: IncomingMessage, *, alone: bool) -> Item:
    """Make the item of a message that is to be answered."""
    body = {
        "channel": message.channel,
        "ts": message.ts,
        "thread_ts": message.thread,
        "user": message.user,
        "user_team": message.user_team or message.team,
        "team": message.team,
        "shared": message.shared,
        "text": message.text,
        "files": [asdict(file) for file in message.files],
    }
    return Item(message.id, MESSAGE, body, alone=alone, received_at=time.time(), at=float(message.ts))


def press_item(press: Pressed) -> Item:
    """Make the item of a button that was pressed."""
    body = {
        "channel": press.channel,
        "ts": press.ts,
        "thread_ts": press.thread_ts or press.ts,
        "user": press.user,
        "user_team": press.user_team,
        "team": press.team,
        "value": press.value,
        "at": press.at,
    }
    name = f"{press.team}:{press.channel}:{press.ts}:{press.user}:{press.action}:{press.at:.6f}"
    return Item(name, press.action, body, received_at=time.time(), at=press.at)


def submitted_item(submitted: Submitted) -> Item:
    """Make the item of a dialogue that was sent off."""
    body = {
        "user": submitted.user,
        "team": submitted.team,
        "value": submitted.about,
        "text": submitted.text,
    }
    name = f"{submitted.team}:{submitted.view}:{submitted.callback}"
    return Item(name, submitted.callback, body, received_at=time.time())


def reaction_item(reacted: Reacted) -> Item:
    """Make the item of an emoji that was added or taken away."""
    body = {
        "channel": reacted.channel,
        "ts": reacted.ts,
        "team": reacted.team,
        "user": reacted.user,
        "name": reacted.name,
        "added": reacted.added,
        "at": reacted.at,
    }
    return Item(reacted.event_id, REACTION, body, received_at=time.time(), at=reacted.at)


def home_item(opened: HomeOpened) -> Item:
    """Make the item of somebody who opened the bot's tabs."""
    body = {"team": opened.team, "user": opened.user, "tab": opened.tab, "channel": opened.channel}
    return Item(opened.event_id, HOME, body, received_at=time.time())


def overtaken_item(message: IncomingMessage) -> Item:
    """Make the item that has a thread looked through for what came before the message that made it ours."""
    name = f"{message.id}:overtaken"
    return Item(name, OVERTAKEN, {}, received_at=time.time(), at=float(message.ts))


def place_of(item: Item) -> Place:
    """Return where the turn of a message or of a wish for a person is answered."""
    body = item.body
    # What was pressed stands under an answer, which is in the thread before what answers the press.
    return Place(
        body["team"], body["channel"], body["thread_ts"], body["user"], body["user_team"], body["ts"]
    )


def said_at(item: Item) -> float:
    """Return when the customer wrote or pressed, by Slack's clock."""
    return float(item.body.get("at") or item.body["ts"])


def messages_of(members: tuple[Item, ...]) -> tuple[Message, ...]:
    """Return the customer's messages of a turn; a press has none."""
    return tuple(Message(item.id, item.body["text"]) for item in members if item.kind == MESSAGE) or tuple(
        Message(item.id, "") for item in members
    )


def files_of(members: tuple[Item, ...]) -> list[File]:
    """Return the files that came with a turn's messages."""
    return [_file(file) for item in members for file in item.body.get("files") or ()]


def _file(fields: Mapping[str, Any]) -> File:
    return File(**fields)
