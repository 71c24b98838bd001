"""Dollars that a run may spend: every call sets its worst case aside before it is made.

What a call cost is what the vendor counts, and the vendor's count is what the bill is made of. A count that
is missing, or too small for what was sent and heard, is not believed: what was set aside counts then.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from evals.recording.played import NOTHING, now_playing
from graph.errors import InputError, ModelError
from graph.models import ChatModel, Done, Event, Request, Text, ToolCall
from graph.models.prices import UNBILLED, cost_usd, sent_bytes, worst_usd
from graph.turn import Usage

NANO = 1_000_000_000
"""Money is counted in whole billionths of a dollar: sums of floats drift."""
WAIT_S = 5.0
"""How long a call waits for others to give back what they do not need; less than a first token may take."""
BYTES_PER_TOKEN = 12
"""No prose has longer tokens on the average; a count below this is a wrong one."""


class BudgetSpent(InputError):
    """A call does not fit into what is left."""


@dataclass(slots=True)
class Budget:
    """What may be spent, what is, and what calls under way may still cost."""

    usd: float
    over: str = ""
    """Why the first call was refused: a run begins nothing new after it; empty while all fit."""
    _spent: int = 0
    _reserved: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def spent_usd(self) -> float:
        """What calls have cost, those of unknown cost at their worst."""
        return self._spent / NANO

    async def reserve(self, worst_usd: float) -> int:
        """Set an amount aside and return it for `settle`; raises BudgetSpent where it does not fit.

        Waits some seconds for calls that are under way, which mostly cost less than was set aside.
        """
        amount, until = math.ceil(worst_usd * NANO), time.monotonic() + WAIT_S
        while self._spent + self._reserved + amount > int(self.usd * NANO):
            left = until - time.monotonic()
            # What waiting cannot make fit, or nothing under way could, is refused at once.
            if self._spent + amount > int(self.usd * NANO) or left <= 0:
                self.over = self.over or self._sentence(worst_usd)
                raise BudgetSpent(self._sentence(worst_usd))
            self._changed.clear()
            try:
                async with asyncio.timeout(left):
                    await self._changed.wait()
            except TimeoutError:
                continue
        self._reserved += amount
        return amount

    def settle(self, amount: int, cost_usd: float) -> None:
        """Give back what was set aside, and count what the call cost."""
        self._reserved -= amount
        self._spent += math.ceil(cost_usd * NANO)
        self._changed.set()

    def _sentence(self, worst_usd: float) -> str:
        used = f"{_dollars(self.spent_usd)} used"
        most = _dollars(worst_usd)
        return f"The budget of {_dollars(self.usd)} is spent: {used}, and a call may cost up to {most}."


def _dollars(usd: float) -> str:
    """Write an amount with as many digits as tell it from its neighbours."""
    return f"${usd:.2f}" if usd >= 1 else f"${usd:.4f}"


class BudgetModel:
    """Passes calls on to a real model as long as their worst case fits into the budget.

    A refusal within a trial is noted there, by which `settle` makes the trial an error; outside of one
    BudgetSpent is raised. A model without a known price is refused in the same way.
    """

    def __init__(self, model: ChatModel, budget: Budget) -> None:
        self.provider = model.provider
        self._model = model
        self._budget = budget

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Stream the real model's events."""
        trial = now_playing()
        began = time.monotonic()
        try:
            worst = priced(self.provider, request)
            amount = await self._budget.reserve(worst)
        except InputError as error:
            if trial is None:
                raise
            trial.refused = str(error)
            for event in NOTHING:
                yield event
            return
        if trial is not None:
            trial.waited = trial.waited or time.monotonic() - began > 0.05
        cost, heard = worst, 0
        try:
            async with aclosing(self._model.stream(request)) as events:
                async for event in events:
                    heard += _length(event)
                    if isinstance(event, Done):
                        cost = _cost(self.provider, request, event.usage, heard, worst)
                    yield event
        except ModelError as error:
            if not heard and error.kind in UNBILLED:
                cost = 0.0
            raise
        finally:
            self._budget.settle(amount, cost)

    async def models(self) -> set[str]:
        """Return what the vendor offers."""
        return await self._model.models()

    async def close(self) -> None:
        """Close the real model."""
        await self._model.close()


def priced(provider: str, request: Request) -> float:
    """Return what a call can cost at most; raises InputError where the model's price is not known."""
    worst = worst_usd(provider, request)
    if worst is None:
        raise InputError(
            f"No price is known for {provider} {request.model}, so that no budget can be kept;"
            " choose a model with a known price in tiers.toml."
        )
    return worst


def _cost(provider: str, request: Request, usage: Usage | None, heard: int, worst: float) -> float:
    if usage is None:
        return worst
    sent = sent_bytes(request)
    if usage.input_tokens * BYTES_PER_TOKEN < sent or usage.output_tokens * BYTES_PER_TOKEN < heard:
        return worst
    cost = cost_usd(provider, request.model, usage)
    return worst if cost is None else cost


def _length(event: Event) -> int:
    if isinstance(event, Text):
        return len(event.text.encode("utf-8", "replace"))
    return len(event.arguments.encode("utf-8", "replace")) if isinstance(event, ToolCall) else 0
