"""One message's story: the turn runs and is shown, what it came to is logged and kept, ratings are joined."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Literal, Protocol

import structlog

from bot.app import App
from bot.log import turn_line
from graph.errors import StateError
from graph.records.codec import to_line
from graph.records.redact import redact_transcript
from graph.run import Rated, remember, run_turn
from graph.turn import (
    Chunk,
    Feedback,
    Fence,
    Finished,
    Restarted,
    TextDelta,
    Thumb,
    Transcript,
    Turn,
    TurnRecord,
    Who,
)

log = structlog.get_logger()

LONGEST = 20_000
"""Characters of a text that are kept: nobody reads more of it, and to redact a megabyte takes seconds."""


class Surface(Protocol):
    """Where an answer is seen."""

    async def show(self, chunk: Chunk) -> None:
        """Show a chunk, any but the last."""
        ...

    async def finish(self, record: TurnRecord) -> TurnRecord:
        """Show the end of the answer; return its record with the times as they were seen there."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """An answer that was shown to its end."""

    record: TurnRecord
    transcript: Transcript


@dataclass(slots=True)
class Conversations:
    """Runs turns and accounts for them; what the ledger cannot take now is kept and tried again."""

    app: App
    unsaved: deque[TurnRecord | Transcript | Feedback] = field(default_factory=deque)
    """What is not in the ledger yet, oldest first."""
    problem: str = ""
    """Why the ledger takes nothing, in one sentence; empty when it does."""
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Entries are written one after the other, whichever turn they are of."""

    async def answer(
        self, turn: Turn, surface: Surface, *, stop: asyncio.Event | None = None, fence: Fence | None = None
    ) -> Told:
        """Answer a turn where it is seen; what comes back is still to be kept, and logged by `log_told`."""
        shown = ""
        async with aclosing(run_turn(self.app.support, turn, stop, fence)) as chunks:
            async for chunk in chunks:
                match chunk:
                    case Finished(record):
                        seen = await surface.finish(record)
                        return Told(seen, _transcript(turn, seen, shown))
                    case TextDelta(text):
                        shown += text
                    case Restarted():
                        shown = ""
                await surface.show(chunk)
        raise AssertionError("a turn ended without Finished")

    async def keep(self, told: Told, *, written: bool = False) -> None:
        """Keep an answer that was shown; `written` tells that it is in the ledger already."""
        await self._keep(*(() if written else (told.record, told.transcript)))

    async def rate(
        self,
        turn_id: str,
        conversation: str,
        value: Thumb | None,
        *,
        person: str,
        who: Who,
        via: Literal["button", "reaction"],
        at: float | None = None,
        fence: Fence | None = None,
    ) -> None:
        """Join a rating to its turn; the asker's counts for the route of the next one."""
        feedback = Feedback(turn_id, who, person, value, via, time.time() if at is None else at)
        await self._keep(feedback)
        log.info("turn.rated", turn=turn_id, who=who, value=value, via=via)
        if who == "asker":
            await remember(self.app.support, conversation, Rated(value), fence)

    def unsaved_lines(self) -> list[str]:
        """Write what is not in the ledger as the ledger would have, a line each."""
        return [
            to_line(redact_transcript(entry) if isinstance(entry, Transcript) else entry)
            for entry in self.unsaved
        ]

    async def _keep(self, *entries: TurnRecord | Transcript | Feedback) -> None:
        if not entries and not self.unsaved:
            return
        self.unsaved.extend(entries)
        try:
            async with self._writing:
                while self.unsaved:
                    await self._write(self.unsaved[0])
                    self.unsaved.popleft()
        except StateError as error:
            self.problem = str(error)
        else:
            self.problem = ""
        if self.problem:
            # The customer has the answer; what is to be kept waits here.
            first = self.unsaved[0].turn_id
            log.error("ledger.failed", turn=first, waiting=len(self.unsaved), why=self.problem)

    async def _write(self, entry: TurnRecord | Transcript | Feedback) -> None:
        ledger = self.app.ledger
        if isinstance(entry, TurnRecord):
            await ledger.write(entry)
        elif isinstance(entry, Transcript):
            await ledger.transcript(entry)
        else:
            await ledger.feedback(entry)


def log_told(told: Told) -> None:
    """Log how a turn went, in one line."""
    # The log takes the words out again, unless LOG_TEXT lets them in.
    turn_line(told.record, asked="\n".join(told.transcript.asked), answer=told.transcript.answer)


def _transcript(turn: Turn, record: TurnRecord, answer: str) -> Transcript:
    return Transcript(
        turn_id=turn.id,
        conversation=turn.conversation,
        customer=turn.customer,
        at=turn.received_at,
        language=record.language,
        asked=tuple(message.text[:LONGEST] for message in turn.messages),
        answer=answer[:LONGEST],
        tier=record.route.tier,
        outcome=record.outcome,
    )
