"""One message's story: the turn runs, what it came to is logged and kept, ratings are joined to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Literal

from bot.app import App
from bot.log import log_event, turn_line
from graph.errors import StateError
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


@dataclass(slots=True)
class Conversations:
    """Runs turns and accounts for them; what the ledger cannot take now is kept and tried again."""

    app: App
    unsaved: list[TurnRecord] = field(default_factory=list)
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
                        turn_line(record)
                        await self._keep(record, _transcript(turn, record, shown))
                yield chunk

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
        await self.app.ledger.feedback(feedback)
        log_event("turn.rated", turn=record.turn_id, who=who, value=value, via=via)
        if who == "asker":
            await remember(self.app.support, record.conversation, Rated(value))

    async def _keep(self, record: TurnRecord, transcript: Transcript) -> None:
        self.unsaved.append(record)
        try:
            while self.unsaved:
                await self.app.ledger.write(self.unsaved[0])
                self.unsaved.pop(0)
            await self.app.ledger.transcript(transcript)
        except StateError as error:
            # The customer has the answer; the record waits here, and stands in the log meanwhile.
            self.problem = str(error)
            log_event("ledger.failed", turn=record.turn_id, why=self.problem)
        else:
            self.problem = ""


def _transcript(turn: Turn, record: TurnRecord, answer: str) -> Transcript:
    return Transcript(
        turn_id=turn.id,
        conversation=turn.conversation,
        customer=turn.customer,
        at=turn.received_at,
        language=record.language,
        asked=tuple(message.text for message in turn.messages),
        answer=answer,
        tier=record.route.tier,
        outcome=record.outcome,
    )
