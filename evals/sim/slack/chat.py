"""The methods that post, change and stream messages."""

from __future__ import annotations

from evals.sim.slack.arguments import Arguments
from evals.sim.slack.blocks import check_blocks, check_metadata
from evals.sim.slack.refusal import Refusal
from evals.sim.slack.shapes import Channel, Message, Payload, Stream
from evals.sim.slack.streams import check_words, running, settle, write
from evals.sim.slack.workspace import Workspace

TEXT_CHARS = 40_000
UPDATE_CHARS = 4_000
MARKDOWN_CHARS = 12_000
SESSION_STATUSES = ("processing", "active", "suspended", "closed")


def post_message(workspace: Workspace, args: Arguments) -> Payload:
    """chat.postMessage."""
    where = workspace.find_channel(args.need("channel"), inside=True, open=True)
    text = _words(args, TEXT_CHARS)
    blocks = check_blocks(args.parsed("blocks", "invalid_blocks_format"))
    if not text and not blocks:
        raise Refusal("no_text")
    message = _own(workspace, where, text or "", args.text("thread_ts"))
    message.blocks = blocks
    message.metadata = check_metadata(args.parsed("metadata", "invalid_metadata_format"))
    message.username = _name(workspace, args)
    if message.thread_ts and args.flag("reply_broadcast"):
        message.subtype = "thread_broadcast"
    _post(workspace, where, message)
    return {"channel": where.id, "ts": message.ts, "message": where.told(message, metadata=True)}


def update(workspace: Workspace, args: Arguments) -> Payload:
    """chat.update: what is not given stays as it is, but blocks go where new words come without any."""
    where = workspace.find_channel(args.need("channel"), inside=True, open=True)
    message = workspace.find_message(where, args.need("ts"))
    if message.user != workspace.settings.bot_user:
        raise Refusal("cant_update_message")
    settle(workspace, message)
    if message.stream and message.stream.state == "streaming":
        raise Refusal("streaming_state_conflict")
    text = _words(args, UPDATE_CHARS)
    given = args.parsed("blocks", "invalid_blocks_format")
    metadata = check_metadata(args.parsed("metadata", "invalid_metadata_format"))
    if text is None and given is None and metadata is None:
        raise Refusal("no_text")
    blocks = check_blocks(given)
    before = where.told(message)
    if text is not None or given is not None:
        message.text, message.blocks = message.text if text is None else text, blocks
    message.metadata = metadata or message.metadata
    if message.stream:
        message.stream.state = "completed"
    workspace.mark_edited(where, message, before, message.user)
    told = where.told(message, metadata=True)
    return {"channel": where.id, "ts": message.ts, "text": message.text, "message": told}


def delete(workspace: Workspace, args: Arguments) -> Payload:
    """chat.delete."""
    where = workspace.find_channel(args.need("channel"))
    message = workspace.find_message(where, args.need("ts"))
    if message.user != workspace.settings.bot_user:
        raise Refusal("cant_delete_message")
    workspace.delete(where.id, message.ts)
    return {"channel": where.id, "ts": message.ts}


def post_ephemeral(workspace: Workspace, args: Arguments) -> Payload:
    """chat.postEphemeral: no list of messages ever shows it."""
    where = workspace.find_channel(args.need("channel"), inside=True, open=True)
    user = args.need("user")
    if user not in where.members:
        raise Refusal("user_not_in_channel")
    text = _words(args, TEXT_CHARS)
    blocks = check_blocks(args.parsed("blocks", "invalid_blocks_format"))
    if not text and not blocks:
        raise Refusal("no_text")
    ts = workspace.tick()
    shown: Payload = {"channel": where.id, "user": user, "ts": ts, "text": text or "", "blocks": blocks}
    workspace.surfaces.ephemerals.append(shown | {"thread_ts": args.text("thread_ts")})
    return {"message_ts": ts}


def get_permalink(workspace: Workspace, args: Arguments) -> Payload:
    """chat.getPermalink."""
    where = workspace.find_channel(args.need("channel"))
    message = workspace.find_message(where, args.need("message_ts"))
    page = f"https://sim.slack.com/archives/{where.id}/p{message.ts.replace('.', '')}"
    thread = f"?thread_ts={message.thread_ts}&cid={where.id}" if message.thread_ts else ""
    return {"channel": where.id, "permalink": page + thread}


