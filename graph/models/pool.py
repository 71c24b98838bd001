"""One client a vendor for the whole process, opened on first use or by `warm_up`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping

from graph.allowance import Purse
from graph.errors import ModelError
from graph.models import ChatModel
from graph.models.breaker import Breaker
from graph.models.counted import CountedModel
from graph.models.sse import Streams
from graph.settings import GraphSettings
from graph.tiers import EXTRACTIVE, Candidate, Deadlines, Tiers


class ModelPool:
    """Hands out the models and their breakers."""

    def __init__(
        self,
        settings: GraphSettings,
        deadlines: Deadlines,
        models: Mapping[str, ChatModel] | None = None,
        purse: Purse | None = None,
    ) -> None:
        self._settings = settings
        self._deadlines = deadlines
        self._purse = purse
        self._models = {name: self._counted(model) for name, model in (models or {}).items()}
        self._opening = threading.Lock()
        self._streams = Streams()
        self._breakers: dict[tuple[str, str], Breaker] = {}
        self._toolless: set[tuple[str, str]] = set()

    def model(self, provider: str) -> ChatModel:
        """Return the vendor's client."""
        with self._opening:  # the warm-up and the first turn may both come for it
            if provider not in self._models:
                self._models[provider] = self._counted(self._open(provider))
            return self._models[provider]

    async def opened(self, provider: str) -> ChatModel:
        """Return the vendor's client; one that must still be opened holds up nobody else's turn."""
        if provider in self._models:
            return self._models[provider]
        return await asyncio.to_thread(self.model, provider)

    def breaker(self, candidate: Candidate) -> Breaker:
        """Return the breaker of this vendor's model."""
        key = (candidate.provider, candidate.model)
        if key not in self._breakers:
            self._breakers[key] = Breaker(f"{candidate.provider} {candidate.model}")
        return self._breakers[key]

    def down(self) -> set[tuple[str, str]]:
        """Return vendor and model of what failed so often that it is spared until a call works again."""
        return {key for key, breaker in self._breakers.items() if breaker.down}

    def takes_tools(self, candidate: Candidate) -> bool:
        """Whether the model's server takes tools, as far as is known."""
        return candidate.tools and (candidate.provider, candidate.model) not in self._toolless

    def learned_toolless(self, candidate: Candidate) -> None:
        """Remember that the server refused tools."""
        self._toolless.add((candidate.provider, candidate.model))

    def warm_up(self, tiers: Tiers) -> None:
        """Import the SDKs and make the clients that these tiers need, so that no customer waits for it."""
        for tier in tiers.ladder:
            for candidate in tier.candidates:
                self.model(candidate.provider)

    async def close(self) -> None:
        """Give all connections back."""
        for model in self._models.values():
            await model.close()

    def _counted(self, model: ChatModel) -> ChatModel:
        if self._purse is None or model.provider == EXTRACTIVE:
            return model
        return CountedModel(model, self._purse)

    def _open(self, provider: str) -> ChatModel:
        # The SDKs are imported late: they take about a second, and a bot without a key needs neither.
        settings = self._settings
        if provider == "anthropic" and settings.anthropic_api_key:
            from graph.models.anthropic import AnthropicModel

            key = settings.anthropic_api_key.get_secret_value()
            return AnthropicModel(key, settings.anthropic_base_url, self._deadlines, self._streams)
        if provider == "openai":
            from graph.models.openai import OpenAIModel

            secret = settings.openai_api_key
            # A server of one's own often wants no key, but the SDK does.
            return OpenAIModel(
                secret.get_secret_value() if secret else "none",
                settings.openai_base_url,
                self._deadlines,
                self._streams,
            )
        raise ModelError(f"no client for {provider!r}: its key is not set")
