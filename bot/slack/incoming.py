"""Reading what Slack sends: any JSON becomes one of the events, or `Ignored` with the reason."""

from __future__ import annotations

from bot.slack.events import (
    Deleted,
    Edited,
    File,
    HomeOpened,
    Ignored,
    Incoming,
    IncomingMessage,
    Pressed,
    Reacted,
    Stopped,
    Submitted,
    dedupe_keys,
)
from bot.slack.fields import Fields, Missing
from bot.slack.message_events import read_changed, read_deleted, read_message

__all__ = [
    "Deleted",
    "Edited",
    "File",
    "HomeOpened",
    "Ignored",
    "Incoming",
    "IncomingMessage",
    "Pressed",
    "Reacted",
    "Stopped",
    "Submitted",
    "dedupe_keys",
    "read_event",
    "team_of",
]

_MESSAGES = ("", "file_share", "thread_broadcast", "bot_message")
"""Subtypes of what somebody wrote; the others say that somebody joined, that a topic changed, and so on."""


def read_event(body: object, bot_user: str = "") -> Incoming | Ignored:
    """Read an Events API or interactive payload as Bolt hands it over; never raises, whatever it holds.

    `bot_user` is this bot's user id; without it, the one that the payload names.
    """
    payload = Fields(body)
    try:
        match payload.text("type"):
            case "event_callback":
                return _event(payload, bot_user)
            case "block_actions":
                return _pressed(payload)
            case "message_action":
                return _shortcut(payload)
            case "view_submission":
                return _submitted(payload)
    except Missing as missing:
        return Ignored(f"The {_kind(payload)} has no usable {missing}.")
    return Ignored(f"There is nothing to do about a payload of type {_kind(payload)}.")


def _event(payload: Fields, bot_user: str) -> Incoming | Ignored:
    event, event_id, team = payload.at("event"), payload.id("event_id"), _team(payload)
    match event.text("type"):
        case "message" | "app_mention":
            shared = payload.value("is_ext_shared_channel")
            shared = shared if isinstance(shared, bool) else None
            return _message(event, event_id, team, bot_user or _bot_user(payload), shared=shared)
        case "reaction_added" | "reaction_removed":
            return _reacted(event, event_id, team)
        case "agent_session_stopped":
            streams = event.timestamps("streaming_message_ts")
            return Stopped(
                event_id, team, event.id("channel"), event.ts("thread_ts"), event.id("user"), streams
            )
        case "app_home_opened":
            tab = event.word("tab") or "home"
            return HomeOpened(event_id, team, event.id("user"), tab, event.word("channel"))
    return Ignored(f"There is nothing to do about an event of type {_kind(payload)}.")


def _message(
    event: Fields, event_id: str, team: str, bot_user: str, *, shared: bool | None
) -> Incoming | Ignored:
    subtype = event.text("subtype")
    if subtype == "message_changed":
        return read_changed(event, event_id, team, bot_user, shared=shared)
    if subtype == "message_deleted":
        return read_deleted(event, event_id, team)
    if subtype not in _MESSAGES:
        return Ignored(f"A message of subtype {event.word('subtype') or '?'} is nobody's words.")
    return read_message(event, event_id, team, event.id("channel"), bot_user, shared=shared)


def _reacted(event: Fields, event_id: str, team: str) -> Reacted | Ignored:
    item = event.at("item")
    if item.text("type") != "message":
        return Ignored("The reaction is not to a message.")
    return Reacted(
        event_id=event_id,
        team=team,
        channel=item.id("channel"),
        ts=item.ts("ts"),
        user=event.id("user"),
        name=event.present("reaction"),
        added=event.text("type") == "reaction_added",
        at=float(event.ts("event_ts")),
        of=event.word("item_user") or None,
    )


def _pressed(payload: Fields) -> Pressed:
    message, container, action = payload.at("message"), payload.at("container"), payload.first("actions")
    ts = message.timestamp("ts") or container.timestamp("message_ts")
    thread_ts = message.timestamp("thread_ts") or container.timestamp("thread_ts")
    user, team = payload.at("user"), _team_of_press(payload)
    if not team:
        raise Missing("team")
    return Pressed(
        team=team,
        channel=payload.at("channel").word("id") or container.word("channel_id"),
        ts=ts,
        thread_ts=(thread_ts if thread_ts != ts else "") or None,
        user=user.id("id"),
        user_team=user.word("team_id") or team,
        action=action.present("action_id"),
        value=action.text("value") or action.at("selected_option").text("value"),
        at=float(action.ts("action_ts")),
        response_url=payload.text("response_url"),
        trigger_id=payload.text("trigger_id"),
    )


def _shortcut(payload: Fields) -> Pressed:
    message, channel = payload.at("message"), payload.at("channel").id("id")
    ts = message.timestamp("ts") or payload.ts("message_ts")
    thread_ts = message.timestamp("thread_ts")
    team = payload.at("team").word("id") or payload.at("user").id("team_id")
    return Pressed(
        team=team,
        channel=channel,
        ts=ts,
        thread_ts=(thread_ts if thread_ts != ts else "") or None,
        user=payload.at("user").id("id"),
        user_team=payload.at("user").word("team_id") or team,
        action=payload.present("callback_id"),
        value=f"{team}:{channel}:{thread_ts or ts}",
        at=float(payload.ts("action_ts")),
        response_url=payload.text("response_url"),
        trigger_id=payload.text("trigger_id"),
        shortcut=True,
    )


def _submitted(payload: Fields) -> Submitted:
    view = payload.at("view")
    fields = view.at("state").at("values")
    # In the order in which they stand in the dialogue.
    blocks = [fields.at(block.text("block_id")) for block in view.each("blocks")]
    texts = (block.at("text").text("value").strip() for block in blocks)
    return Submitted(
        team=_team_of_press(payload) or view.id("team_id"),
        user=payload.at("user").id("id"),
        view=view.id("id"),
        callback=view.present("callback_id"),
        about=view.text("private_metadata"),
        text="\n\n".join(filter(None, texts)),
    )


def team_of(body: object) -> str:
    """Return the workspace in which the bot is that a payload is for; empty where it does not say."""
    payload = Fields(body)
    if payload.text("type") == "event_callback":
        return payload.first("authorizations").word("team_id") or payload.word("team_id")
    return _team_of_press(payload)


def _team_of_press(payload: Fields) -> str:
    # In a shared channel, `team` may be the presser's; a message with our buttons is the bot's own.
    own = payload.at("message").word("team") if payload.text("type") == "block_actions" else ""
    view, user = payload.at("view"), payload.at("user")
    at_view = view.word("app_installed_team_id")
    return own or at_view or payload.at("team").word("id") or user.word("team_id") or view.word("team_id")


def _team(payload: Fields) -> str:
    """Return where the bot is installed: in a shared channel, `team_id` may be another workspace."""
    return payload.first("authorizations").word("team_id") or payload.id("team_id")


def _bot_user(payload: Fields) -> str:
    authorization = payload.first("authorizations")
    return authorization.word("user_id") if authorization.value("is_bot") is True else ""


def _kind(payload: Fields) -> str:
    return payload.at("event").word("type") or payload.word("type") or "?"
