"""The inner events that an app hears of, one builder for each thing that happens in a workspace."""

from __future__ import annotations

from evals.sim.slack.shapes import Channel, Message, Payload


def spoken(channel: Channel, message: Message) -> Payload:
    """Tell that a message was posted."""
    payload = channel.told(message) | {"channel": channel.id, "channel_type": channel.kind}
    return payload | {"event_ts": message.ts}


def mentioned(channel: Channel, message: Message) -> Payload:
    """Tell that the bot was mentioned: the same message, with neither subtype nor kind of channel."""
    payload = spoken(channel, message) | {"type": "app_mention"}
    return {name: value for name, value in payload.items() if name not in ("subtype", "channel_type")}


def changed(channel: Channel, message: Message, before: Payload, ts: str) -> Payload:
    """Tell that a message was edited; `ts` is the time of the edit."""
    return _about(channel, "message_changed", ts) | {
        "message": channel.told(message),
        "previous_message": before,
    }


def buried(channel: Channel, message: Message, before: Payload, ts: str) -> Payload:
    """Tell that the root of a thread was deleted: its replies stay, and a tombstone takes its place."""
    tombstone = {
        "type": "message",
        "subtype": "tombstone",
        "text": "This message was deleted.",
        "user": "USLACKBOT",
        "hidden": True,
        "ts": message.ts,
        "thread_ts": message.ts,
    }
    return _about(channel, "message_changed", ts) | {"message": tombstone, "previous_message": before}


def deleted(channel: Channel, message: Message, before: Payload, ts: str) -> Payload:
    """Tell that a message was deleted; `ts` is the time of that."""
    return _about(channel, "message_deleted", ts) | {
        "deleted_ts": message.ts,
        "previous_message": before,
    }


def reacted(message: Message, user: str, name: str, ts: str, *, added: bool) -> Payload:
    """Tell that a reaction was added or taken away."""
    return {
        "type": "reaction_added" if added else "reaction_removed",
        "user": user,
        "reaction": name,
        "item": {"type": "message", "channel": message.channel, "ts": message.ts},
        "item_user": message.user,
        "event_ts": ts,
    }


def home_opened(channel: Channel, user: str, tab: str, ts: str) -> Payload:
    """Tell that somebody opened a tab of the app."""
    return {"type": "app_home_opened", "user": user, "channel": channel.id, "tab": tab, "event_ts": ts}


def session_stopped(channel: str, thread_ts: str, user: str, streams: list[str], ts: str) -> Payload:
    """Tell that somebody pressed the native stop button; `streams` are the messages that Slack stopped."""
    return {
        "type": "agent_session_stopped",
        "channel": channel,
        "thread_ts": thread_ts,
        "user": user,
        "streaming_message_ts": streams,
        "event_ts": ts,
    }


def archived(channel: Channel, user: str, ts: str) -> Payload:
    """Tell that a channel was archived."""
    about = {"type": "message", "subtype": "channel_archive", "user": user, "channel": channel.id, "ts": ts}
    return about | {"event_ts": ts, "channel_type": channel.kind}


def _about(channel: Channel, subtype: str, ts: str) -> Payload:
    return {
        "type": "message",
        "subtype": subtype,
        "hidden": True,
        "channel": channel.id,
        "channel_type": channel.kind,
        "ts": ts,
        "event_ts": ts,
    }
