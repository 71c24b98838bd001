"""The composition root: opens everything that a command needs, and closes it in reverse."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis

from bot.control.budget import Budget
from bot.forgetting import Forgotten, Wish, forget
from bot.ledger import FileLedger, Ledger
from bot.redis_ledger import RedisLedger
from bot.settings import BotSettings
from graph.following import following
from graph.models import ChatModel
from graph.prompt_versions import PromptVersions
from graph.services import nobody
from graph.state_store import open_state
from graph.support import Support, open_support


@dataclass(frozen=True, slots=True)
class App:
    """The opened process."""

    settings: BotSettings
    support: Support
    ledger: Ledger
    redis: Redis
    """The one client of the process: a server, or the same commands inside it."""


@asynccontextmanager
async def running(
    settings: BotSettings,
    *,
    knowledge: Path | None = None,
    models: Mapping[str, ChatModel] | None = None,
    people: Callable[[], bool] = nobody,
    deploys: bool = False,
) -> AsyncIterator[App]:
    """Open the bot and its ledger; raises InputError or StateError where something is not usable.

    With a Redis server it goes by the prompts that are promoted there. `deploys` tells that this process
    serves customers: what was promoted over other prompts than it has ends with it.
    """
    url = settings.redis_url.get_secret_value() if settings.redis_url else None
    usd = settings.bot_daily_budget_usd

    def purse(client: Redis) -> Budget | None:
        return None if usd is None else Budget(client, usd)

    async with (
        open_state(url) as redis,
        open_support(
            settings, knowledge=knowledge, models=models, people=people, redis=redis, purse=purse
        ) as support,
        open_ledger(settings, redis) as ledger,
        _following(settings, redis, support, deploys=deploys),
    ):
        yield App(settings, support, ledger, redis)


def _following(
    settings: BotSettings, redis: Redis, support: Support, *, deploys: bool
) -> AbstractAsyncContextManager[None]:
    if settings.redis_url is None:
        return nullcontext()  # nobody else can reach what this process keeps
    return following(PromptVersions(redis), support.services, deploys=deploys)


@asynccontextmanager
async def open_ledger(settings: BotSettings, redis: Redis | None = None) -> AsyncIterator[Ledger]:
    """Open the ledger: in Redis where there is one, else in files that other processes can read.

    `redis` is the process's client, where it has one already.
    """
    turns, text = settings.bot_keep_turns_days, settings.bot_keep_text_days
    if settings.redis_url is None:
        files = FileLedger(settings.bot_data, keep_turns_days=turns, keep_text_days=text)
        try:
            yield files
        finally:
            await files.close()
    else:
        url = settings.redis_url.get_secret_value()
        async with nullcontext(redis) if redis is not None else open_state(url) as client:
            yield RedisLedger(client, keep_turns_days=turns, keep_text_days=text)


async def forgotten(settings: BotSettings, wish: Wish) -> Forgotten:
    """Erase what a wish names from the ledger and, where there is a server, from everything in Redis."""
    if settings.redis_url is None:
        async with open_ledger(settings) as ledger:
            kept = await ledger.forget(customer=wish.customer, conversation=wish.conversation)
        return Forgotten(kept)
    async with (
        open_state(settings.redis_url.get_secret_value()) as redis,
        open_ledger(settings, redis) as ledger,
    ):
        return await forget(redis, ledger, wish)
