"""Quality, cost and latency of both editions, from what was recorded before and after."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.preview.editions import compare
from evals.preview.flips import preview
from evals.preview.measured import measure
from evals.preview.measurement import Measured
from evals.recording.budget import Budget
from evals.recording.opening import open_live
from evals.recording.store import Store
from evals.sim import Reply, Script, Sim
from evals.sim.script import Body, Vendor
from evals.suite.case import AsksBack, Case
from graph.settings import GraphSettings
from graph.support import load_all_tiers, open_articles, open_services, open_support
from prompts import Edition, FixedPrompts, open_prompts
from tests.evals.preview.changes import commit_all, edit, prompts_folder
from tests.evals.recording.sample import CASES, PLENTY, play_all, quoting, sim_settings

CURT = "Answer in one word."
CHOSEN = tuple(
    replace(case, turns=tuple(replace(turn, expect=(AsksBack(False),)) for turn in case.turns))
    for case in CASES
    if case.id in ("return-window", "mattress", "gift-card-expiry", "password")
)
SETTINGS = GraphSettings.model_construct()


def curt(vendor: Vendor, body: Body) -> Reply:
    """Ask back, and at length, where the prompt wants one word: then every case fails and costs more."""
    if CURT in json.dumps(body["system"]):
        return Reply("Which of your many orders, made at which time, do you mean by this, please? " * 20)
    return quoting(vendor, body)


async def record(sim: Sim, folder: Path, edition: Edition, source: str) -> None:
    """Record the cases, and say where the words came from."""
    settings = sim_settings(sim, vendors=["anthropic"])
    opened = open_live(
        settings, load_all_tiers(settings), lambda: edition, Budget(PLENTY), store=Store(folder)
    )
    prompts = FixedPrompts(edition)
    async with open_support(
        settings,
        models=opened.models,
        ladder=opened.ladder,
        prompts=prompts,
        articles=open_articles(settings),
    ) as support:
        await play_all(support, "live", CHOSEN)
    for file in folder.glob("*.json"):
        text = file.read_text(encoding="utf-8")
        file.write_text(
            text.replace('"stand-in"', f'"{source}"').replace('"live"', f'"{source}"'), encoding="utf-8"
        )


async def measured(file: Path, recordings: Path, cases: tuple[Case, ...] = CHOSEN) -> Measured:
    articles = open_articles(SETTINGS)
    services = open_services(SETTINGS, articles, load_all_tiers(SETTINGS))
    found = await preview(compare([file], None), cases, services)
    return await measure(found, recordings, SETTINGS, articles)


@pytest.mark.parametrize("source", ["live", "stand-in"])
async def test_a_change_is_measured_between_the_committed_recordings_and_those_made_anew(
    tmp_path: Path, source: str
) -> None:
    file, recordings = prompts_folder(tmp_path, "answer.md") / "answer.md", tmp_path / "recordings"
    async with Sim(script=Script(curt)) as sim:
        await record(sim, recordings, open_prompts(file.parent).edition, source)
        commit_all(tmp_path)
        edit(file, "If they answer nothing, say", f"{CURT} If they answer nothing, say")
        stale = await measured(file, recordings)
        await record(sim, recordings, open_prompts(file.parent).edition, source)
        found = await measured(file, recordings)
    assert stale == Measured(touched=4), "what was not recorded anew is not known"
    if source == "stand-in":
        assert found == Measured(touched=4)
        return
    assert set(found.cases) == {case.id for case in CHOSEN}
    changes: dict[str, Any] = {change.what: change for change in found.changes}
    assert (changes["passed"].before, changes["passed"].after) == (1.0, 0.0)
    assert changes["passed"].high <= 0
    assert 0 < changes["usd"].low <= changes["usd"].difference <= changes["usd"].high
    assert changes["total_ms"].before > 0


async def test_without_recordings_nothing_is_known(tmp_path: Path) -> None:
    file = prompts_folder(tmp_path, "answer.md") / "answer.md"
    edit(file, "If they answer nothing", "Where they answer nothing")
    assert await measured(file, tmp_path / "recordings") == Measured(touched=4)
