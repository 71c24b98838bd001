"""Reading message events: new ones, edits, deletions, and the files in them."""

from __future__ import annotations

from bot.slack.events import Deleted, Edited, File, Ignored, IncomingMessage
from bot.slack.fields import Fields
from bot.slack.plain import mentions, plain

SLACKBOT = "USLACKBOT"
_STUBS = ("check_file_info", "file_access")


def read_message(
    message: Fields, event_id: str, team: str, channel: str, bot_user: str, *, shared: bool | None = None
) -> IncomingMessage | Ignored:
    """Read a message that somebody wrote; raises Missing where it has no user or timestamp."""
    text, files = _text(message), _files(message)
    if not text.strip() and not files:
        return Ignored("The message has neither words nor files.")
    ts, bot = message.ts("ts"), _is_bot(message)
    return IncomingMessage(
        event_id=event_id,
        team=team,
        channel=channel,
        ts=ts,
        thread_ts=_thread(message, ts),
        user=message.word("user") or (message.id("bot_id") if bot else message.id("user")),
        user_team=_user_team(message) or None,
        text=plain(text, bot_user),
        files=files,
        dm=_is_dm(message, channel),
        bot=bot,
        mentions=mentions(text),
        sent_at=float(ts),
        broadcast=message.text("subtype") == "thread_broadcast",
        parent=message.word("parent_user_id"),
        shared=shared,
    )


def read_changed(
    event: Fields, event_id: str, team: str, bot_user: str, *, shared: bool | None = None
) -> Edited | Deleted | Ignored:
    """Read an edit; also sent when Slack unfurls a link, and when a thread's first message is deleted."""
    message, before, channel = event.at("message"), event.at("previous_message"), event.id("channel")
    if message.text("subtype") == "tombstone":
        ts = message.ts("ts")
        return Deleted(event_id, team, channel, ts, _thread(message, ts))
    if _is_bot(message) or (bot_user and message.text("user") == bot_user):
        return Ignored("A bot changed its own message.")
    if not _changed(message, before):
        return Ignored("Neither the words nor the files of the message changed.")
    edited = read_message(message, event_id, team, channel, bot_user, shared=shared)
    return edited if isinstance(edited, Ignored) else Edited(event_id, edited)


def read_deleted(event: Fields, event_id: str, team: str) -> Deleted:
    """Read a deletion; raises Missing where it does not say of what."""
    ts = event.timestamp("deleted_ts") or event.at("previous_message").ts("ts")
    return Deleted(event_id, team, event.id("channel"), ts, _thread(event.at("previous_message"), ts))


def read_file(file: Fields) -> File:
    """Read what a message, or `files.info`, says of a file."""
    return File(
        id=file.word("id"),
        name=file.text("name") or file.text("title"),
        type=file.text("mimetype"),
        size=file.number("size"),
        url=file.text("url_private_download") or file.text("url_private"),
        stub=file.text("file_access") in _STUBS or file.text("mode") in _STUBS,
    )


def _user_team(message: Fields) -> str:
    """Return the writer's workspace; of a mention, Slack may name their organisation in its place."""
    named = (message.word("user_team"), message.word("source_team"))
    teams = (name for name in named if name.startswith("T"))
    return next(teams, "") or named[0] or named[1] or message.word("team")


def _files(message: Fields) -> tuple[File, ...]:
    """Return the files of a message; Slack keeps the tombstones of deleted ones."""
    return tuple(
        read_file(file) for file in message.each("files") if file and file.text("mode") != "tombstone"
    )


def _text(message: Fields) -> str:
    """Return the words of a message, or those of the message that it passes on."""
    text = message.text("text")
    if text.strip():
        return text
    shared = (each for each in message.each("attachments") if each.value("is_share") is True)
    return "\n".join(each.text("text") or each.text("fallback") for each in shared)


def _changed(message: Fields, before: Fields) -> bool:
    if not before:
        return bool(message.at("edited"))
    files = [{file.word("id") for file in each.each("files")} for each in (message, before)]
    return message.text("text") != before.text("text") or files[0] != files[1]


def _thread(message: Fields, ts: str) -> str | None:
    thread_ts = message.timestamp("thread_ts")
    return thread_ts if thread_ts and thread_ts != ts else None


def _is_bot(message: Fields) -> bool:
    by_bot = message.text("bot_id") or message.text("subtype") == "bot_message"
    return bool(by_bot) or message.text("user") == SLACKBOT


def _is_dm(message: Fields, channel: str) -> bool:
    # A mention and an edit do not say what kind of channel it is; the id of direct messages begins with D.
    return message.text("channel_type") == "im" or channel.startswith("D")
