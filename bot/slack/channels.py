"""channels.toml: what differs from channel to channel, taken over as soon as it is saved."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import structlog
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from bot.slack.reactions import DOWN, RATINGS, UP, canonical, ratings_of
from graph.errors import InputError
from graph.turn import Thumb

NAME = "channels.toml"
CHECK_EVERY = 1.0
"""Seconds between two looks at the file."""

Mode: TypeAlias = Literal["off", "mention", "every_question", "draft"]

log = structlog.get_logger()


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Channel(_Strict):
    mode: Mode | None = None
    bots: bool | None = None
    audience: Literal["everyone"] | None = None


_ChannelId: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[CG][A-Z0-9]+$")]
# A letter or digit of any script: Slack's own emoji may be named in any; an emoji itself is no name.
_Emoji: TypeAlias = Annotated[str, StringConstraints(pattern=r"^:?[\w+'-]+:?$")]


class _Reactions(_Strict):
    up: list[_Emoji] = Field(default=list(UP))
    down: list[_Emoji] = Field(default=list(DOWN))


class _Workspace(_Strict):
    handoff_channel: _ChannelId | None = None


_TeamId: TypeAlias = Annotated[str, StringConstraints(pattern=r"^T[A-Z0-9]+$")]


class _File(_Strict):
    default: _Channel = _Channel()
    channels: dict[_ChannelId, _Channel] = Field(default_factory=dict)
    reactions: _Reactions = _Reactions()
    workspaces: dict[_TeamId, _Workspace] = Field(default_factory=dict)


_KEYS: dict[str, str] = {
    "": "default, channels.ID, reactions, workspaces.ID",
    "default": "mode, bots, audience",
    "channels": "mode, bots, audience",
    "reactions": "up, down",
    "workspaces": "handoff_channel",
}
_WRONG = {
    "extra_forbidden": "there is no such key here; there are {keys}",
    "literal_error": "it must be {expected}, in quotes",
    "bool_type": "it must be true or false, without quotes",
    "list_type": 'it must be a list of emoji names, such as ["+1", "heart"]',
}
_NO_ID = (
    "it must be a channel's ID, such as C0123456789 (in Slack: the channel's name, then About, at the bottom)"
)
_NO_EMOJI = 'it must be the name that Slack shows for the emoji, such as "+1"'


_NO_TEAM = "it must be a workspace's ID, such as T0123456789"
_PATTERNS = {"channels": _NO_ID, "handoff_channel": _NO_ID, "workspaces": _NO_TEAM, "reactions": _NO_EMOJI}


@dataclass(frozen=True, slots=True)
class Listing:
    """What channels.toml says, as it stands at one moment."""

    modes: Mapping[str, Mode] = field(default_factory=dict)
    bots: Mapping[str, bool] = field(default_factory=dict)
    mode: Mode = "mention"
    """Of channels that have no mode of their own."""
    answers_bots: bool = False
    """In channels that do not say."""
    ratings: Mapping[str, Thumb] = field(default_factory=lambda: RATINGS)
    handoff_channels: Mapping[str, str] = field(default_factory=dict)
    """Where people take over in workspaces that installed the app by themselves."""
    open_to_all: frozenset[str] = frozenset()
    """Channels in which answers rest on what everyone may read, whoever asks; `*` is all of them."""


def read_channels(path: Path) -> Listing:
    """Read the file; raises InputError naming the file, the place in it and what is allowed there."""
    try:
        parsed = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable as TOML: {error}") from None
    except ValidationError as error:
        raise InputError(f"{path}: {_problem(error)}") from None
    names = parsed.reactions
    if both := sorted({canonical(n) for n in names.up} & {canonical(n) for n in names.down}):
        raise InputError(f"{path}: reactions: {both[0]!r} is in both lists; take it out of one")
    return Listing(
        {name: channel.mode for name, channel in parsed.channels.items() if channel.mode is not None},
        {name: channel.bots for name, channel in parsed.channels.items() if channel.bots is not None},
        parsed.default.mode or "mention",
        bool(parsed.default.bots),
        ratings_of(names.up, names.down),
        {team: each.handoff_channel for team, each in parsed.workspaces.items() if each.handoff_channel},
        frozenset(
            name for name, channel in (("*", parsed.default), *parsed.channels.items()) if channel.audience
        ),
    )


def _problem(error: ValidationError) -> str:
    first = error.errors()[0]
    place = [str(part) for part in first["loc"] if part != "[key]"]
    if first["type"] == "string_pattern_mismatch":
        problem = _PATTERNS[place[-1] if place[-1] == "handoff_channel" else place[0]]
    else:
        keys = _KEYS["" if len(place) == 1 else place[0]]
        problem = _WRONG.get(first["type"], first["msg"]).format(keys=keys, **first.get("ctx", {}))
    return f"{'.'.join(place)}: {problem}"


class Channels:
    """The channels as the file has them now; a broken file leaves the last good one in force."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._stamp = self._look()
        self._next_look = time.monotonic() + CHECK_EVERY
        self.listing = read_channels(path) if path and self._stamp else Listing()
        self.problem = ""
        """What is wrong with the file that is not in force; empty where nothing is."""

    def mode(self, channel: str) -> Mode:
        """Return which messages are answered in a channel."""
        return self.listing.modes.get(channel, self.listing.mode)

    def drafts(self, channel: str) -> bool:
        """Tell whether a person sees each answer of a channel before the customer does."""
        return self.mode(channel) == "draft"

    def bots(self, channel: str) -> bool:
        """Tell whether messages of other bots are answered in a channel."""
        return self.listing.bots.get(channel, self.listing.answers_bots)

    def open_to_all(self, channel: str) -> bool:
        """Tell whether answers in a channel rest on what everyone may read, whoever asks."""
        return not self.listing.open_to_all.isdisjoint(("*", channel))

    def handoff_channel(self, team: str) -> str | None:
        """Return where people take over in a workspace that installed the app by itself; None: nowhere."""
        return self.listing.handoff_channels.get(team)

    @property
    def ratings(self) -> Mapping[str, Thumb]:
        """What each emoji stands for."""
        return self.listing.ratings

    def refresh(self) -> bool:
        """Take over a changed file, and tell whether there was one; looks at most once a second.

        A broken or missing file is logged once as `channels.wrong` and stands in `problem`.
        """
        now = time.monotonic()
        if self._path is None or now < self._next_look:
            return False
        self._next_look = now + CHECK_EVERY
        stamp = self._look()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            self.listing = read_channels(self._path)
        except InputError as error:
            self.problem = str(error)
            log.warning("channels.wrong", problem=self.problem)
            return False
        self.problem = ""
        log.info("channels.changed", file=str(self._path), channels=len(self.listing.modes))
        return True

    def _look(self) -> tuple[int, int] | None:
        """Return what tells whether the file has changed; None where there is none."""
        try:
            status = self._path.stat() if self._path else None
        except OSError:
            return None
        return (status.st_mtime_ns, status.st_size) if status else None


def load_channels(home: Path | None) -> Channels:
    """Open an adopter's channels.toml; raises InputError where it is broken.

    Without a folder, and without the file in it, the bot answers where it is mentioned.
    """
    return Channels(home / NAME if home else None)
