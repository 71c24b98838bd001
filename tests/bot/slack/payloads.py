"""Payloads in the shape in which Slack sends them."""

from __future__ import annotations

from typing import Any

BOT = "U0BOT"
ANN = "U0ANN"
TS = "1764000000.000100"

PDF = {
    "id": "F1",
    "name": "invoice.pdf",
    "title": "Invoice",
    "mimetype": "application/pdf",
    "filetype": "pdf",
    "size": 1200,
    "mode": "hosted",
    "url_private": "https://files.slack.com/files-pri/T1-F1/invoice.pdf",
    "url_private_download": "https://files.slack.com/files-pri/T1-F1/download/invoice.pdf",
}


def callback(event: dict[str, Any], *, event_id: str = "Ev1", **more: Any) -> dict[str, Any]:
    return {
        "token": "verification",
        "team_id": "T1",
        "api_app_id": "A1",
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": 1764000000,
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": "T1",
                "user_id": BOT,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": "4-abc",
        **more,
    }


def message(text: str = "Where is my parcel?", **more: Any) -> dict[str, Any]:
    return {
        "type": "message",
        "user": ANN,
        "text": text,
        "ts": TS,
        "team": "T1",
        "channel": "C1",
        "channel_type": "channel",
        "event_ts": TS,
        "client_msg_id": "1-2-3",
        **more,
    }


def mention(text: str, **more: Any) -> dict[str, Any]:
    event = message(text, **more) | {"type": "app_mention"}
    del event["channel_type"]
    return event


def changed(now: dict[str, Any], before: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    nested = {key: value for key, value in now.items() if key not in ("channel", "channel_type", "event_ts")}
    return {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "message": nested,
        "previous_message": before,
        "channel": "C1",
        "channel_type": "channel",
        "ts": "1764000009.000900",
        "event_ts": "1764000009.000900",
        **more,
    }


def deleted(**more: Any) -> dict[str, Any]:
    return {
        "type": "message",
        "subtype": "message_deleted",
        "previous_message": message(thread_ts="1763999999.000001"),
        "channel": "C1",
        "deleted_ts": TS,
        "ts": "1764000009.000900",
        **more,
    }


def reaction(**more: Any) -> dict[str, Any]:
    return {
        "type": "reaction_added",
        "user": ANN,
        "reaction": "+1::skin-tone-3",
        "item": {"type": "message", "channel": "C1", "ts": TS},
        "item_user": BOT,
        "event_ts": "1764000010.000200",
        **more,
    }


def press(**more: Any) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "user": {"id": ANN, "username": "ann", "team_id": "T1"},
        "api_app_id": "A1",
        "team": {"id": "T1", "domain": "shop"},
        "container": {
            "type": "message",
            "message_ts": TS,
            "channel_id": "C1",
            "thread_ts": "1763999999.000001",
        },
        "trigger_id": "1.2.3",
        "channel": {"id": "C1", "name": "help"},
        "message": {
            "type": "message",
            "ts": TS,
            "thread_ts": "1763999999.000001",
            "bot_id": "B1",
            "text": "...",
        },
        "response_url": "https://hooks.slack.com/actions/T1/1/x",
        "actions": [
            {
                "type": "feedback_buttons",
                "action_id": "feedback",
                "block_id": "b",
                "value": "up",
                "action_ts": "1764000011.000300",
            }
        ],
        **more,
    }


STOP = {
    "type": "agent_session_stopped",
    "channel": "C1",
    "thread_ts": TS,
    "user": ANN,
    "streaming_message_ts": ["1764000001.000200"],
    "event_ts": "1764000003.000000",
}
HOME = {"type": "app_home_opened", "user": ANN, "channel": "D1", "tab": "home", "event_ts": TS}

EVERY = [
    callback(message()),
    callback(message(subtype="file_share", text="", files=[PDF], thread_ts=TS)),
    callback(mention(f"<@{BOT}> hello <#C2|general>", user_team="T2")),
    callback(changed(message("Now"), message("Then"))),
    callback(deleted()),
    callback(reaction()),
    callback(STOP),
    callback(HOME),
    press(),
]
