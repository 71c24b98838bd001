"""A stage with a real Redis and somebody of the team, as the tests of this folder need it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from bot.app import open_ledger
from bot.keys import prefix_of
from evals.sim.slack.settings import SlackSettings
from graph.state_store import open_state
from graph.turn import Transcript, TurnRecord
from tests.bot.slack.serving import CHANNEL, CUSTOMER, TEAM_CHANNEL, Stage, stage

__all__ = [
    "CUSTOMER",
    "OTHER",
    "STAFF",
    "ask",
    "buttons",
    "cards",
    "kept",
    "managed",
    "told",
    "whispers",
    "words_of",
]

STAFF, OTHER = "U0ANN", "U0BOB"
"""Both are of the team."""


@asynccontextmanager
async def managed(
    folder: Path, redis_url: str, *, channels: str = "", start: bool = True, **settings: Any
) -> AsyncIterator[tuple[Stage, Redis]]:
    """Open a stage over an empty Redis, with a team's channel and, where given, a channels.toml."""
    home = None
    if channels:
        home = folder / "home"
        (home / "prompts").mkdir(parents=True)
        (home / "channels.toml").write_text(channels, encoding="utf-8")
        (home / "knowledge").symlink_to(Path(__file__).parents[4] / "prompts" / "knowledge")
    async with open_state(redis_url) as redis:
        await redis.flushdb()
        await redis.sadd(f"{prefix_of(SlackSettings().team)}staff", STAFF, OTHER)
        given = {"redis_url": redis_url, "bot_handoff_channel": TEAM_CHANNEL, "bot_home": home, **settings}
        async with stage(folder, start=False, **given) as on:
            for member in (STAFF, OTHER):
                on.slack.say(member, TEAM_CHANNEL, "Good morning.")
            if start:
                await on.start()
            yield on, redis


def ask(on: Stage, words: str, user: str = CUSTOMER) -> str:
    """Mention the bot in the customers' channel; return the message's ts."""
    return on.slack.say(user, CHANNEL, f"<@{on.slack.settings.bot_user}> {words}")


def cards(on: Stage, event: str = "bot_draft") -> list[dict[str, Any]]:
    """Return the cards of a kind in the team's channel."""
    told = on.answers(TEAM_CHANNEL)
    return [m for m in told if (m.get("metadata") or {}).get("event_type") == event]


def told(on: Stage, words: str) -> list[dict[str, Any]]:
    """Return the bot's messages in the team's channel that hold these words."""
    return [m for m in on.answers(TEAM_CHANNEL) if words in m["text"]]


def whispers(on: Stage) -> list[str]:
    """Return what was said where one person alone sees it."""
    return [str(call.args["text"]) for call in on.slack.calls_of("chat.postEphemeral") if call.ok]


def buttons(message: dict[str, Any]) -> set[str]:
    """Return the actions of a message's or a view's buttons."""
    elements = (part for block in message["blocks"] for part in block.get("elements") or ())
    return {str(part["action_id"]) for part in elements if "action_id" in part}


def words_of(view: dict[str, Any]) -> str:
    """Return all words of a message or a view."""
    return f"{view.get('text', '')}\n{json.dumps(view['blocks'], ensure_ascii=False)}"


async def kept(on: Stage) -> tuple[dict[str, TurnRecord], dict[str, Transcript]]:
    """Return the turns and the transcripts of the ledger by the turn's id."""
    async with open_ledger(on.settings) as ledger:
        turns, texts = await ledger.turns(), await ledger.transcripts()
    return {turn.turn_id: turn for turn in turns}, {text.turn_id: text for text in texts}
