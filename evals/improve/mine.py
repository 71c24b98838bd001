"""`evals mine`: what went wrong with customers becomes draft cases, for a person to label.

What counts: a thumbs-down of who asked, a person who took over, a question that was asked again, and an
answer that a person changed or discarded before it was sent. A draft holds the customer's words up to there,
redacted, and expects nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

from evals.importers.imported import read_text
from evals.suite.case import Case, CaseTurn, Origin
from graph.errors import InputError
from graph.quoting import legible
from graph.records.codec import RecordError, from_dict
from graph.records.redact import redact_transcript
from graph.routing.repeat import overlap
from graph.turn import Feedback, Transcript, TurnRecord

Why: TypeAlias = Literal["thumbs-down", "taken-over", "asked-again", "edited", "discarded"]

REPEATED = 0.8
"""As the rule of escalation.md that the bot ships with."""
ALIKE = 0.6
"""Share of words in common from which two questions are one draft."""


@dataclass(frozen=True, slots=True)
class Export:
    """What `bot export` and `bot export --transcripts` wrote, in one file or several."""

    turns: dict[str, TurnRecord]
    down: frozenset[str]
    """Ids of turns that their asker rated down."""
    transcripts: dict[str, Transcript]


@dataclass(frozen=True, slots=True)
class Mined:
    """One conversation that went wrong."""

    conversation: str
    why: tuple[Why, ...]
    turns: tuple[Transcript, ...]
    """Redacted, up to and with the one that went wrong."""
    route: str = ""
    """Why that one went where it went, and who decided; empty where its record is missing."""

    @property
    def id(self) -> str:
        """The draft's id and the name of its file."""
        digest = hashlib.sha256(self.conversation.encode("utf-8", "surrogatepass")).hexdigest()
        return f"mined-{digest[:10]}"

    @property
    def question(self) -> str:
        """What was asked in the turn that went wrong."""
        return "\n".join(self.turns[-1].asked)

    def case(self) -> Case:
        """Return the draft."""
        return Case(
            id=self.id,
            origin=Origin("feedback", ref=self.conversation, added=_day(self.turns[-1].at)),
            turns=tuple(CaseTurn("\n".join(turn.asked)) for turn in self.turns),
            tags=("mined", *self.why),
            draft=True,
        )


@dataclass(frozen=True, slots=True)
class Group:
    """Conversations about nearly the same question; the oldest stands for them."""

    members: tuple[Mined, ...]

    @property
    def first(self) -> Mined:
        """The one that becomes the draft."""
        return self.members[0]


def read_exports(files: Iterable[Path]) -> Export:
    """Read turns with their ratings and transcripts; raises InputError with the line that is neither."""
    turns: dict[str, TurnRecord] = {}
    transcripts: dict[str, Transcript] = {}
    down: set[str] = set()
    for file in files:
        for number, line in enumerate(read_text(file).split("\n"), 1):
            if not line.strip():
                continue
            try:
                entry, rated_down = _entry(line)
            except RecordError as error:
                raise InputError(f"{file}:{number}: {error}; write the file with `bot export`") from None
            if isinstance(entry, Transcript):
                transcripts[entry.turn_id] = entry
            else:
                turns[entry.turn_id] = entry
                down |= {entry.turn_id} if rated_down else set()
    if not transcripts:
        raise InputError("there is no transcript in it; add the file of `bot export --transcripts`")
    return Export(turns, frozenset(down), transcripts)


def mine(export: Export) -> tuple[Mined, ...]:
    """Return the conversations that went wrong, oldest first, each up to its first turn that did."""
    conversations: dict[str, list[Transcript]] = {}
    for transcript in sorted(export.transcripts.values(), key=lambda turn: turn.at):
        if any(text.strip() for text in transcript.asked):
            conversations.setdefault(transcript.conversation, []).append(transcript)
    found = (_first_wrong(name, turns, export) for name, turns in conversations.items())
    return tuple(sorted((one for one in found if one), key=lambda one: one.turns[-1].at))


def grouped(found: Sequence[Mined]) -> tuple[Group, ...]:
    """Put conversations together whose question is nearly the group's oldest; largest groups first."""
    groups: list[list[Mined]] = []
    for one in found:
        same = (g for g in groups if _alike(one.question, g[0].question))
        group = next(same, None)
        if group is None:
            groups.append([one])
        else:
            group.append(one)
    return tuple(Group(tuple(group)) for group in sorted(groups, key=len, reverse=True))


def without_transcript(export: Export) -> int:
    """Return how many turns went wrong whose words are not there any more."""
    handed = {name for name, turn in export.turns.items() if turn.outcome == "handed_off"}
    wrong = handed | export.down
    return len(wrong - export.transcripts.keys())


def _entry(line: str) -> tuple[TurnRecord | Transcript, bool]:
    try:
        data: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"is not JSON: {error}") from None
    if isinstance(data, dict) and "asked" in data:
        return from_dict(Transcript, data), False
    record = from_dict(TurnRecord, data)
    ratings = data.get("ratings", [])
    if not isinstance(ratings, list):
        raise RecordError("ratings should be a list")
    given = [from_dict(Feedback, rating) for rating in ratings]
    return record, any(rating.who == "asker" and rating.value == "down" for rating in given)


def _first_wrong(conversation: str, turns: list[Transcript], export: Export) -> Mined | None:
    asked: list[str] = []
    for place, turn in enumerate(turns):
        text = "\n".join(turn.asked)
        why: list[Why] = []
        if turn.turn_id in export.down:
            why.append("thumbs-down")
        if turn.outcome == "handed_off":
            why.append("taken-over")
        if turn.review and turn.review.how != "same":
            why.append(turn.review.how)
        if overlap(text, asked) >= REPEATED:
            why.append("asked-again")
        if why:
            told = tuple(map(_redacted, turns[: place + 1]))
            return Mined(conversation, tuple(why), told, _route(export.turns.get(turn.turn_id)))
        asked.append(text)
    return None


def _route(record: TurnRecord | None) -> str:
    return f"{record.route.reason} (by {record.route.by})" if record else ""


def _alike(one: str, other: str) -> bool:
    # Very short messages have too few words to be compared by.
    return one.casefold().strip() == other.casefold().strip() or overlap(one, [other]) >= ALIKE


def _redacted(turn: Transcript) -> Transcript:
    clean = redact_transcript(replace(turn, asked=tuple(map(legible, turn.asked))))
    return replace(clean, customer="")


def _day(at: float) -> str | None:
    try:
        return datetime.fromtimestamp(at, UTC).date().isoformat()
    except (OverflowError, OSError, ValueError):
        return None
