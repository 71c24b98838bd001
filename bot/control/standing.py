"""How the running bots stand, as commands see it: what is paused, and what is left of the day's budget."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from bot.control.budget import Budget
from bot.control.drafts import DraftStore
from bot.control.pause import EVERYWHERE, Pause, Pauses
from bot.people.outbox import Outbox
from bot.settings import BotSettings
from graph.models.prices import cost_usd
from graph.state_store import open_state
from graph.tiers import Tiers
from graph.turn import Usage


async def standing(settings: BotSettings) -> list[str]:
    """Return a line for each pause and one for the budget; none without REDIS_URL. Raises StateError."""
    numbers = await standing_numbers(settings)
    lines = [described(Pause(**told)) for told in numbers.get("paused", ())]
    if budget := numbers.get("budget"):
        spent, usd = budget["spent_usd"], budget["usd"]
        share = f"{spent / usd:.0%}" if usd else "all"
        lines.append(f"budget of today (UTC): ${spent:.4f} of ${usd:.2f} spent ({share})")
    return lines


async def standing_numbers(settings: BotSettings) -> dict[str, Any]:
    """Return the same as plain JSON values."""
    if settings.redis_url is None:
        return {}
    async with open_state(settings.redis_url.get_secret_value()) as redis:
        pauses = Pauses(redis)
        await pauses.look()
        found: dict[str, Any] = {"paused": [asdict(pause) for pause in pauses.all]}
        if (usd := settings.bot_daily_budget_usd) is not None:
            found["budget"] = {"usd": usd, "spent_usd": await Budget(redis, usd).spent_usd()}
    return found


def unpriced(tiers: Tiers) -> list[str]:
    """Return the models that a budget does not see, since nobody knows their price."""
    candidates = {(c.provider, c.model) for tier in tiers.ladder for c in tier.candidates}
    return [model for vendor, model in sorted(candidates) if cost_usd(vendor, model, Usage(1, 1)) is None]


def described(pause: Pause) -> str:
    """Say where the bot is paused, by whom, since when and why."""
    where = "everywhere" if pause.scope == EVERYWHERE else f"in {pause.scope}"
    since = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(pause.at))
    return f"paused {where} by {pause.by} since {since}: {pause.reason}"


async def forget_handoffs(settings: BotSettings, *, customer: str | None, conversation: str | None) -> int:
    """Erase what a help desk is still to be told of a customer or a conversation."""
    if settings.redis_url is None:
        return 0
    async with open_state(settings.redis_url.get_secret_value()) as redis:
        return await Outbox(redis).forget(customer=customer, conversation=conversation)


async def forget_drafts(settings: BotSettings, *, customer: str | None, conversation: str | None) -> int:
    """Erase the drafts of a customer or a conversation; without REDIS_URL there are none to reach."""
    if settings.redis_url is None:
        return 0
    async with open_state(settings.redis_url.get_secret_value()) as redis:
        return await DraftStore(redis).forget(customer=customer, conversation=conversation)