def start_stream(workspace: Workspace, args: Arguments) -> Payload:
    """chat.startStream: with or without first words, always in a thread."""
    where = workspace.find_channel(args.need("channel"), inside=True, open=True)
    thread_ts = args.need("thread_ts")
    _check_recipient(workspace, where, args)
    text, chunks = args.text("markdown_text"), args.parsed("chunks", "invalid_chunks")
    check_words(text, chunks, None)
    message = _own(workspace, where, "", thread_ts)
    message.stream = Stream(message.posted, message.posted)
    write(workspace, message, text, chunks)
    _post(workspace, where, message)
    return {"channel": where.id, "ts": message.ts}


def append_stream(workspace: Workspace, args: Arguments) -> Payload:
    """chat.appendStream."""
    where = workspace.find_channel(args.need("channel"), inside=True, open=True)
    message = workspace.find_message(where, args.need("ts"))
    running(workspace, message)
    text, chunks = args.text("markdown_text"), args.parsed("chunks", "invalid_chunks")
    if not text and chunks is None:
        raise Refusal("no_text")
    write(workspace, message, text, chunks)
    return {"channel": where.id, "ts": message.ts}


def stop_stream(workspace: Workspace, args: Arguments) -> Payload:
    """chat.stopStream: last words, blocks and metadata; nothing is done where any of them is refused."""
    where = workspace.find_channel(args.need("channel"), inside=True, open=True)
    message = workspace.find_message(where, args.need("ts"))
    stream = running(workspace, message)
    blocks = check_blocks(args.parsed("blocks", "invalid_blocks_format"))
    metadata = check_metadata(args.parsed("metadata", "invalid_metadata_format"))
    status = check_session_status(args.text("session_status"))
    before = where.told(message)
    write(workspace, message, args.text("markdown_text"), args.parsed("chunks", "invalid_chunks"))
    message.blocks = message.blocks + blocks
    message.metadata = metadata
    stream.state = "completed"
    if status:
        workspace.surfaces.sessions[where.id, where.root_of(message.ts)] = status
    workspace.tell_changed(where, message, before, workspace.tick())
    return {"channel": where.id, "ts": message.ts, "message": where.told(message, metadata=True)}


def check_session_status(status: str | None) -> str | None:
    """Return a session's status, or refuse one that there is not."""
    if status is not None and status not in SESSION_STATUSES:
        raise Refusal("invalid_status")
    return status


def _words(args: Arguments, limit: int) -> str | None:
    """Return what a message shall say; Markdown goes with neither text nor blocks."""
    text, markdown = args.text("text"), args.text("markdown_text")
    if markdown is not None:
        if text is not None or args.given.get("blocks") is not None:
            raise Refusal("markdown_text_conflict")
        text, limit = markdown, MARKDOWN_CHARS
    if text is not None and len(text) > limit:
        raise Refusal("msg_too_long")
    return text


def _check_recipient(workspace: Workspace, where: Channel, args: Arguments) -> None:
    team, user = args.text("recipient_team_id"), args.text("recipient_user_id")
    if where.kind != "im" and not team:
        raise Refusal("missing_recipient_team_id")
    if where.kind != "im" and not user:
        raise Refusal("missing_recipient_user_id")
    if user and user not in workspace.users:
        raise Refusal("user_not_found")
    if user and team and workspace.users[user].team != team:
        raise Refusal("team_not_found")


def _name(workspace: Workspace, args: Arguments) -> str:
    """Return the name under which to post; an app may choose one only with a scope of its own."""
    asked = [name for name in ("username", "icon_url", "icon_emoji") if args.text(name)]
    scopes = workspace.settings.scopes
    if asked and "chat:write.customize" not in scopes:
        raise Refusal("missing_scope", needed="chat:write.customize", provided=",".join(scopes))
    return args.text("username") or ""


def _own(workspace: Workspace, where: Channel, text: str, thread_ts: str | None) -> Message:
    settings = workspace.settings
    message = Message(where.id, workspace.tick(), settings.bot_user, settings.team, text, workspace.clock())
    message.bot_id, message.app_id = settings.bot_id, settings.app_id
    message.thread_ts = where.root_of(thread_ts) if thread_ts else None
    return message


def _post(workspace: Workspace, where: Channel, message: Message) -> None:
    if message.thread_ts:
        workspace.surfaces.statuses.pop((where.id, message.thread_ts), None)
    workspace.keep(where, message)
