"""Twelve conversations, and a stand-in that answers them sensibly: it quotes, or passes on what compares.

They are recorded anew in each test that needs recordings, so no edit of a prompt or an article ages them.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from evals.recording.budget import Budget
from evals.recording.store import Store
from evals.sim import Reply, Sim, ToolUse
from evals.sim.script import Body, Vendor, is_large, last_words
from evals.suite.case import Case, CaseTurn, Origin, Trials
from evals.suite.playing import play
from evals.suite.trial import Mode, Trial
from graph.settings import GraphSettings
from graph.support import SAMPLE_SHOP, Support
from graph.tiers import SHIPPED, load_tiers
from prompts import Prompts
from tests.evals.recording.opening_way import Way, open_way

PLENTY = 100.0
SAID: dict[str, tuple[str, ...]] = {
    "return-window": ("How long do I have to send shoes back?",),
    "mattress": ("Can I return a mattress that I have slept on?",),
    "gift-card-expiry": ("When does my gift card expire?",),
    "invoice": ("I need an invoice with VAT for my order",),
    "password": ("I forgot my password, what now?",),
    "express-and-bulky": ("How fast is express delivery?", "How much does it cost to deliver a sofa?"),
    "exchange": ("Can I exchange a jumper for another size?",),
    "compare-options": ("Which is better for me, please compare pick-up points and collect counters",),
    "compare-later": ("Which payment methods do you take?", "Please compare pay later and a gift card"),
    "wants-person": ("Get me a real person please",),
    "greeting": ("Hello",),
    "price-match": ("Do you match prices of other shops?",),
}
CASES = tuple(
    Case(name, Origin("written"), tuple(CaseTurn(said) for said in turns), trials=Trials(1, 1))
    for name, turns in SAID.items()
)


def quoting(_vendor: Vendor, body: Body) -> Reply:
    """Answer with the first sentence of the first passage; small models pass comparisons on."""
    words = last_words(body)
    asked = " ".join(re.sub(r"Passages from the help articles:.*", "", words, flags=re.DOTALL).split())
    if "compare" in asked and not is_large(str(body["model"])) and body.get("tools"):
        arguments = json.dumps({"reason": "comparison", "handover": f"Wants to know: {asked[:60]}"})
        return Reply(tools=(ToolUse(arguments=arguments),))
    found = re.search(r"\[1\] [^\n]*\n(.+?[.!?])(?:\s|$)", words)
    return Reply(f"{found.group(1)} [1]" if found else "I do not know this. You can ask for a person.")


def sim_settings(sim: Sim, *, vendors: Iterable[str] = ("anthropic", "openai")) -> GraphSettings:
    """Make settings that name the stand-in and read no environment."""
    key = SecretStr("sim-key")
    given: dict[str, Any] = {}
    for vendor in vendors:
        url = sim.anthropic_url if vendor == "anthropic" else sim.openai_url
        given |= {f"{vendor}_api_key": key, f"{vendor}_base_url": url}
    return GraphSettings.model_construct(**given)


@asynccontextmanager
async def recording(
    sim: Sim,
    store: Store | None,
    *,
    budget: Budget | None = None,
    anew: bool = False,
    vendor: str = "anthropic",
) -> AsyncIterator[Support]:
    """Open the bot with models that record what the stand-in says."""
    way = Way("live", store, budget or Budget(PLENTY), anew)
    async with open_way(sim_settings(sim, vendors=[vendor]), way) as (support, source):
        assert source == "stand-in"
        yield support


@asynccontextmanager
async def replaying(
    store: Store, *, prompts: Prompts | None = None, articles: Path = SAMPLE_SHOP, tiers: Path = SHIPPED
) -> AsyncIterator[Support]:
    """Open the bot without any key, over recordings."""
    way, settings = Way("replay", store), GraphSettings.model_construct()
    opened = open_way(settings, way, prompts=prompts, tiers=load_tiers(tiers), knowledge=articles)
    async with opened as (support, _):
        yield support


async def play_all(
    support: Support, mode: Mode, cases: Iterable[Case] = CASES, number: int = 1
) -> dict[str, Trial]:
    """Play cases one after the other, a trial each."""
    return {case.id: await play(case, number, support, mode=mode) for case in cases}
