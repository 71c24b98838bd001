"""Open everything that thinking needs, and close it in reverse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from weakref import WeakValueDictionary

from redis.asyncio import Redis

import prompts
from graph.allowance import Purse
from graph.build import Graph, build_graph
from graph.checkpoint import RedisSaver
from graph.knowledge import Knowledge
from graph.knowledge.live import FolderKnowledge, open_knowledge
from graph.models import ChatModel, prices
from graph.models.extractive import ExtractiveModel, ExtractivePhrases
from graph.models.pool import ModelPool
from graph.routing.language import LanguageDetector
from graph.services import Services, nobody
from graph.settings import GraphSettings
from graph.state_store import open_state
from graph.tiers import EXTRACTIVE, SHIPPED, Tiers, load_tiers, usable
from prompts import Prompts, open_prompts

SAMPLE_SHOP = Path(prompts.__file__).parent / "knowledge"
DAY_S = 24 * 3600


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


def open_services(
    settings: GraphSettings,
    articles: Knowledge,
    ladder: Tiers,
    *,
    models: Mapping[str, ChatModel] | None = None,
    people: Callable[[], bool] = nobody,
    prompts: Prompts | None = None,
    purse: Purse | None = None,
) -> Services:
    """Make the services around articles and a ladder; the caller closes their models."""
    words = prompts or open_prompts(settings.bot_home / "prompts" if settings.bot_home else None)
    extractive = ExtractiveModel(lambda: _around_quotes(words, articles.language))
    pool = ModelPool(settings, ladder.deadlines, {EXTRACTIVE: extractive, **(models or {})}, purse)
    return Services(
        ladder, words, articles, pool, LanguageDetector(), people=people, purse=purse,
        keep_text_s=keep_text_s(settings),
    )  # fmt: skip


def keep_text_s(settings: GraphSettings) -> int:
    """Return how long an open conversation is remembered: a day at least, or it could not be gone on with."""
    return max(1, settings.bot_keep_text_days) * DAY_S


async def forget_conversation(redis: Redis, conversation: str) -> None:
    """Erase what an open conversation remembers."""
    await RedisSaver(redis).adelete_thread(conversation)


def open_articles(settings: GraphSettings, folder: Path | None = None) -> FolderKnowledge:
    """Open the given folder, the adopter's, or the sample shop's."""
    home = settings.bot_home
    return open_knowledge(folder or (home / "knowledge" if home else SAMPLE_SHOP))


def load_ladder(settings: GraphSettings, more: AbstractSet[str] = frozenset()) -> Tiers:
    """Load the tiers in force, without what no key is there for; `more` are further providers."""
    return usable(load_all_tiers(settings), settings.providers | more)


def load_all_tiers(settings: GraphSettings) -> Tiers:
    """Load the tiers of the adopter's folder, or the shipped ones, whether or not there are keys for them."""
    own = settings.bot_home / "tiers.toml" if settings.bot_home else SHIPPED
    return load_tiers(own if own.exists() else SHIPPED)


def _state(settings: GraphSettings, redis: Redis | None) -> AbstractAsyncContextManager[Redis]:
    if redis is not None:
        return nullcontext(redis)
    return open_state(settings.redis_url.get_secret_value() if settings.redis_url else None)


def _around_quotes(words: Prompts, language: str) -> ExtractivePhrases:
    say = words.phrases.say
    return ExtractivePhrases(
        opening=say("extractive_opening", language),
        source=say("extractive_source", language, title="{title}"),
        closing=say("extractive_closing", language),
    )
