"""A model whose every call is counted, whoever makes it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

from graph.allowance import Purse
from graph.errors import ModelError
from graph.models import ChatModel, Done, Event, Request
from graph.models.prices import UNBILLED, cost_usd
from graph.turn import Usage

BEYOND = 1000
"""Tokens that vendors add to a request: its framing, and their instructions for tools."""


class CountedModel:
    """Passes calls on; what one costs is noted before it begins at its worst, and afterwards as it was."""

    def __init__(self, model: ChatModel, purse: Purse) -> None:
        self.provider = model.provider
        self._model = model
        self._purse = purse

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Stream the model's events; raises StateError where the call cannot be noted, and makes none."""
        cost = worst = worst_usd(self.provider, request)
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


def worst_usd(provider: str, request: Request) -> float:
    """Return what a call can cost at most; 0 where the model's price is not known.

    No tokenizer makes more tokens than there are bytes, and no answer is longer than its limit.
    """
    texts = [request.system, request.context, *(message.text for message in request.messages)]
    texts += [json.dumps([tool.description, tool.parameters], ensure_ascii=False) for tool in request.tools]
    most = sum(len(text.encode("utf-8", "replace")) for text in texts) + BEYOND
    return cost_usd(provider, request.model, Usage(most, request.max_output_tokens)) or 0.0
