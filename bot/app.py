"""The composition root: opens everything that a command needs, and closes it in reverse."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.ledger import FileLedger, Ledger
from bot.redis_ledger import RedisLedger
from bot.settings import BotSettings
from graph.models import ChatModel
from graph.state_store import open_state
from graph.support import Support, open_support


@dataclass(frozen=True, slots=True)
class App:
    """The opened process."""

    settings: BotSettings
    support: Support
    ledger: Ledger


@asynccontextmanager
async def running(
    settings: BotSettings,
    *,
    knowledge: Path | None = None,
    models: Mapping[str, ChatModel] | None = None,
    people: bool = False,
) -> AsyncIterator[App]:
    """Open the bot and its ledger; raises InputError or StateError where something is not usable."""
    async with (
        open_support(settings, knowledge=knowledge, models=models, people=people) as support,
        open_ledger(settings) as ledger,
    ):
        yield App(settings, support, ledger)


@asynccontextmanager
async def open_ledger(settings: BotSettings) -> AsyncIterator[Ledger]:
    """Open the ledger: in Redis where there is one, else in files that other processes can read."""
    turns, text = settings.bot_keep_turns_days, settings.bot_keep_text_days
    if settings.redis_url is None:
        files = FileLedger(settings.bot_data, keep_turns_days=turns, keep_text_days=text)
        try:
            yield files
        finally:
            await files.close()
    else:
        async with open_state(settings.redis_url.get_secret_value()) as redis:
            yield RedisLedger(redis, keep_turns_days=turns, keep_text_days=text)
