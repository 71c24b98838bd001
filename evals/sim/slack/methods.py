"""Every method of the Web API that there is here: what it does, what it needs, how often it may be called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from evals.sim.slack import chat, conversations, surfaces
from evals.sim.slack.arguments import Arguments
from evals.sim.slack.refusal import Refusal
from evals.sim.slack.shapes import Payload
from evals.sim.slack.workspace import Workspace

Run: TypeAlias = Callable[[Workspace, Arguments], Payload]

TIERS = {2: 20.0, 3: 50.0, 4: 100.0}
"""Calls a minute, of each method by itself."""
FREE = 0
POSTING = -1


@dataclass(frozen=True, slots=True)
class Method:
    """One method; in `scope`, `*` stands for the kind of the channel that is read."""

    run: Run
    scope: str | None
    tier: int


def _connect(_workspace: Workspace, _args: Arguments) -> Payload:
    raise Refusal("not_allowed_token_type")


METHODS: dict[str, Method] = {
    "auth.test": Method(surfaces.auth_test, None, FREE),
    "chat.postMessage": Method(chat.post_message, "chat:write", POSTING),
    "chat.update": Method(chat.update, "chat:write", 3),
    "chat.delete": Method(chat.delete, "chat:write", 3),
    "chat.postEphemeral": Method(chat.post_ephemeral, "chat:write", 4),
    "chat.getPermalink": Method(chat.get_permalink, None, FREE),
    "chat.startStream": Method(chat.start_stream, "chat:write", 2),
    "chat.appendStream": Method(chat.append_stream, "chat:write", 4),
    "chat.stopStream": Method(chat.stop_stream, "chat:write", 2),
    "assistant.threads.setStatus": Method(surfaces.set_status, "chat:write", 3),
    "assistant.threads.setTitle": Method(surfaces.set_title, "assistant:write", 4),
    "assistant.threads.setSuggestedPrompts": Method(surfaces.set_suggested_prompts, "assistant:write", 4),
    "agents.sessions.setStatus": Method(surfaces.set_session_status, "chat:write", 3),
    "conversations.replies": Method(conversations.replies, "*:history", 3),
    "conversations.history": Method(conversations.history, "*:history", 3),
    "conversations.info": Method(conversations.info, "*:read", 3),
    "conversations.members": Method(conversations.members, "*:read", 4),
    "usergroups.users.list": Method(conversations.group_members, "usergroups:read", 2),
    "conversations.open": Method(conversations.open_direct, "im:write", 3),
    "users.conversations": Method(conversations.of_bot, "channels:read", 3),
    "users.info": Method(surfaces.user_info, "users:read", 4),
    "bots.info": Method(surfaces.bot_info, "users:read", 3),
    "reactions.add": Method(surfaces.add_reaction, "reactions:write", 3),
    "reactions.remove": Method(surfaces.remove_reaction, "reactions:write", 2),
    "reactions.get": Method(surfaces.get_reactions, "reactions:read", 3),
    "views.publish": Method(surfaces.publish_view, None, 4),
    "views.open": Method(surfaces.open_view, None, 4),
    "files.info": Method(surfaces.file_info, "files:read", 4),
    "apps.connections.open": Method(_connect, None, 3),
}
"""By name. A connection is opened by the server, with the app's own token: no bot's token may."""

KINDS = {"D": "im", "G": "groups", "M": "mpim"}


def call(workspace: Workspace, name: str, given: dict[str, Any]) -> Payload:
    """Run a method for the bot, and return what Slack says, of a refusal too."""
    method = METHODS.get(name)
    if method is None:
        return {"ok": False, "error": "unknown_method", "req_method": name}
    try:
        _check_scope(workspace, method, given)
        return {"ok": True} | method.run(workspace, Arguments(given))
    except Refusal as refusal:
        return {"ok": False, "error": refusal.error} | refusal.more


def _check_scope(workspace: Workspace, method: Method, given: dict[str, Any]) -> None:
    if method.scope is None:
        return
    kind = KINDS.get(str(given.get("channel", ""))[:1], "channels")
    needed = method.scope.replace("*", kind)
    scopes = workspace.settings.scopes
    if needed not in scopes:
        raise Refusal("missing_scope", needed=needed, provided=",".join(scopes))
