"""One message's story: the turn runs, what it came to is logged and kept, ratings are joined to it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Literal

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


@dataclass(slots=True)
class Conversations:
    """Runs turns and accounts for them; what the ledger cannot take now is kept and tried again."""

    app: App
    unsaved: deque[TurnRecord | Transcript | Feedback] = field(default_factory=deque)
    """What is not in the ledger yet, oldest first."""
    problem: str = ""
    """Why the ledger takes nothing, in one sentence; empty when it does."""

    async def answer(self, turn: Turn, stop: asyncio.Event | None = None) -> AsyncGenerator[Chunk, None]:
        """Stream a turn's chunks; the record is kept before Finished is passed on."""
        shown = ""
        async with aclosing(run_turn(self.app.support, turn, stop)) as chunks:
            async for chunk in chunks:
                match chunk:
                    case TextDelta(text):
                        shown += text
                    case Restarted():
                        shown = ""
                    case Finished(record):
                        await self._keep(record, _transcript(turn, record, shown))
                try:
                    yield chunk
                finally:
                    # After the end of the answer is shown: in one pipe it would stand in its middle.
                    if isinstance(chunk, Finished):
                        # The log takes the words out again, unless LOG_TEXT lets them in.
                        turn_line(chunk.record, asked=turn.text[:LONGEST], answer=shown[:LONGEST])

    async def rate(
        self,
        record: TurnRecord,
        value: Thumb | None,
        *,
        person: str,
        who: Who,
        via: Literal["button", "reaction"],
    ) -> None:
        """Join a rating to its turn; the asker's counts for the route of the next one."""
        feedback = Feedback(record.turn_id, who, person, value, via, time.time())
        await self._keep(feedback)
        log.info("turn.rated", turn=record.turn_id, who=who, value=value, via=via)
        if who == "asker":
            await remember(self.app.support, record.conversation, Rated(value))

    def unsaved_lines(self) -> list[str]:
        """Write what is not in the ledger as the ledger would have, a line each."""
        return [
            to_line(redact_transcript(entry) if isinstance(entry, Transcript) else entry)
            for entry in self.unsaved
        ]

    async def _keep(self, *entries: TurnRecord | Transcript | Feedback) -> None:
        self.unsaved.extend(entries)
        try:
            while self.unsaved:
                await self._write(self.unsaved[0])
                self.unsaved.popleft()
        except StateError as error:
            self.problem = str(error)
        else:
            self.problem = ""
        if self.problem:
            # The customer has the answer; what is to be kept waits here.
            log.error("ledger.failed", turn=entries[0].turn_id, waiting=len(self.unsaved), why=self.problem)

    async def _write(self, entry: TurnRecord | Transcript | Feedback) -> None:
        ledger = self.app.ledger
        if isinstance(entry, TurnRecord):
            await ledger.write(entry)
        elif isinstance(entry, Transcript):
            await ledger.transcript(entry)
        else:
            await ledger.feedback(entry)


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
