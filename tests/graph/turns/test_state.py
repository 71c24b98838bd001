"""A conversation stays small, however long it gets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evals.sim import Sim
from graph.finishing import REMEMBERED
from tests.graph.turns.talking import Vendor, make_home, open_bot, say, sent, state_of, tiers_file

TURNS = 60
BUDGET = 600
SUBJECTS = ("lamp", "rug", "kettle", "chair", "mirror", "vase", "towel", "clock", "desk", "shelf")
LARGEST = 16 * 1024
"""Bytes that a conversation may take with this budget; the shipped one, 2,000 tokens, may take 64 KB."""


async def test_sixty_turns_leave_no_more_than_the_budget(vendor: Vendor, sim: Sim, tmp_path: Path) -> None:
    """History within the budget, at most 4 records, bounded bytes; and the prompt does not grow."""
    sizes, prompts, starts = [], [], []
    async with open_bot(make_home(tmp_path, tiers_file(history=BUDGET)), sim, [vendor]) as bot:
        for number in range(TURNS):
            question = f"How should I pack {SUBJECTS[number % 10]} number {number} when it goes back to you?"
            heard = await say(bot, question, id=f"t{number}")
            state = await state_of(bot)
            history = state["history"]
            assert history[-1]["answer"] == heard.text
            assert sum(len(e["asked"]) + len(e["answer"]) for e in history) / 3.5 <= BUDGET
            assert len(state["records"]) <= REMEMBERED == 4
            sizes.append(await bot.saver.size("c1"))
            prompts.append(len(sent(sim.requests[-1])))
            starts.append(history[0]["id"])
    assert len(sim.requests) == TURNS
    assert max(sizes) <= LARGEST
    assert max(sizes[30:]) <= 1.1 * max(sizes[:30])
    assert max(prompts[30:]) <= 1.1 * max(prompts[:30])
    # Dropped several at a time: between two drops the prompt begins with the same bytes.
    assert len(set(starts)) < TURNS / 1.5


@pytest.mark.parametrize("text", ["x" * 40_000, "my shoes are too small and " * 400])
async def test_a_long_message_is_kept_in_part(text: str, vendor: Vendor, sim: Sim, tmp_path: Path) -> None:
    """What later turns see of it is at most 4,000 characters."""
    async with open_bot(make_home(tmp_path), sim, [vendor]) as bot:
        await say(bot, text)
        state = await state_of(bot)
        assert len(state["history"][-1]["asked"]) <= 4000
        assert await bot.saver.size("c1") <= LARGEST


async def test_the_state_holds_no_articles_and_no_prompts(vendor: Vendor, sim: Sim, tmp_path: Path) -> None:
    """Only ids and hashes of what was found."""
    async with open_bot(make_home(tmp_path), sim, [vendor]) as bot:
        await say(bot)
        state = await state_of(bot)
        found = [bot.knowledge.passage(passage) for passage, _ in state["passages"]]
        assert found
        stored = json.dumps(state, ensure_ascii=False)
        assert all(passage and passage.text[:60] not in stored for passage in found)
        assert bot.services.prompts.edition.system()[:60] not in stored
