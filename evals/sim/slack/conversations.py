"""The methods that read conversations, page by page."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TypeVar

from evals.sim.slack.arguments import Arguments
from evals.sim.slack.refusal import Refusal
from evals.sim.slack.shapes import Channel, Message, Payload
from evals.sim.slack.workspace import Workspace

Item = TypeVar("Item")

PAGE_MAX = 1_000
TYPES = {"im": "im", "channel": "public_channel", "group": "private_channel", "mpim": "mpim"}


def replies(workspace: Workspace, args: Arguments) -> Payload:
    """conversations.replies: oldest first, and the thread's root on every page."""
    where = workspace.find_channel(args.need("channel"), inside=True)
    root = where.messages.get(where.root_of(args.need("ts")))
    if root is None or not workspace.visible(root):
        raise Refusal("thread_not_found")
    answers = [where.messages[ts] for ts in where.threads.get(root.ts, ())]
    within = [message for message in answers if workspace.visible(message) and _within(message, args)]
    page, after = _page(within, args, 1000)
    return _listed(where, [root, *page], after, args)


def history(workspace: Workspace, args: Arguments) -> Payload:
    """conversations.history: newest first, without the replies of threads that were not broadcast."""
    where = workspace.find_channel(args.need("channel"), inside=True)
    top = [m for m in where.messages.values() if not m.thread_ts or m.subtype == "thread_broadcast"]
    within = [m for m in reversed(top) if workspace.visible(m) and _within(m, args)]
    page, after = _page(within, args, 100)
    return _listed(where, page, after, args)


def info(workspace: Workspace, args: Arguments) -> Payload:
    """conversations.info."""
    where = workspace.find_channel(args.need("channel"))
    return {"channel": where.payload(workspace.settings.bot_user)}


def members(workspace: Workspace, args: Arguments) -> Payload:
    """conversations.members: people and bots; of a private channel only where the bot is in it."""
    where = workspace.find_channel(args.need("channel"))
    if where.kind != "channel" and workspace.settings.bot_user not in where.members:
        raise Refusal("channel_not_found")
    page, after = _page(sorted(where.members), args, 100)
    return {"members": [*page], "response_metadata": {"next_cursor": after}}


def group_members(workspace: Workspace, args: Arguments) -> Payload:
    """usergroups.users.list: all of a group at once."""
    found = workspace.groups.get(args.need("usergroup"))
    if found is None:
        raise Refusal("no_such_subteam")
    return {"users": [*found]}


def open_direct(workspace: Workspace, args: Arguments) -> Payload:
    """conversations.open, of one user or of a channel that is a direct conversation."""
    user, channel = args.text("users"), args.text("channel")
    if user is None:
        where = workspace.find_channel(channel or args.need("users"))
    elif user not in workspace.users:
        raise Refusal("user_not_found")
    else:
        where = workspace.direct(user)
    full = where.payload(workspace.settings.bot_user)
    return {"channel": full if args.flag("return_im") else {"id": where.id}}


def of_bot(workspace: Workspace, args: Arguments) -> Payload:
    """users.conversations: those that the bot is in, of the given types."""
    types = (args.text("types") or "public_channel").split(",")
    bot = workspace.settings.bot_user
    found = [c for c in workspace.channels.values() if bot in c.members and TYPES[c.kind] in types]
    if args.flag("exclude_archived"):
        found = [channel for channel in found if not channel.archived]
    page, after = _page(found, args, 100)
    return {"channels": [c.payload(bot) for c in page], "response_metadata": {"next_cursor": after}}


def _within(message: Message, args: Arguments) -> bool:
    oldest, latest = args.text("oldest"), args.text("latest")
    at = float(message.ts)
    if args.flag("inclusive") and message.ts in (oldest, latest):
        return True
    return (not oldest or at > float(oldest)) and (not latest or at < float(latest))


def _page(items: Sequence[Item], args: Arguments, default: int) -> tuple[Sequence[Item], str]:
    limit = args.number("limit", default)
    if not 1 <= limit <= PAGE_MAX:
        raise Refusal("invalid_limit")
    start = _start(args.text("cursor"))
    end = start + limit
    after = base64.b64encode(f"next:{end}".encode()).decode() if end < len(items) else ""
    return items[start:end], after


def _start(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
    except ValueError:
        raise Refusal("invalid_cursor") from None


def _listed(where: Channel, messages: Sequence[Message], after: str, args: Arguments) -> Payload:
    metadata = args.flag("include_all_metadata")
    told = [where.told(message, metadata=metadata) for message in messages]
    out: Payload = {"messages": told, "has_more": bool(after)}
    if after:
        out["response_metadata"] = {"next_cursor": after}
    return out
