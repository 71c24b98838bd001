"""A stage on which colleagues take conversations over."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from evals.sim import DefaultRule
from tests.bot.slack.serving import CUSTOMER, DM, QUESTION, STAFF, TEAM_CHANNEL, Stage, stage

MATE = "U0MATE"
"""Another member of the team's channel."""
STRANGER = "U0STRANGER"
"""A member of the workspace and not of the team's channel."""


@asynccontextmanager
async def desk(folder: Path, *, tokens_per_s: float | None = None, **settings: Any) -> AsyncIterator[Stage]:
    """Open a stage with the team's channel and two colleagues in it."""
    given = {"bot_handoff_channel": TEAM_CHANNEL, **settings}
    rule = DefaultRule(ttft_s=0.0, tokens_per_s=tokens_per_s)
    async with stage(folder, rule=rule, start=False, **given) as on:
        on.slack.join(MATE, TEAM_CHANNEL)
        await on.start()
        on.slack.person(STAFF, name="sam")
        on.slack.person(MATE, name="mia")
        on.slack.person(STRANGER)
        yield on


async def asked(on: Stage, channel: str = DM, root: str | None = None) -> tuple[str, dict[str, Any]]:
    """Have the customer ask for a person; return the conversation's root and the card."""
    mention = "" if channel == DM else f"<@{on.slack.settings.bot_user}> "
    said = on.slack.say(CUSTOMER, channel, mention + "I would like to talk to a person, please.", root)
    found = await on.until(lambda: cards(on, said if root is None else root))
    await on.until(lambda: len(on.finished(channel)) >= 1)
    return root or said, found[-1]


async def answered(on: Stage, channel: str, question: str = QUESTION, root: str | None = None) -> str:
    """Have the customer ask something and the bot answer it; return the thread's root."""
    before = len(on.finished(channel))
    mention = "" if channel == DM or root else f"<@{on.slack.settings.bot_user}> "
    said = on.slack.say(CUSTOMER, channel, mention + question, root)
    await on.until(lambda: len(on.finished(channel)) > before)
    return root or said


def conversation(on: Stage, root: str, channel: str = DM) -> str:
    return f"{on.slack.settings.team}:{channel}:{root}"


def cards(on: Stage, root: str | None = None) -> list[dict[str, Any]]:
    """Return the cards in the team's channel, of one conversation or of all."""

    def is_card(message: dict[str, Any]) -> bool:
        return (message.get("metadata") or {}).get("event_type") == "bot_handoff"

    found = list(filter(is_card, on.answers(TEAM_CHANNEL)))
    about = [m["metadata"]["event_payload"]["conversation"] for m in found]
    return [m for m, name in zip(found, about, strict=True) if root is None or name.endswith(f":{root}")]


def state(on: Stage, root: str) -> tuple[str, str]:
    """Return what the newest card of a conversation says of its state, and whose doing that is."""
    found = cards(on, root)
    payload = found[-1]["metadata"]["event_payload"] if found else {"state": "", "by": ""}
    return payload["state"], payload["by"]


async def claimed(on: Stage, root: str, by: str = STAFF, channel: str = DM) -> None:
    """Press the card's button and wait until it shows so."""
    card = cards(on, root)[-1]
    on.slack.press(by, TEAM_CHANNEL, card["ts"], "claim", conversation(on, root, channel))
    await on.until(lambda: state(on, root) == ("claimed", by))


async def pressed(on: Stage, action: str, root: str, by: str = STAFF, channel: str = DM) -> None:
    """Press a button of the newest card and wait until it shows what it led to."""
    card = cards(on, root)[-1]
    on.slack.press(by, TEAM_CHANNEL, card["ts"], action, conversation(on, root, channel))
    became = {"claim": "claimed", "resolve": "resolved", "hand_back": "handed_back"}[action]
    await on.until(lambda: state(on, root) == (became, by))


def told(on: Stage, user: str) -> list[str]:
    """Return what only one person was told."""
    direct = [m["text"] for m in on.slack.messages(f"D{user[1:]}") if not m.get("thread_ts")]
    return [e["text"] for e in on.slack.workspace.surfaces.ephemerals if e["user"] == user] + direct


def passed(on: Stage, channel: str, root: str) -> list[str]:
    """Return the words of what was passed on into a thread, oldest first."""
    return [
        m["text"]
        for m in on.slack.messages(channel, root)
        if (m.get("metadata") or {}).get("event_type") == "bot_passed"
    ]


def asked_of_model(on: Stage) -> str:
    """Return the last request to a model."""
    return json.dumps(on.vendor.requests[-1].body, ensure_ascii=False)
