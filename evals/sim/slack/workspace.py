"""The state of one workspace: who says what where, and which event each of it makes; without any I/O."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from evals.sim.slack import happenings
from evals.sim.slack.refusal import Refusal
from evals.sim.slack.settings import SlackSettings
from evals.sim.slack.shapes import Channel, Message, Payload, SentFile, StoredFile, User

STATUS_S = 120.0
"""How long a status is shown when nothing is posted."""


@dataclass(frozen=True, slots=True)
class Status:
    """What a thread shows as being done at the moment."""

    text: str
    at: float


@dataclass(slots=True)
class Surfaces:
    """What an app has set outside of messages, by channel and thread or by user."""

    statuses: dict[tuple[str, str], Status] = field(default_factory=dict)
    sessions: dict[tuple[str, str], str] = field(default_factory=dict)
    titles: dict[tuple[str, str], str] = field(default_factory=dict)
    prompts: dict[tuple[str, str], list[Payload]] = field(default_factory=dict)
    homes: dict[str, Payload] = field(default_factory=dict)
    modals: list[Payload] = field(default_factory=list)
    triggers: dict[str, float] = field(default_factory=dict)
    """What a press may open a dialogue with, and when it was pressed; a used one is gone."""
    ephemerals: list[Payload] = field(default_factory=list)


class Workspace:
    """Channels, messages and people; `emit` hears each inner event in the order in which things happen.

    What people do creates them and their channels when they are first named. A ts is never given twice.
    """

    def __init__(
        self,
        settings: SlackSettings,
        clock: Callable[[], float] = time.time,
        emit: Callable[[dict[str, Any]], None] = lambda _inner: None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.emit = emit
        self.origin = "http://127.0.0.1"
        """Where files can be downloaded."""
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, StoredFile] = {}
        self.groups: dict[str, list[str]] = {}
        """Of each user group, who is in it."""
        self.surfaces = Surfaces()
        self._last = 0
        bot = User(settings.bot_user, settings.team, "firstline", bot_id=settings.bot_id)
        self.users[bot.id] = bot

    def shared(self, inner: Payload) -> bool:
        """Tell whether an event is about a channel in which another company takes part."""
        item = inner.get("item")
        named = item.get("channel") if isinstance(item, dict) else inner.get("channel")
        found = self.channels.get(str(named))
        return found is not None and found.shared

    def tick(self) -> str:
        """Return the present as a ts that was never returned before."""
        self._last = max(int(self.clock() * 1_000_000), self._last + 1)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def person(self, user: str, **known: Any) -> User:
        """Return a user, who is made when first named or when something is `known` of them."""
        if user not in self.users or known:
            told: dict[str, Any] = {"team": self.settings.team, "name": user.lower()} | known
            self.users[user] = User(user, **told)
        return self.users[user]

    def channel(self, channel: str) -> Channel:
        """Return a channel, which is made with the bot in it when first named."""
        return self.channels.setdefault(channel, Channel(channel, {self.settings.bot_user}))

    def direct(self, user: str) -> Channel:
        """Return the direct conversation of a user with the bot."""
        for channel in self.channels.values():
            if channel.kind == "im" and user in channel.members:
                return channel
        made = self.channel(f"D{user[1:]}")
        made.members.add(user)
        return made

    def find_channel(self, channel: str, *, inside: bool = False, open: bool = False) -> Channel:
        """Return a channel as the bot sees it; `inside` demands that it is a member, `open` no archive."""
        found = self.channels.get(channel)
        if found is None:
            raise Refusal("channel_not_found")
        if inside and self.settings.bot_user not in found.members:
            raise Refusal("not_in_channel")
        if open and found.archived:
            raise Refusal("is_archived")
        return found

    def find_message(self, channel: Channel, ts: str) -> Message:
        """Return a message of a channel, or refuse."""
        found = channel.messages.get(ts)
        if found is None:
            raise Refusal("message_not_found")
        return found

    def visible(self, message: Message) -> bool:
        """Tell whether lists of messages show it yet."""
        return self.clock() - message.posted >= self.settings.replies_lag_s

    # What people do.

    def say(
        self,
        user: str,
        channel: str,
        text: str,
        thread_ts: str | None = None,
        files: Sequence[SentFile] = (),
        *,
        broadcast: bool = False,
        bot_id: str | None = None,
    ) -> str:
        """Post as a person, or with `bot_id` as another bot, and return the message's ts."""
        where = self.channel(channel)
        where.members.add(self.person(user).id)
        ts = self.tick()
        message = Message(channel, ts, user, self.users[user].team, text, self.clock())
        message.thread_ts = where.root_of(thread_ts) if thread_ts else None
        message.bot_id = bot_id
        message.client_msg_id = None if bot_id else f"sim-{ts}"
        message.files = [self._store(user, file) for file in files]
        if message.files:
            message.subtype = "file_share"
        elif broadcast and thread_ts:
            message.subtype = "thread_broadcast"
        self.keep(where, message)
        return ts

    def edit(self, user: str, channel: str, ts: str, text: str) -> None:
        """Change the words of one's own message."""
        where = self.channels[channel]
        message = where.messages[ts]
        before = where.told(message)
        message.text = text
        self.mark_edited(where, message, before, user)

    def delete(self, channel: str, ts: str) -> None:
        """Take a message away; a tombstone stays where there are replies to it."""
        where = self.channels[channel]
        message = where.messages[ts]
        before = where.told(message)
        if where.threads.get(ts):
            message.text, message.user, message.subtype = (
                "This message was deleted.",
                "USLACKBOT",
                "tombstone",
            )
            message.blocks, message.files = [], []
            self._tell(where, happenings.buried(where, message, before, self.tick()))
            return
        del where.messages[ts]
        if message.thread_ts and message.thread_ts in where.threads:
            where.threads[message.thread_ts].remove(ts)
        self._tell(where, happenings.deleted(where, message, before, self.tick()))

    def react(self, user: str, channel: str, ts: str, name: str) -> None:
        """Add a reaction, the bot's too."""
        where = self.find_channel(channel)
        message = self.find_message(where, ts)
        who = message.reactions.setdefault(name, [])
        if user in who:
            raise Refusal("already_reacted")
        who.append(user)
        self._tell(where, happenings.reacted(message, user, name, self.tick(), added=True))

    def unreact(self, user: str, channel: str, ts: str, name: str) -> None:
        """Take a reaction away."""
        where = self.find_channel(channel)
        message = self.find_message(where, ts)
        who = message.reactions.get(name, [])
        if user not in who:
            raise Refusal("no_reaction")
        who.remove(user)
        if not who:
            del message.reactions[name]
        self._tell(where, happenings.reacted(message, user, name, self.tick(), added=False))

    def open_home(self, user: str, tab: str = "home") -> None:
        """Open a tab of the app: `home` or `messages`."""
        self.person(user)
        where = self.direct(user)
        self._tell(where, happenings.home_opened(where, user, tab, self.tick()))

    def archive(self, channel: str, user: str = "U0ADMIN") -> None:
        """Archive a channel: it can still be read."""
        where = self.channel(channel)
        where.archived = True
        self._tell(where, happenings.archived(where, user, self.tick()))

    def kick_bot(self, channel: str) -> None:
        """Take the bot out of a channel: it hears nothing of it from then on."""
        self.channel(channel).members.discard(self.settings.bot_user)

    def join(self, user: str, channel: str) -> None:
        """Have somebody join a channel."""
        self.channel(channel).members.add(self.person(user).id)

    def leave(self, user: str, channel: str) -> None:
        """Have somebody leave a channel."""
        self.channel(channel).members.discard(user)

    def invite_bot(self, channel: str) -> None:
        """Bring the bot into a channel."""
        self.channel(channel).members.add(self.settings.bot_user)

    # What all of it rests on.

    def keep(self, where: Channel, message: Message) -> None:
        """Store a new message, and tell of it."""
        if message.thread_ts == message.ts:
            message.thread_ts = None
        where.messages[message.ts] = message
        if message.thread_ts:
            where.threads.setdefault(message.thread_ts, []).append(message.ts)
        mention = f"<@{self.settings.bot_user}>" in message.text
        if mention and where.kind != "im" and message.user != self.settings.bot_user:
            self._tell(where, happenings.mentioned(where, message))
        self._tell(where, happenings.spoken(where, message))

    def mark_edited(self, where: Channel, message: Message, before: Payload, user: str) -> None:
        """Note that a message was edited, and tell of it."""
        ts = self.tick()
        message.edited = {"user": user, "ts": ts}
        self.tell_changed(where, message, before, ts)

    def tell_changed(self, where: Channel, message: Message, before: Payload, ts: str) -> None:
        """Tell that a message is no longer what it was."""
        self._tell(where, happenings.changed(where, message, before, ts))

    def status(self, channel: str, thread_ts: str) -> str:
        """Return what a thread shows as being done, empty where that is too old."""
        shown = self.surfaces.statuses.get((channel, thread_ts))
        return shown.text if shown and self.clock() - shown.at < STATUS_S else ""

    def _store(self, user: str, sent: SentFile) -> StoredFile:
        name = f"F{len(self.files) + 1:04d}"
        self.files[name] = StoredFile(name, user, self.users[user].team, sent, self.origin)
        return self.files[name]

    def _tell(self, where: Channel, inner: Payload) -> None:
        if self.settings.bot_user in where.members:
            self.emit(inner)
