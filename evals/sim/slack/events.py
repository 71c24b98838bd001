"""What Slack wraps around an event and a press of a button before it sends them to an app."""

from __future__ import annotations

import base64
import json
import secrets
import time
from typing import Any, TypeAlias

from evals.sim.slack.settings import SlackSettings, made_up

Payload: TypeAlias = dict[str, Any]

VERIFICATION_TOKEN = made_up("sim", "verification", "words")


def new_event_id() -> str:
    """Return an id that no other event has, in another process neither."""
    return f"Ev{secrets.token_hex(5).upper()}"


def event_callback(settings: SlackSettings, inner: Payload, *, shared: bool = False) -> Payload:
    """Wrap an inner event into the payload that carries it, with an id of its own.

    A sender from another team makes the channel an externally shared one, if it is not `shared` anyway.
    """
    shared = shared or inner.get("user_team", settings.team) != settings.team
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": settings.team,
        "context_team_id": settings.team,
        "context_enterprise_id": None,
        "api_app_id": settings.app_id,
        "event": inner,
        "type": "event_callback",
        "event_id": new_event_id(),
        "event_time": int(time.time()),
        "authorizations": [_authorization(settings)],
        "is_ext_shared_channel": shared,
        "event_context": _context(settings, inner),
    }


def url_verification(challenge: str) -> Payload:
    """Ask whether a URL belongs to the app: the answer must hold the challenge."""
    return {"token": VERIFICATION_TOKEN, "challenge": challenge, "type": "url_verification"}


def block_actions(
    settings: SlackSettings,
    *,
    user: str,
    user_team: str = "",
    channel: str,
    message: Payload,
    element: Payload,
    value: str,
    ts: str,
    response_url: str = "",
) -> Payload:
    """Build the payload of one press: `element` as it stands in the message's blocks, pressed at `ts`.

    Of feedback buttons `value` says which of the two was pressed.
    """
    return {
        "type": "block_actions",
        "user": {
            "id": user,
            "username": user.lower(),
            "name": user.lower(),
            "team_id": user_team or settings.team,
        },
        "api_app_id": settings.app_id,
        "token": VERIFICATION_TOKEN,
        "container": _container(channel, message),
        "trigger_id": f"{ts}.{secrets.token_hex(16)}",
        "team": {"id": settings.team, "domain": settings.team.lower()},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": channel, "name": "directmessage" if channel.startswith("D") else channel.lower()},
        "message": message,
        "state": {"values": {}},
        "response_url": response_url,
        "actions": [_action(message, element, value, ts)],
    }


def message_action(
    settings: SlackSettings, *, user: str, channel: str, message: Payload, callback_id: str, ts: str
) -> Payload:
    """Build the payload of a message shortcut, used on a message at `ts`; it has no container."""
    name = "directmessage" if channel.startswith("D") else channel.lower()
    return {
        "type": "message_action",
        "token": VERIFICATION_TOKEN,
        "action_ts": ts,
        "team": {"id": settings.team, "domain": settings.team.lower()},
        "user": {"id": user, "username": user.lower(), "team_id": settings.team, "name": user.lower()},
        "channel": {"id": channel, "name": name},
        "is_enterprise_install": False,
        "enterprise": None,
        "callback_id": callback_id,
        "trigger_id": f"{ts}.{secrets.token_hex(16)}",
        "response_url": "",
        "message_ts": message["ts"],
        "message": message,
    }


def home_actions(settings: SlackSettings, *, user: str, view: Payload, element: Payload, ts: str) -> Payload:
    """Build the payload of a press in the home tab: it stands under no message and in no channel."""
    return {
        "type": "block_actions",
        "user": {"id": user, "username": user.lower(), "name": user.lower(), "team_id": settings.team},
        "api_app_id": settings.app_id,
        "token": VERIFICATION_TOKEN,
        "container": {"type": "view", "view_id": view["id"]},
        "trigger_id": f"{ts}.{secrets.token_hex(16)}",
        "team": {"id": settings.team, "domain": settings.team.lower()},
        "enterprise": None,
        "is_enterprise_install": False,
        "view": view | {"team_id": settings.team},
        "actions": [
            {
                "type": element["type"],
                "action_id": element["action_id"],
                "block_id": "",
                "value": str(element.get("value", "")),
                "text": _label(element, ""),
                "action_ts": ts,
            }
        ],
    }


def view_submission(
    settings: SlackSettings, *, user: str, view: Payload, texts: dict[str, str], ts: str
) -> Payload:
    """Build the payload of a dialogue that is sent off; `texts` maps a field's block to what stands in it."""
    fields = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}
    values = {
        block_id: {
            element["action_id"]: {
                "type": element["type"],
                "value": texts.get(block_id, element.get("initial_value")) or None,
            }
        }
        for block_id, element in fields.items()
    }
    return {
        "type": "view_submission",
        "team": {"id": settings.team, "domain": settings.team.lower()},
        "user": {"id": user, "username": user.lower(), "name": user.lower(), "team_id": settings.team},
        "api_app_id": settings.app_id,
        "token": VERIFICATION_TOKEN,
        "trigger_id": f"{ts}.{secrets.token_hex(16)}",
        "view": view | {"team_id": settings.team, "state": {"values": values}},
        "response_urls": [],
        "is_enterprise_install": False,
        "enterprise": None,
    }


def time_of(inner: Payload) -> str:
    """Return the ts that an inner event is known by: its message's, else its own."""
    return str(inner.get("ts") or inner.get("event_ts") or "")


def _authorization(settings: SlackSettings) -> Payload:
    return {
        "enterprise_id": None,
        "team_id": settings.team,
        "user_id": settings.bot_user,
        "is_bot": True,
        "is_enterprise_install": False,
    }


def _context(settings: SlackSettings, inner: Payload) -> str:
    said = {
        "et": inner.get("type"),
        "tid": settings.team,
        "aid": settings.app_id,
        "cid": inner.get("channel"),
    }
    return "4-" + base64.b64encode(json.dumps(said, separators=(",", ":")).encode()).decode()


def _container(channel: str, message: Payload) -> Payload:
    container = {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": channel,
        "is_ephemeral": bool(message.get("is_ephemeral")),
    }
    if "thread_ts" in message:
        container["thread_ts"] = message["thread_ts"]
    return container


def _action(message: Payload, element: Payload, value: str, ts: str) -> Payload:
    return {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": _block_of(message, element["action_id"]),
        "value": value,
        "text": _label(element, value),
        "action_ts": ts,
    }


def _block_of(message: Payload, action_id: str) -> str:
    for block in message.get("blocks", ()):
        parts = [*block.get("elements", ()), block.get("accessory") or {}]
        if any(part.get("action_id") == action_id for part in parts):
            return str(block.get("block_id", ""))
    return ""


def _label(element: Payload, value: str) -> Payload | None:
    for button in (element.get("positive_button"), element.get("negative_button")):
        if button and button.get("value") == value:
            return dict(button["text"])
    return element.get("text")
