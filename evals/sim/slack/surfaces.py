"""The methods around messages: status, sessions, prompts, views, reactions, people and files."""

from __future__ import annotations

from evals.sim.slack.arguments import Arguments
from evals.sim.slack.chat import check_session_status
from evals.sim.slack.refusal import Refusal
from evals.sim.slack.shapes import Payload
from evals.sim.slack.workspace import Status, Workspace

LOADING_MESSAGES = 10
VIEW_BLOCKS = 100
VIEW_LABEL = 24
VIEW_METADATA = 3_000
FIELD_CHARS = 3_000
TRIGGER_S = 3.0


def auth_test(workspace: Workspace, _args: Arguments) -> Payload:
    """auth.test."""
    settings = workspace.settings
    told = {"url": "https://sim.slack.com/", "team": "Sim", "user": "firstline", "team_id": settings.team}
    ids = {"user_id": settings.bot_user, "bot_id": settings.bot_id, "app_id": settings.app_id}
    return told | ids | {"is_enterprise_install": False}


def set_status(workspace: Workspace, args: Arguments) -> Payload:
    """assistant.threads.setStatus: an empty one takes it away."""
    where = workspace.find_channel(args.need("channel_id"), inside=True)
    thread_ts, status = args.need("thread_ts"), args.text("status")
    loading = args.parsed("loading_messages")
    if status is None or (loading is not None and len(loading) > LOADING_MESSAGES):
        raise Refusal("invalid_arguments")
    workspace.surfaces.statuses[where.id, thread_ts] = Status(status, workspace.clock())
    return {}


def set_title(workspace: Workspace, args: Arguments) -> Payload:
    """assistant.threads.setTitle."""
    where = workspace.find_channel(args.need("channel_id"), inside=True)
    workspace.surfaces.titles[where.id, args.need("thread_ts")] = args.need("title")
    return {}


def set_suggested_prompts(workspace: Workspace, args: Arguments) -> Payload:
    """assistant.threads.setSuggestedPrompts: without a thread they are those of the Messages tab."""
    where = workspace.find_channel(args.need("channel_id"), inside=True)
    prompts = args.parsed("prompts")
    if not isinstance(prompts, list) or not all(
        isinstance(prompt, dict) and prompt.get("title") and prompt.get("message") for prompt in prompts
    ):
        raise Refusal("invalid_arguments")
    workspace.surfaces.prompts[where.id, args.text("thread_ts") or ""] = prompts
    return {}


def set_session_status(workspace: Workspace, args: Arguments) -> Payload:
    """agents.sessions.setStatus."""
    where = workspace.find_channel(args.need("channel_id"), inside=True)
    thread_ts = args.text("thread_ts")
    if not thread_ts:
        raise Refusal("thread_ts_required")
    workspace.surfaces.sessions[where.id, thread_ts] = check_session_status(args.need("status")) or ""
    if title := args.text("title"):
        workspace.surfaces.titles[where.id, thread_ts] = title
    return {}


def add_reaction(workspace: Workspace, args: Arguments) -> Payload:
    """reactions.add."""
    where = workspace.find_channel(args.need("channel"), inside=True, open=True)
    workspace.react(workspace.settings.bot_user, where.id, args.need("timestamp"), _reaction(args))
    return {}


def remove_reaction(workspace: Workspace, args: Arguments) -> Payload:
    """reactions.remove."""
    where = workspace.find_channel(args.need("channel"), inside=True, open=True)
    workspace.unreact(workspace.settings.bot_user, where.id, args.need("timestamp"), _reaction(args))
    return {}


def get_reactions(workspace: Workspace, args: Arguments) -> Payload:
    """reactions.get, of a message."""
    where = workspace.find_channel(args.need("channel"), inside=True)
    message = workspace.find_message(where, args.need("timestamp"))
    return {"type": "message", "channel": where.id, "message": where.told(message)}


def user_info(workspace: Workspace, args: Arguments) -> Payload:
    """users.info: the language only where asked for."""
    user = workspace.users.get(args.need("user"))
    if user is None:
        raise Refusal("user_not_found")
    told = user.payload()
    if not args.flag("include_locale"):
        del told["locale"]
    return {"user": told}


def bot_info(workspace: Workspace, args: Arguments) -> Payload:
    """bots.info."""
    name = args.need("bot")
    for user in workspace.users.values():
        if user.bot_id == name:
            return {"bot": {"id": name, "name": user.name, "user_id": user.id, "deleted": False}}
    raise Refusal("bot_not_found")


def publish_view(workspace: Workspace, args: Arguments) -> Payload:
    """views.publish: the Home tab of one person."""
    user = args.need("user_id")
    if user not in workspace.users:
        raise Refusal("user_not_found")
    workspace.surfaces.homes[user] = _view(args, "home", f"V{user[1:]}")
    return {"view": workspace.surfaces.homes[user]}


def open_view(workspace: Workspace, args: Arguments) -> Payload:
    """views.open: within three seconds of the press, once."""
    trigger = args.need("trigger_id")
    pressed_at = workspace.surfaces.triggers.pop(trigger, None)
    if pressed_at is None:
        raise Refusal("invalid_trigger_id")
    if workspace.clock() - pressed_at > TRIGGER_S:
        raise Refusal("expired_trigger_id")
    view = _view(args, "modal", f"V{len(workspace.surfaces.modals) + 1:04d}")
    workspace.surfaces.modals.append(view | {"trigger_id": trigger})
    return {"view": view}


def file_info(workspace: Workspace, args: Arguments) -> Payload:
    """files.info: all of it, of a stub too."""
    file = workspace.files.get(args.need("file"))
    if file is None:
        raise Refusal("file_not_found")
    return {"file": file.payload()}


def _reaction(args: Arguments) -> str:
    name = args.need("name")
    if ":" in name.replace("::", "") or " " in name:
        raise Refusal("invalid_name")
    return name


def _view(args: Arguments, kind: str, name: str) -> Payload:
    view = args.parsed("view")
    if not isinstance(view, dict) or view.get("type") != kind or not isinstance(view.get("blocks"), list):
        raise Refusal("invalid_arguments")
    if len(view["blocks"]) > VIEW_BLOCKS:
        raise Refusal("invalid_arguments")
    if kind == "modal":
        _check_dialogue(view)
    return view | {"id": name}


def _check_dialogue(view: Payload) -> None:
    """Refuse a dialogue as Slack does: without a title, with labels or texts that are too long."""
    labels = [view.get(name) for name in ("title", "submit", "close")]
    texts = [label["text"] for label in labels if isinstance(label, dict)]
    inputs = [block["element"] for block in view["blocks"] if block.get("type") == "input"]
    values = [str(part.get("initial_value", "")) for part in inputs]
    if not isinstance(view.get("title"), dict) or (inputs and not view.get("submit")):
        raise Refusal("invalid_arguments")
    if any(len(text) > VIEW_LABEL for text in texts) or any(len(value) > FIELD_CHARS for value in values):
        raise Refusal("invalid_arguments")
    if len(str(view.get("private_metadata", ""))) > VIEW_METADATA:
        raise Refusal("invalid_arguments")
