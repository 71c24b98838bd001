"""Open everything that thinking needs, and close it in reverse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from weakref import WeakValueDictionary

from redis.asyncio import Redis

from graph.allowance import Purse
from graph.build import Graph, build_graph
from graph.checkpoint import RedisSaver
from graph.knowledge.live import FolderKnowledge
from graph.models import ChatModel, prices
from graph.opening import (
    SAMPLE_SHOP,
    keep_text_s,
    load_all_tiers,
    load_ladder,
    open_articles,
    open_services,
)
from graph.services import Services, nobody
from graph.settings import GraphSettings
from graph.state_store import open_state
from graph.tiers import Tiers
from prompts import Prompts

__all__ = [
    "SAMPLE_SHOP",
    "Support",
    "forget_conversation",
    "keep_text_s",
    "load_all_tiers",
    "load_ladder",
    "open_articles",
    "open_services",
    "open_support",
]


@dataclass(frozen=True, slots=True)
class Support:
    """The opened bot: hand it to `run_turn`."""

    graph: Graph
    saver: RedisSaver
    services: Services
    knowledge: FolderKnowledge
    _locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    def lock(self, conversation: str) -> asyncio.Lock:
        """Return the lock that whoever changes this conversation in this process holds meanwhile."""
        return self._locks.setdefault(conversation, asyncio.Lock())

    def warm_up(self) -> Thread:
        """Load beside what else goes on: the vendors' SDKs, then the language model; join to wait for it."""
        thread = Thread(target=self._warm_up, name="warm-up", daemon=True)
        thread.start()
        return thread

    def _warm_up(self) -> None:
        self.services.models.warm_up(self.services.tiers)
        prices.warm_up()
        self.services.languages.warm_up()


def unlimited(_redis: Redis) -> None:
    """Count nothing: calls may cost what they cost."""


@asynccontextmanager
async def open_support(
    settings: GraphSettings,
    *,
    knowledge: Path | None = None,
    models: Mapping[str, ChatModel] | None = None,
    people: Callable[[], bool] = nobody,
    redis: Redis | None = None,
    ladder: Tiers | None = None,
    prompts: Prompts | None = None,
    articles: FolderKnowledge | None = None,
    purse: Callable[[Redis], Purse | None] = unlimited,
) -> AsyncIterator[Support]:
    """Open the bot; raises InputError or StateError with one sentence where something is not usable.

    `knowledge` overrides the adopter's folder; `models` gives clients by provider, as tests and replays do;
    `people` is asked in each turn that needs one whether a person can be reached; `redis` is a client that
    `open_state` has opened, and stays the caller's, in place of one of its own. `ladder`, `prompts` and
    `articles` stand in for what the settings name: to measure what another choice would come to. `purse`
    makes what counts the calls' cost, of the process's Redis.
    """
    articles = articles or open_articles(settings, knowledge)
    ladder = ladder or load_ladder(settings, set(models or {}))
    async with _state(settings, redis) as client:
        services = open_services(
            settings, articles, ladder, models=models, people=people, prompts=prompts, purse=purse(client)
        )
        saver = RedisSaver(client, ttl_s=keep_text_s(settings))
        try:
            yield Support(build_graph(saver), saver, services, articles)
        finally:
            await saver.settle()
            await services.models.close()


async def forget_conversation(redis: Redis, conversation: str) -> None:
    """Erase what an open conversation remembers."""
    await RedisSaver(redis).adelete_thread(conversation)


def _state(settings: GraphSettings, redis: Redis | None) -> AbstractAsyncContextManager[Redis]:
    if redis is not None:
        return nullcontext(redis)
    return open_state(settings.redis_url.get_secret_value() if settings.redis_url else None)
