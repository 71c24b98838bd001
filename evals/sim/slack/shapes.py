"""What a workspace holds, and how Slack writes each of it in JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Payload: TypeAlias = dict[str, Any]
StreamState: TypeAlias = Literal["streaming", "completed", "expired", "stopped_by_user"]
StreamMode: TypeAlias = Literal["text", "chunks"]


@dataclass(frozen=True, slots=True)
class User:
    """A person or a bot of the workspace, or of another one that shares a channel."""

    id: str
    team: str
    name: str
    locale: str = "en-GB"
    bot_id: str | None = None
    guest: bool = False
    """Whether only some channels are open to them."""

    def payload(self) -> Payload:
        """Write it as `users.info` does."""
        picture = f"https://avatars.slack-edge.com/{self.id}_72.png"
        profile = {"real_name": self.name.title(), "display_name": self.name, "image_72": picture}
        told = {"id": self.id, "team_id": self.team, "name": self.name, "real_name": self.name.title()}
        return {
            **told,
            "profile": profile,
            "locale": self.locale,
            "tz": "Europe/London",
            "deleted": False,
            "is_bot": self.bot_id is not None,
            "is_restricted": self.guest,
            "is_ultra_restricted": False,
        }


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that somebody attaches; a stub is shown as from another workspace, without addresses."""

    name: str
    content: bytes = b""
    mimetype: str = "text/plain"
    stub: bool = False


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the workspace, with its address below `origin`."""

    id: str
    user: str
    team: str
    sent: SentFile
    origin: str

    @property
    def path(self) -> str:
        """Where it can be downloaded, below the origin."""
        return f"/files-pri/{self.team}-{self.id}/download/{self.sent.name}"

    def payload(self) -> Payload:
        """Write all of it, as `files.info` does."""
        name, filetype = self.sent.name, self.sent.name.rpartition(".")[2]
        page = f"/files-pri/{self.team}-{self.id}/{name}"
        told = {"id": self.id, "name": name, "title": name, "mimetype": self.sent.mimetype, "user": self.user}
        kind = {"filetype": filetype, "pretty_type": filetype.upper(), "size": len(self.sent.content)}
        urls = {"url_private": self.origin + page, "url_private_download": self.origin + self.path}
        return {**told, **kind, **urls, "mode": "hosted", "is_external": False, "user_team": self.team}

    def attached(self) -> Payload:
        """Write it as a message's `files` hold it."""
        if self.sent.stub:
            return {"id": self.id, "mode": "file_access", "file_access": "check_file_info", "user": self.user}
        return self.payload()


@dataclass(slots=True)
class Stream:
    """What a streamed message has beside its text; times are of the workspace's clock."""

    started: float
    touched: float
    state: StreamState = "streaming"
    mode: StreamMode | None = None
    size: int = 0
    """Bytes, with the details and the output of tasks counted twice."""
    tasks: dict[str, Payload] = field(default_factory=dict)


@dataclass(slots=True)
class Message:
    """One message of a channel; `bot_id` is set where a bot wrote it."""

    channel: str
    ts: str
    user: str
    team: str
    text: str
    posted: float
    thread_ts: str | None = None
    bot_id: str | None = None
    app_id: str | None = None
    subtype: str | None = None
    client_msg_id: str | None = None
    blocks: list[Payload] = field(default_factory=list)
    files: list[StoredFile] = field(default_factory=list)
    metadata: Payload | None = None
    username: str = ""
    """The name under which an app posted it; empty for the app's own."""
    edited: Payload | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    stream: Stream | None = None

    def payload(self, *, metadata: bool = False) -> Payload:
        """Write it as an event or a list of messages holds it; its metadata only where asked for."""
        out: Payload = {"type": "message", "user": self.user, "text": self.text, "ts": self.ts}
        out["team"] = self.team
        for name in (
            "subtype",
            "client_msg_id",
            "bot_id",
            "app_id",
            "thread_ts",
            "edited",
            "blocks",
            "username",
        ):
            value = getattr(self, name)
            if value:
                out[name] = value
        if self.files:
            out |= {"files": [file.attached() for file in self.files], "upload": False}
        if self.reactions:
            out["reactions"] = self.reacted()
        if self.stream:
            out["streaming_state"] = _shown(self.stream.state)
        if metadata and self.metadata:
            out["metadata"] = self.metadata
        return out

    def reacted(self) -> list[Payload]:
        """Write its reactions."""
        return [{"name": name, "users": [*who], "count": len(who)} for name, who in self.reactions.items()]


@dataclass(slots=True)
class Channel:
    """A conversation: a direct one where its id starts with D, a private one with G."""

    id: str
    members: set[str]
    archived: bool = False
    shared: bool = False
    """Whether another company takes part in it."""
    messages: dict[str, Message] = field(default_factory=dict)
    """By ts, in the order in which they were posted."""
    threads: dict[str, list[str]] = field(default_factory=dict)
    """Of each root, the ts of its replies."""

    @property
    def kind(self) -> str:
        """What events call `channel_type`."""
        return {"D": "im", "G": "group", "M": "mpim"}.get(self.id[0], "channel")

    def root_of(self, ts: str) -> str:
        """Return the root of the thread that a message belongs to."""
        message = self.messages.get(ts)
        return (message.thread_ts or ts) if message else ts

    def told(self, message: Message, *, metadata: bool = False) -> Payload:
        """Write a message with what it has from its thread."""
        out = message.payload(metadata=metadata)
        replies = self.threads.get(message.ts)
        if replies:
            who = list(dict.fromkeys(self.messages[ts].user for ts in replies))
            out |= {"thread_ts": message.ts, "reply_count": len(replies), "latest_reply": replies[-1]}
            out |= {"reply_users": who, "reply_users_count": len(who), "is_locked": False}
        elif message.thread_ts and message.thread_ts in self.messages:
            out["parent_user_id"] = self.messages[message.thread_ts].user
        return out

    def payload(self, bot_user: str) -> Payload:
        """Write it as `conversations.info` does."""
        direct = self.kind == "im"
        out = {"id": self.id, "is_im": direct, "is_archived": self.archived}
        if direct:
            return out | {"user": next(iter(self.members - {bot_user}), bot_user)}
        kind = {"is_channel": self.kind == "channel", "is_private": self.kind != "channel"}
        shared = {"is_ext_shared": self.shared, "is_shared": self.shared}
        return out | kind | shared | {"name": self.id.lower(), "is_member": bot_user in self.members}


def _shown(state: StreamState) -> str:
    return {"streaming": "in_progress", "expired": "in_progress"}.get(state, "completed")
