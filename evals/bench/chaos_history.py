"""What happened in a run: who said what, what Slack showed, what the ledger has, and what was broken when.

All times are of `time.monotonic`; a message's id is `team:channel:ts`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Said:
    """One message of a customer."""

    id: str
    thread: str
    nonce: str
    at: float
    accepted_at: float | None = None
    """When the bot acknowledged it to Slack, if it did."""
    delivered_at: float = 0.0
    """When Slack made the attempt that was acknowledged: it may have been its second or third."""

    @property
    def ts(self) -> str:
        """When it was said, by Slack's clock."""
        return self.id.rpartition(":")[2]


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the bot that stands in a thread at the end; without metadata, `turn` is empty."""

    thread: str
    ts: str
    turn: str
    messages: tuple[str, ...]
    """Ids of the customer's messages that it answers, by its metadata."""
    text: str
    streaming: bool = False
    closed_at: float = 0.0
    """When it was last changed."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A message of the bot as it came into a thread, and when it was taken away again, if it was."""

    thread: str
    ts: str
    at: float
    gone_at: float | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A turn in the ledger."""

    turn: str
    messages: tuple[str, ...]
    outcome: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to a model: which process asked, and the nonces of the messages that it is about."""

    at: float
    process: int
    nonces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that was broken from `at` until `until`; `process` is set where it was one of the bot's."""

    kind: str
    at: float
    until: float
    process: int | None = None


@dataclass(slots=True)
class History:
    """All that the checker needs to know of a run."""

    said: list[Said] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    posted: list[Posted] = field(default_factory=list)
    recorded: list[Recorded] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    words_at: dict[str, float] = field(default_factory=dict)
    """Nonce -> when words with it were first in Slack."""
    dead: int = 0
    """Dead letters."""
    unrecorded: tuple[float, float] | None = None
    """Between these times Redis lost what the ledger had, so that turns may be missing in it."""

    def save(self, folder: Path) -> Path:
        """Write it to `history.json` in a folder that is made where there is none."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "history.json"
        path.write_text(json.dumps(asdict(self), indent=1))
        return path
