"""What lives as long as the process, and what lives as long as a turn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from graph.allowance import Allowance, Purse
from graph.editions import GIT, Editions
from graph.knowledge import Knowledge, Passage, Readable
from graph.models.pool import ModelPool
from graph.routing.language import LanguageDetector
from graph.speaker import Speaker
from graph.tiers import Tiers
from graph.turn import Call, Turn
from prompts import Edition, Prompts

BEGINNING = 4
"""Turns that may be at work at once before their model is asked; waiting for a model does not count."""


def nobody() -> bool:
    """Tell that no person can be reached."""
    return False


@dataclass(frozen=True, slots=True)
class Services:
    """What every turn of the process shares."""

    tiers: Tiers
    prompts: Prompts
    knowledge: Knowledge
    models: ModelPool
    languages: LanguageDetector
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(BEGINNING))
    """Taken until a turn waits for a model: a hundred that begin at once take turns instead of sharing every
    tick of the loop, so that the first ones' words are not held up by the last one's search."""
    people: Callable[[], bool] = nobody
    """Whether a person can be reached now: without one, no phrase promises a person."""
    editions: Editions = field(default_factory=Editions)
    """What conversations go by in place of `prompts`, where a version was promoted."""
    purse: Purse | None = None
    """What may be spent, where that is limited."""
    keep_text_s: float = 30 * 86_400.0
    """How long a conversation remembers what was said in it."""

    async def allowance(self) -> Allowance:
        """Return which tiers may be asked now; raises StateError where that cannot be known."""
        return "all" if self.purse is None else await self.purse.allowance()


@dataclass(slots=True)
class TurnContext:
    """What the nodes of one turn share beside the state; nothing of it is stored."""

    services: Services
    turn: Turn
    speaker: Speaker
    started: float = field(default_factory=time.monotonic)
    passages: tuple[Passage, ...] = ()
    """The texts behind the state's passage ids."""
    under_way: list[Call] = field(default_factory=list)
    """Calls of the node at work: they were paid for, even if the turn is stopped within it."""
    finished: bool = False
    """It is accounted for and only remains to be stored, which nothing should cut short."""
    _beginning: bool = False
    version: str = GIT
    """The name of the promoted version that the conversation goes by."""
    edition: Edition = field(init=False)
    """The prompts as they stood when the turn began."""

    def __post_init__(self) -> None:
        self.edition = self.services.prompts.edition

    def keep_to(self, begun: str | None) -> None:
        """Take the prompts that the conversation goes by; `begun` is None for a new one."""
        services = self.services
        self.version, self.edition = services.editions.of(
            self.turn.conversation, begun, services.prompts.edition
        )

    @property
    def knowledge(self) -> Readable:
        """The articles that whoever reads this turn's answer may read."""
        return self.services.knowledge.open_to(self.turn.audience)

    @property
    def people(self) -> bool:
        """Whether a person can be reached from the turn's conversation."""
        known = self.turn.signals.people
        return self.services.people() if known is None else known

    async def begin(self) -> None:
        """Wait for a place among the turns that begin."""
        await self.services.gate.acquire()
        self._beginning = True

    def begun(self) -> None:
        """Give the place back: from here on the turn waits for others; harmless when called again."""
        if self._beginning:
            self._beginning = False
            self.services.gate.release()

    @property
    def deadline(self) -> float:
        """`time.monotonic()` at which the whole answer must be there."""
        return self.started + self.services.tiers.deadlines.answer

    @property
    def waited_s(self) -> float:
        """How long the message waited before this process began with it; 0 where two clocks disagree."""
        return max(0.0, time.time() - (time.monotonic() - self.started) - self.turn.received_at)
