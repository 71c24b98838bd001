"""Everything that Slack tells the bot, as one closed union.

Ids and timestamps in here hold only letters, digits, `_`, `-` and `.`, so they may be put together with
colons; no text holds what cannot be written as UTF-8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, assert_never


@dataclass(frozen=True, slots=True)
class File:
    """A file that came with a message; its content is still at Slack."""

    id: str
    name: str
    type: str
    """MIME type as Slack guessed it; empty where it did not."""
    size: int = 0
    url: str = ""
    """Where it can be fetched with the bot's token; empty for a deleted file and for a stub."""
    stub: bool = False
    """Whether Slack sent only the id: `files.info` has the rest (files of other workspaces)."""


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """What somebody wrote where the bot can read it."""

    event_id: str
    team: str
    """The workspace in which the bot is installed."""
    channel: str
    ts: str
    thread_ts: str | None
    """The thread's first message; None for a message that begins a thread or has none."""
    user: str
    """Who wrote it; the bot's id where another bot has no user."""
    user_team: str | None
    """The writer's own workspace, where Slack tells it; another one in a shared channel."""
    text: str
    """As a person reads it, without the mention of this bot; may be empty."""
    files: tuple[File, ...] = ()
    dm: bool = False
    bot: bool = False
    """Whether a bot wrote it."""
    mentions: tuple[str, ...] = ()
    """Ids of the people (this bot too) and groups it names, and `here`, `channel`, `everyone`; each once."""
    sent_at: float = 0.0
    """Seconds since the epoch, by Slack's clock."""
    broadcast: bool = False
    """Whether a reply in a thread was shown to the whole channel too."""
    parent: str = ""
    """Who began the thread that it replies in; empty where Slack does not say."""
    shared: bool | None = None
    """Whether people of another company are in the channel; None where Slack does not say."""

    @property
    def id(self) -> str:
        """The message's id everywhere outside Slack."""
        return f"{self.team}:{self.channel}:{self.ts}"

    @property
    def thread(self) -> str:
        """The timestamp under which an answer is posted."""
        return self.thread_ts or self.ts

    @property
    def conversation(self) -> str:
        """The conversation's id everywhere outside Slack."""
        return f"{self.team}:{self.channel}:{self.thread}"


@dataclass(frozen=True, slots=True)
class Edited:
    """The words or files of a message changed; `message` is how it stands now."""

    event_id: str
    message: IncomingMessage


@dataclass(frozen=True, slots=True)
class Deleted:
    """A message is gone."""

    event_id: str
    team: str
    channel: str
    ts: str
    thread_ts: str | None

    @property
    def id(self) -> str:
        """The deleted message's id everywhere outside Slack."""
        return f"{self.team}:{self.channel}:{self.ts}"

    @property
    def conversation(self) -> str:
        """The conversation that it belonged to."""
        return f"{self.team}:{self.channel}:{self.thread_ts or self.ts}"


@dataclass(frozen=True, slots=True)
class Reacted:
    """Somebody added an emoji to a message or took it away."""

    event_id: str
    team: str
    channel: str
    ts: str
    """Of the message; Slack does not say which thread it is in."""
    user: str
    name: str
    """As Slack has it, without colons, such as `+1::skin-tone-3`."""
    added: bool
    at: float
    of: str | None = None
    """Who wrote the message, where Slack tells it."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """Somebody pressed a button, or used a message's shortcut."""

    team: str
    channel: str
    """Empty for a button that is not under a message, as in the home tab; so is `ts`."""
    ts: str
    thread_ts: str | None
    user: str
    user_team: str
    """The workspace of whoever pressed."""
    action: str
    value: str
    at: float
    response_url: str = ""
    trigger_id: str = ""
    """Opens a dialogue within three seconds."""
    shortcut: bool = False
    """Whether it was a message's shortcut, named by `action`; `value` is the conversation then."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """Somebody pressed Slack's own stop button; Slack has ended the streams already."""

    event_id: str
    team: str
    channel: str
    thread_ts: str
    user: str
    streams: tuple[str, ...] = ()
    """Timestamps of the messages that were being streamed."""

    @property
    def conversation(self) -> str:
        """The conversation that is to stop."""
        return f"{self.team}:{self.channel}:{self.thread_ts}"


@dataclass(frozen=True, slots=True)
class HomeOpened:
    """Somebody opened the bot's home tab or its messages."""

    event_id: str
    team: str
    user: str
    tab: str
    """`home` or `messages`."""
    channel: str
    """The direct messages with the person; empty where Slack does not say."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """Somebody sent a dialogue off."""

    team: str
    user: str
    view: str
    """The dialogue's own id: each one that is opened has another."""
    callback: str
    about: str
    """What was written into the dialogue when it was opened."""
    text: str
    """What its fields hold, a paragraph each."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing to do, and why in one sentence that holds nobody's words."""

    why: str


Incoming: TypeAlias = (
    IncomingMessage | Edited | Deleted | Reacted | Pressed | Stopped | HomeOpened | Submitted
)


def message_key(message_id: str) -> str:
    """Return the key under which a message is put in once, whichever of its events comes first."""
    return f"m:{message_id}"


def dedupe_keys(incoming: Incoming) -> tuple[str, ...]:
    """Return what must not have been seen before; Slack repeats events, and tells a mention twice."""
    match incoming:
        case IncomingMessage():
            return (f"e:{incoming.team}:{incoming.event_id}", message_key(incoming.id))
        case Pressed(team, channel, ts, _, user, _, action):
            # Slack has no id for these, nor does it repeat them by itself.
            return (f"p:{team}:{channel}:{ts}:{user}:{action}:{incoming.at:.6f}",)
        case Submitted():
            return (f"v:{incoming.team}:{incoming.view}",)
        case Edited():
            return (f"e:{incoming.message.team}:{incoming.event_id}",)
        case Deleted() | Reacted() | Stopped() | HomeOpened():
            return (f"e:{incoming.team}:{incoming.event_id}",)
    assert_never(incoming)
