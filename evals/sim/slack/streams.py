"""Messages that are written while they are shown, and every way in which that can end."""

from __future__ import annotations

from typing import Any

from evals.sim.slack import happenings
from evals.sim.slack.blocks import check_blocks
from evals.sim.slack.refusal import Refusal
from evals.sim.slack.shapes import Channel, Message, Payload, Stream, StreamMode
from evals.sim.slack.workspace import Workspace

CALL_CHARS = 12_000
TASK_STATUSES = ("pending", "in_progress", "complete", "error")


def settle(workspace: Workspace, message: Message) -> None:
    """Let a stream that is past its lifetime expire."""
    stream = message.stream
    if stream is None or stream.state != "streaming":
        return
    since = stream.touched if workspace.settings.stream_idle else stream.started
    if workspace.clock() - since > workspace.settings.stream_lifetime_s:
        stream.state = "expired"


def running(workspace: Workspace, message: Message) -> Stream:
    """Return the stream of a message that can still be written to, or refuse as Slack does."""
    if message.user != workspace.settings.bot_user:
        raise Refusal("message_not_owned_by_app")
    settle(workspace, message)
    stream = message.stream
    if stream is None or stream.state in ("completed", "expired"):
        raise Refusal("message_not_in_streaming_state")
    if stream.state == "stopped_by_user":
        raise Refusal("stopped_by_user")
    return stream


def check_words(text: str | None, chunks: Any, mode: StreamMode | None) -> StreamMode | None:
    """Return which way of writing a call takes, None where it writes nothing, or refuse it."""
    if text is not None and chunks is not None:
        raise Refusal("cannot_provide_both_markdown_text_and_chunks")
    if text is None and chunks is None:
        return None
    taken: StreamMode = "chunks" if text is None else "text"
    if mode is not None and taken != mode:
        raise Refusal("streaming_mode_mismatch")
    if chunks is not None:
        _check_chunks(chunks)
    length = len(text) if text is not None else sum(len(_words_of(chunk)) for chunk in chunks)
    if length > CALL_CHARS:
        raise Refusal("msg_too_long")
    return taken


def write(workspace: Workspace, message: Message, text: str | None, chunks: list[Payload] | None) -> None:
    """Add to a stream what a call brings; nothing of it is added where it is refused."""
    stream = message.stream
    if stream is None:
        raise Refusal("message_not_in_streaming_state")
    mode = check_words(text, chunks, stream.mode)
    if mode is None:
        return
    size = _size(text, chunks or [])
    if stream.size + size > workspace.settings.stream_bytes:
        raise Refusal("msg_too_long")
    blocks = [check_blocks(chunk["blocks"]) for chunk in chunks or () if chunk["type"] == "blocks"]
    stream.mode = mode
    stream.size += size
    stream.touched = workspace.clock()
    message.text += text if text is not None else "".join(map(_words_of, chunks or ()))
    message.blocks = message.blocks + [block for some in blocks for block in some]
    stream.tasks |= {chunk["id"]: chunk for chunk in chunks or () if chunk["type"] == "task_update"}


def stop_by_user(workspace: Workspace, user: str, channel: str, thread_ts: str) -> list[str]:
    """Press the native stop button of a thread: every stream in it stops; returns their messages.

    Raises LookupError where Slack shows no such button: no session works there, and nothing streams.
    """
    where = workspace.channels[channel]
    streams = [message for message in _thread(where, thread_ts) if _streams(workspace, message)]
    if not streams and workspace.surfaces.sessions.get((channel, thread_ts)) != "processing":
        raise LookupError(f"thread {thread_ts} of {channel} has no stop button: nothing is under way there")
    for message in streams:
        if message.stream:
            message.stream.state = "stopped_by_user"
    stopped = [message.ts for message in streams]
    workspace.emit(happenings.session_stopped(channel, thread_ts, user, stopped, workspace.tick()))
    return stopped


def _thread(where: Channel, thread_ts: str) -> list[Message]:
    return [where.messages[ts] for ts in where.threads.get(thread_ts, ())]


def _streams(workspace: Workspace, message: Message) -> bool:
    settle(workspace, message)
    return message.stream is not None and message.stream.state == "streaming"


def _check_chunks(chunks: Any) -> None:
    if not isinstance(chunks, list):
        raise Refusal("invalid_chunks")
    if not all(isinstance(chunk, dict) and _is_chunk(chunk) for chunk in chunks):
        raise Refusal("invalid_chunks")


def _is_chunk(chunk: Payload) -> bool:
    match chunk.get("type"):
        case "markdown_text":
            return isinstance(chunk.get("text"), str)
        case "task_update":
            named = bool(chunk.get("id")) and isinstance(chunk.get("title"), str)
            return named and chunk.get("status") in TASK_STATUSES
        case "plan_update":
            return isinstance(chunk.get("title"), str)
        case "blocks":
            return isinstance(chunk.get("blocks"), list)
        case _:
            return False


def _words_of(chunk: Payload) -> str:
    return str(chunk["text"]) if chunk["type"] == "markdown_text" else ""


def _size(text: str | None, chunks: list[Payload]) -> int:
    size = len((text or "").encode())
    for chunk in chunks:
        once = _words_of(chunk) + str(chunk.get("title", ""))
        twice = str(chunk.get("details") or "") + str(chunk.get("output") or "")
        size += len(once.encode()) + 2 * len(twice.encode())
    return size
