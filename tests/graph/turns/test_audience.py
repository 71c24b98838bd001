"""What colleagues alone may read reaches nobody else: not as a passage, not by way of the conversation."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing
from pathlib import Path
from typing import Any

import pytest

from evals.sim import Reply, Sim
from graph.run import CustomerSaid, PersonSaid, remember, run_turn
from graph.support import Support
from graph.turn import Audience
from tests.graph.turns.crashing import interrupted
from tests.graph.turns.talking import Heard, make_home, make_turn, open_bot, say, state_of, tiers_file

CANARY = "PELICAN-4471"
PUBLIC = "A refund takes five working days after the parcel is back."
ASKS = "How does a goodwill refund work, and who approves it?"
PERSON = "I would like to talk to a person, please."


def home_in(folder: Path) -> Path:
    """Make an adopter's folder with an article for everyone and one for colleagues that answers better."""
    home = make_home(folder, tiers_file(("anthropic",), first_token=60, stall=60, answer=120))
    articles = home / "knowledge"
    articles.mkdir()
    (articles / "open.md").write_text(
        f"---\ntitle: Refunds\naudience: everyone\n---\n\n{PUBLIC}\n", encoding="utf-8"
    )
    (articles / "closed.md").write_text(
        f"# Goodwill refund\n\nWho approves a goodwill refund: nobody up to 80 euro, by the code {CANARY}.\n",
        encoding="utf-8",
    )
    return home


def opened(folder: Path, sim: Sim | None) -> AbstractAsyncContextManager[Support]:
    home = home_in(folder)
    return open_bot(home, sim, ("anthropic",), knowledge=home / "knowledge")


@pytest.fixture(name="shop")
async def _shop(tmp_path: Path, sim: Sim) -> AsyncIterator[Support]:
    async with opened(tmp_path, sim) as bot:
        yield bot


def asked_of_models(sim: Sim, since: int = 0) -> str:
    return json.dumps([request.body for request in sim.requests[since:]], ensure_ascii=False)


async def ask(bot: Support, text: str, audience: Audience, *, id: str = "t1") -> Heard:
    return await say(bot, text, id=id, audience=audience)


async def test_the_prompt_of_a_stranger_holds_no_internal_passage(shop: Support, sim: Sim) -> None:
    await ask(shop, ASKS, "everyone")
    assert PUBLIC in asked_of_models(sim)
    assert CANARY not in asked_of_models(sim)
    assert [name for name, _ in (await state_of(shop))["passages"]] == ["open.md#refunds"]
    seen = len(sim.requests)
    await say(shop, ASKS, id="t2", conversation="c2", audience="internal")
    assert CANARY in asked_of_models(sim, seen)


async def test_a_quotation_and_its_sources_are_for_whoever_reads_them(tmp_path: Path) -> None:
    async with opened(tmp_path, None) as bot:
        theirs = await ask(bot, ASKS, "everyone")
        ours = await say(bot, ASKS, id="t2", conversation="c2", audience="internal")
    assert CANARY not in theirs.text
    assert {source.article for source in theirs.record.sources} <= {"open.md"}
    assert CANARY in ours.text
    assert "closed.md" in {source.article for source in ours.record.sources}


async def test_what_colleagues_were_told_is_not_in_a_later_strangers_prompt(shop: Support, sim: Sim) -> None:
    """The channel was shared meanwhile, or a guest writes in a colleague's thread."""
    sim.script.next(Reply(f"Use the code {CANARY} [1]."), Reply("In five days [1]."), Reply("Yes [1]."))
    await ask(shop, ASKS, "internal")
    seen = len(sim.requests)
    await ask(shop, "And for gifts?", "everyone", id="t2")
    later = asked_of_models(sim, seen)
    assert CANARY not in later
    assert "goodwill" not in later
    seen = len(sim.requests)
    await ask(shop, "And the code?", "internal", id="t3")
    assert CANARY in asked_of_models(sim, seen)


async def test_nor_is_it_in_the_summary_for_a_person(shop: Support, sim: Sim) -> None:
    sim.script.next(Reply(f"Use the code {CANARY} [1]."))
    await ask(shop, ASKS, "internal")
    seen = len(sim.requests)
    handed = await ask(shop, PERSON, "everyone", id="t2")
    assert handed.record.outcome == "handed_off"
    assert CANARY not in asked_of_models(sim, seen) + handed.handed_off[0].summary


async def test_what_people_said_there_stays_part_of_it(shop: Support, sim: Sim) -> None:
    await ask(shop, "Hello?", "everyone")
    await remember(shop, "c1", CustomerSaid("It was a blue tent."))
    await remember(shop, "c1", PersonSaid("I have sent a new pole."))
    seen = len(sim.requests)
    await ask(shop, "How long does a refund take?", "everyone", id="t2")
    later = asked_of_models(sim, seen)
    assert "blue tent" in later
    assert "new pole" in later


async def test_a_finished_turn_is_not_shown_again_to_others_than_it_was_made_for(
    shop: Support, sim: Sim
) -> None:
    sim.script.next(Reply(f"Use the code {CANARY} [1]."), Reply("In five days [1]."))
    assert CANARY in (await ask(shop, ASKS, "internal")).text
    again = await ask(shop, ASKS, "everyone")
    assert again.text.strip() == "In five days [1]."
    assert (await ask(shop, ASKS, "everyone")).text.strip() == "In five days [1]."


@pytest.mark.parametrize(("audience", "goes_on"), [("internal", True), ("everyone", False)])
async def test_an_interrupted_turn_goes_on_only_for_whom_it_was_begun(
    audience: Audience, goes_on: bool, tmp_path: Path, sim: Sim
) -> None:
    """Its passages, and what it had said, were for colleagues."""
    async with opened(tmp_path, sim) as bot:
        await interrupted(bot, "answer", ASKS)
        state = await state_of(bot)
        assert [name for name, _ in state["passages"]][:1] == ["closed.md#goodwill-refund"]
        seen = len(sim.requests)
        async with aclosing(run_turn(bot, make_turn(ASKS, audience=audience))) as chunks:
            async for _ in chunks:
                pass
        assert (CANARY in asked_of_models(sim, seen)) is goes_on


async def test_what_is_remembered_of_before_audiences_were_kept_counts_as_internal(
    shop: Support, sim: Sim
) -> None:
    sim.script.next(Reply(f"Use the code {CANARY} [1]."))
    await ask(shop, ASKS, "internal")
    config: Any = {"configurable": {"thread_id": "c1"}}
    history = [
        {name: value for name, value in exchange.items() if name != "audience"}
        for exchange in (await state_of(shop))["history"]
    ]
    await shop.graph.aupdate_state(config, {"history": history}, as_node="check")
    seen = len(sim.requests)
    await ask(shop, "How long does a refund take?", "everyone", id="t2")
    assert CANARY not in asked_of_models(sim, seen)


def test_no_node_reads_articles_past_the_turns_audience() -> None:
    """`services.knowledge` is all of them."""
    folder = Path(__file__).resolve().parents[3] / "graph"
    sources = {path.name: path.read_text(encoding="utf-8") for path in folder.rglob("*.py")}
    named = {
        name for name, text in sources.items() if re.search(r"services\.knowledge\.(?!open_to|refresh)", text)
    }
    assert named == {"run.py"}  # the language of a sentence about a failure, before anything was found
