"""A tier that says `redact = true` reads no personal data of the conversation; others read it as it is."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from evals.sim import Reply, Script, Sim
from graph.errors import TiersError
from graph.run import CustomerSaid, PersonSaid, remember, run_turn
from graph.support import Support
from graph.tiers import load_tiers
from graph.turn import Attachment, Message, Signals, Turn
from tests.graph.turns.talking import VENDORS, Vendor, make_home, open_bot, tiers_file
from tests.security.obeying import Obedient, escalating, words_of

SMALL, LARGE = ("claude-haiku-5-5", "gpt-6-luna"), ("claude-sonnet-5-5", "gpt-6.1-sol")
PERSONAL = {
    "the message": "message@planted.example",
    "an earlier message": "earlier@planted.example",
    "an answer": "answer@planted.example",
    "a colleague": "colleague@planted.example",
    "to a colleague": "tocolleague@planted.example",
    "a file": "DE89 3704 0044 0532 0130 00",
    "the name of a file": "filename@planted.example",
    "the handover": "+49 30 901820",
    "the opening": "opening@planted.example",
}
OURS = "care@larkfield.example"


def tiers(**redacts: bool) -> str:
    """Write the tiers, some of which redact."""
    text = tiers_file()
    for name, redact in redacts.items():
        text = text.replace(f"[tiers.{name}]", f"[tiers.{name}]\nredact = {str(redact).lower()}")
    return text


@asynccontextmanager
async def opened(folder: Path, vendor: Vendor, **redacts: bool) -> AsyncIterator[tuple[Support, Obedient]]:
    model = Obedient()
    home = make_home(folder / "home", tiers(**redacts))
    async with Sim(script=Script(model)) as sim, open_bot(home, sim, [vendor]) as bot:
        yield bot, model


async def talk(bot: Support, model: Obedient) -> None:
    """Say everything that is personal, at every place that a model reads."""
    told = PERSONAL
    model.says.append(Reply(f"Fine, {told['an answer']} [1]."))
    await ask(bot, "t1", f"How long do I have to send shoes back? I am {told['an earlier message']}.")
    await remember(bot, "c1", PersonSaid(f"Write to {told['a colleague']}."))
    await remember(bot, "c1", CustomerSaid(f"I did, from {told['to a colleague']}."))
    escalates = escalating(f"Call {told['the handover']}.")
    model.says.append(Reply(f"Let me see, {told['the opening']}. ", tools=escalates.tools))
    file = Attachment(f"{told['the name of a file']}.txt", "text/plain", f"Pay to {told['a file']}.")
    await ask(bot, "t2", f"Compare both ways to pay, {told['the message']}.", file)


async def ask(bot: Support, name: str, text: str, *files: Attachment, person: bool = False) -> None:
    turn = Turn(
        name, "c1", "U1", (Message(f"{name}-m", text),), time.time(),
        attachments=files, signals=Signals(person=person),
    )  # fmt: skip
    assert [chunk async for chunk in run_turn(bot, turn)]


def read_by(model: Obedient, names: tuple[str, ...]) -> str:
    """Return what the models of a tier read, as it was sent."""
    bodies = [body for body in model.bodies if body["model"] in names]
    assert bodies
    return json.dumps([words_of(body) for body in bodies], ensure_ascii=False)


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("small", [True, False])
@pytest.mark.parametrize("large", [True, False])
async def test_a_tier_that_says_so_reads_no_personal_data(
    tmp_path: Path, vendor: Vendor, small: bool, large: bool
) -> None:
    async with opened(tmp_path, vendor, small=small, large=large) as (bot, model):
        await talk(bot, model)
    by_small, by_large = read_by(model, SMALL), read_by(model, LARGE)
    for place, personal in PERSONAL.items():
        assert (personal in by_large) is not large, place
    for place in ("the message", "an earlier message", "an answer", "a colleague", "a file"):
        assert (PERSONAL[place] in by_small) is not small, place
    if large:
        assert "[email]" in by_large
        assert "[iban]" in by_large


@pytest.mark.parametrize("redact", [True, False])
async def test_the_summary_is_made_of_what_the_small_tier_may_read(tmp_path: Path, redact: bool) -> None:
    async with opened(tmp_path, "anthropic", small=redact) as (bot, model):
        await ask(bot, "t1", f"A person, please: {PERSONAL['the message']}.", person=True)
    assert "takes over" in words_of(model.bodies[-1])[-1][1]
    assert (PERSONAL["the message"] in read_by(model, SMALL)) is not redact


async def test_the_articles_keep_their_addresses(tmp_path: Path) -> None:
    """The model is to pass them on."""
    async with opened(tmp_path, "anthropic", small=True) as (bot, model):
        await ask(bot, "t1", "Contact the service team by e-mail or telephone")
    assert OURS in read_by(model, SMALL)


async def test_by_default_nothing_is_redacted() -> None:
    assert [tier.redact for tier in load_tiers().ladder] == [False, False]


def test_a_word_in_place_of_yes_or_no_is_said(tmp_path: Path) -> None:
    path = tmp_path / "tiers.toml"
    path.write_text(tiers().replace("[tiers.small]", '[tiers.small]\nredact = "some"'), encoding="utf-8")
    with pytest.raises(TiersError, match=r"tiers\.small\.redact"):
        load_tiers(path)
