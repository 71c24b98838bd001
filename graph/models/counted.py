"""A model whose every call is counted, whoever makes it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from graph.allowance import Purse
from graph.errors import ModelError
from graph.models import ChatModel, Done, Event, Request
from graph.models.prices import UNBILLED, cost_usd, worst_usd


class CountedModel:
    """Passes calls on; what one costs is noted before it begins at its worst, and afterwards as it was."""

    def __init__(self, model: ChatModel, purse: Purse) -> None:
        self.provider = model.provider
        self._model = model
        self._purse = purse

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Stream the model's events; raises StateError where the call cannot be noted, and makes none."""
        cost = worst = worst_usd(self.provider, request) or 0.0  # a model of one's own has no price
        name, heard = await self._purse.begin(worst), False
        try:
            async with aclosing(self._model.stream(request)) as events:
                async for event in events:
                    heard = True
                    if isinstance(event, Done):
                        known = cost_usd(self.provider, request.model, event.usage)
                        cost = worst if known is None else known
                    yield event
        except ModelError as error:
            if not heard and error.kind in UNBILLED:
                cost = 0.0
            raise
        finally:
            await self._purse.end(name, cost)

    async def models(self) -> set[str]:
        """Return what the vendor offers."""
        return await self._model.models()

    async def close(self) -> None:
        """Close the model."""
        await self._model.close()
