"""Forgetting, deletion in Slack and retention: planted words are looked for in everything that is kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.app import forgotten
from bot.forgetting import Wish, forget
from bot.inbox import Inbox, Item
from bot.ledger import FileLedger, Ledger
from bot.redis_ledger import RedisLedger
from graph.state_store import open_state
from graph.turn import Transcript
from tests.bot.slack.control.managing import STAFF, ask, cards, managed, words_of
from tests.bot.slack.people.helping import asked, claimed, conversation, passed
from tests.bot.slack.serving import CHANNEL, CUSTOMER, DM, TEAM_CHANNEL, Stage
from tests.graph.records.samples import rating, text, turn
from tests.security.holding import files_holding, holding, seconds_left

CANARY = "zanzibarquux"
"""Stands in what the customer writes, and nowhere else."""
OTHER_CANARY = "quokkaplinth"
OTHER = "U0OTHERONE"
DRAFTS = f'[channels.{CHANNEL}]\nmode = "draft"\n'
DAY_S = 86_400.0
LATER = ":4000000000.0001"
"""The end of the name of a thread that begins after everything: nothing in it is held back."""


@pytest.fixture
async def redis(redis_server: str) -> AsyncIterator[Redis]:
    """An empty Redis."""
    async with open_state(redis_server) as client:
        await client.flushdb()
        yield client


def answered(on: Stage, ts: str, channel: str = CHANNEL) -> bool:
    """Tell whether a message was answered and all of it is kept."""
    return any(ts in str(message["metadata"]) for message in on.finished(channel))


async def gone(on: Stage, redis: Redis, *words: str, within_s: float = 10.0) -> dict[str, str]:
    """Wait until nothing holds these words; return what does after all."""
    ends = time.monotonic() + within_s
    while (left := await holding(redis, *words)) and time.monotonic() < ends:
        assert on.serving is None or not on.serving.done()
        await asyncio.sleep(0.05)
    return left


@asynccontextmanager
async def a_day(folder: Path, url: str, **settings: Any) -> AsyncIterator[tuple[Stage, Redis]]:
    """Play a day of a customer's: a draft, answers, ratings, a handoff with words of both, and another's."""
    async with managed(folder, url, channels=DRAFTS, **settings) as (on, redis):
        ask(on, f"How long may I keep a jacket called {CANARY}?")
        await on.until(lambda: cards(on))
        ask(on, f"How do I return a tent called {CANARY}?")
        await on.until(lambda: len(cards(on)) == 2)
        on.slack.press(STAFF, TEAM_CHANNEL, cards(on)[-1]["ts"], "draft_send")
        (answer,) = await on.until(lambda: on.finished(CHANNEL))
        on.slack.react(CUSTOMER, CHANNEL, answer["ts"], "+1")
        on.slack.say(CUSTOMER, DM, f"When do my shoes called {CANARY} come?")
        await on.until(lambda: on.finished(DM))
        root, card = await asked(on, DM)
        await claimed(on, root)
        on.slack.say(CUSTOMER, DM, f"It is about {CANARY}.", root)
        await on.until(lambda: passed(on, TEAM_CHANNEL, card["ts"]))
        on.slack.say(STAFF, TEAM_CHANNEL, f"I see, {CANARY}.", card["ts"])
        await on.until(lambda: len(passed(on, DM, root)) == 1)
        on.slack.say(OTHER, "D0OTHERONE", f"How do I return a lamp called {OTHER_CANARY}?")
        await on.until(lambda: on.finished("D0OTHERONE"))
        yield on, redis


async def wait_in_line(redis: Redis, on: Stage, dead: Inbox | None = None) -> None:
    """Leave messages of the customer's waiting, and one in the dead list."""
    team = on.slack.settings.team
    inbox = dead or Inbox(redis, process="test", tenant=team)
    for number, channel in enumerate((DM, CHANNEL)):
        ts = f"18000000{number}0.000100"
        body = {"team": team, "channel": channel, "ts": ts, "thread_ts": ts, "user": CUSTOMER, "text": CANARY}
        item = Item(f"{team}:{channel}:{ts}", "message", body, at=float(ts))
        placed = await inbox.put(item.id, item, keys=(f"m:{item.id}",), take=bool(number))
        if placed.job:
            await inbox.finish(placed.job, dead="made up")


async def test_forgetting_a_customer_leaves_nothing_of_them(tmp_path: Path, redis_server: str) -> None:
    async with a_day(tmp_path, redis_server) as (on, redis):
        await on.stop()
        await wait_in_line(redis, on)
        held = await holding(redis, CANARY, CUSTOMER)
        tenant = f"{on.slack.settings.team}:"
        kinds = {key.removeprefix("{bot}:").removeprefix(tenant).split(":")[0] for key in held}
        # A counter-check: what is erased below was there.
        assert {"conv", "draft", "ledger", "handoff", "answer", "box", "dead", "reactions"} <= kinds
        theirs = {conversation(on, root) for root in (m["ts"] for m in on.slack.messages(DM)) if root}
        done = await forgotten(on.settings, Wish(customer=CUSTOMER))
        assert done.kept
        assert done.others
        assert not done.under_way
        assert await holding(redis, CANARY, CUSTOMER) == {}
        # Their direct messages are named by a channel of their own.
        left = {key: await seconds_left(redis, key) for key in await holding(redis, *theirs, f":{DM}")}
        assert {key: s for key, s in left.items() if s > DAY_S} == {}
        assert await holding(redis, OTHER_CANARY)
        assert files_holding(tmp_path / "data", CANARY) == []
        again = await forgotten(on.settings, Wish(customer=CUSTOMER))
        assert (again.kept, again.others) == (0, 0)


async def test_forgetting_a_conversation_leaves_the_others(tmp_path: Path, redis_server: str) -> None:
    async with managed(tmp_path, redis_server) as (on, redis):
        ask(on, f"How do I return a tent called {CANARY}?")
        await on.until(lambda: on.finished(CHANNEL))
        root = on.finished(CHANNEL)[0]["thread_ts"]
        ask(on, f"How do I return a lamp called {OTHER_CANARY}?")
        await on.until(lambda: len(on.finished(CHANNEL)) == 2)
        await on.stop()
        assert await holding(redis, CANARY)
        await forgotten(on.settings, Wish(conversation=conversation(on, root, CHANNEL)))
        assert await holding(redis, CANARY) == {}
        assert await holding(redis, OTHER_CANARY)


async def test_forgetting_waits_for_what_is_being_answered(redis: Redis) -> None:
    inbox = Inbox(redis, process="test")
    await inbox.open()
    name, ts = f"T1:C1{LATER}", LATER[1:]
    body = {"team": "T1", "channel": "C1", "ts": ts, "thread_ts": ts, "user": "U1", "text": CANARY}
    job = (await inbox.put(name, Item(name, "message", body), keys=())).job
    assert job
    ledger = RedisLedger(redis)
    done = await forget(redis, ledger, Wish(customer="U1"), wait_s=0.0)
    assert done.under_way == {name}
    under_way = asyncio.create_task(forget(redis, ledger, Wish(customer="U1"), wait_s=20.0))
    await asyncio.sleep(0.3)
    said = Transcript(name, name, "U1", time.time(), "en", (CANARY,), "x", "small", "answered")
    await inbox.finish(job, writes=ledger.writes(turn(name, customer="U1"), said))
    assert not (await under_way).under_way
    assert await holding(redis, CANARY, "U1") == {}


async def test_a_deleted_message_that_was_answered_is_erased(tmp_path: Path, redis_server: str) -> None:
    async with managed(tmp_path, redis_server) as (on, redis):
        ts = ask(on, f"How do I return a tent called {CANARY}?")
        await on.until(lambda: answered(on, ts))
        assert await holding(redis, CANARY)
        on.slack.delete(CHANNEL, ts)
        assert await gone(on, redis, CANARY) == {}
        await on.stop()
        # What it came to stays, without words.
        assert any("ledger:turn:" in key for key in await holding(redis, ts))


async def test_of_a_conversation_only_the_deleted_message_is_erased(
    tmp_path: Path, redis_server: str
) -> None:
    async with managed(tmp_path, redis_server) as (on, redis):
        root = ask(on, f"How do I return a lamp called {OTHER_CANARY}?")
        await on.until(lambda: answered(on, root))
        second = on.slack.say(CUSTOMER, CHANNEL, f"And a tent called {CANARY}, please?", root)
        await on.until(lambda: answered(on, second))
        on.slack.delete(CHANNEL, second)
        assert await gone(on, redis, CANARY) == {}
        assert any(":conv:" in key for key in await holding(redis, OTHER_CANARY))
        third = on.slack.say(CUSTOMER, CHANNEL, "And how long do I have to send it back?", root)
        await on.until(lambda: answered(on, third))
        asked_last = str(on.vendor.requests[-1].body)
        assert OTHER_CANARY in asked_last
        assert CANARY not in asked_last


async def test_a_deleted_question_takes_its_draft_along(tmp_path: Path, redis_server: str) -> None:
    async with managed(tmp_path, redis_server, channels=DRAFTS) as (on, redis):
        ts = ask(on, f"How do I return a tent called {CANARY}?")
        await on.until(lambda: cards(on))
        on.slack.delete(CHANNEL, ts)
        assert await gone(on, redis, CANARY) == {}
        await on.until(lambda: CANARY not in words_of(cards(on)[0]))
        on.slack.say(STAFF, TEAM_CHANNEL, "Good night.")
        assert not on.finished(CHANNEL)


async def test_what_was_said_to_a_person_and_deleted_is_erased(tmp_path: Path, redis_server: str) -> None:
    async with managed(tmp_path, redis_server) as (on, redis):
        wish = f"I want to talk to a person about {CANARY}."
        root = on.slack.say(CUSTOMER, DM, wish)
        card = (await on.until(lambda: cards(on, "bot_handoff")))[0]
        await on.until(lambda: on.finished(DM))
        await claimed(on, root)
        ts = on.slack.say(CUSTOMER, DM, f"My tent is called {CANARY}.", root)
        await on.until(lambda: len(passed(on, TEAM_CHANNEL, card["ts"])) == 1)
        reply = on.slack.say(STAFF, TEAM_CHANNEL, f"{CANARY} it is.", card["ts"])
        await on.until(lambda: len(passed(on, DM, root)) == 1)
        assert await holding(redis, CANARY)
        on.slack.delete(DM, ts)
        on.slack.delete(TEAM_CHANNEL, reply)
        await on.until(lambda: CANARY not in str(passed(on, TEAM_CHANNEL, card["ts"])))
        on.slack.delete(DM, root)
        left = await gone(on, redis, CANARY)
        assert left == {}
        # The team's card too: its summary was drawn anew.
        assert CANARY not in words_of(cards(on, "bot_handoff")[-1])


async def test_a_dead_message_that_is_deleted_is_erased(redis: Redis) -> None:
    inbox = Inbox(redis, process="test")
    await inbox.open()
    for name in ("a", "b"):
        job = (await inbox.put(f"{name}{LATER}", Item(name, "message", {"text": CANARY + name}), keys=())).job
        assert job
        await inbox.finish(job, dead='why "not"')
    assert await inbox.bury_no_more(lambda _thread, item: item.id == "a") == 1
    assert list(await holding(redis, f"{CANARY}a")) == []
    assert list(await holding(redis, f"{CANARY}b")) == ["{bot}:dead"]


@pytest.mark.parametrize("days", [0, 1, 7])
async def test_words_are_kept_no_longer_than_they_may(tmp_path: Path, redis_server: str, days: int) -> None:
    async with a_day(tmp_path, redis_server, bot_keep_text_days=days) as (on, redis):
        await on.stop()
        await wait_in_line(redis, on, Inbox(redis, process="test", keep_text_s=max(1, days) * DAY_S))
        held = await holding(redis, CANARY)
        left = {key: await seconds_left(redis, key) for key in held if ":box:" not in key}  # it still waits
        assert len(left) >= 5
        assert {key: s for key, s in left.items() if s > max(1, days) * DAY_S} == {}
        assert bool([key for key in held if "ledger:text" in key]) is bool(days)


async def test_old_words_leave_the_dead_list_while_new_ones_come(redis: Redis) -> None:
    inbox = Inbox(redis, process="test", keep_text_s=0.3)
    await inbox.open()
    for name in ("old", "new"):
        said = Item(name, "message", {"text": CANARY + name})
        job = (await inbox.put(f"{name}{LATER}", said, keys=())).job
        assert job
        await inbox.finish(job, dead="made up")
        await asyncio.sleep(0.2)
    await asyncio.sleep(0.15)
    job = (await inbox.put(f"last{LATER}", Item("last", "message", {}), keys=())).job
    assert job
    await inbox.finish(job, dead="made up")
    assert not await holding(redis, f"{CANARY}old")


async def test_personal_data_in_a_draft_is_redacted_at_rest(tmp_path: Path, redis_server: str) -> None:
    async with managed(tmp_path, redis_server, channels=DRAFTS) as (on, redis):
        ask(on, "How do I return a tent? Write to jo.doe@example.com.")
        await on.until(lambda: cards(on))
        drafts = {key: held for key, held in (await holding(redis, "tent")).items() if ":draft:" in key}
        assert drafts
        assert "jo.doe@example.com" not in str(drafts)


@pytest.mark.parametrize("kind", ["files", "redis"])
async def test_the_ledger_erases_the_words_of_one_message(kind: str, tmp_path: Path, redis: Redis) -> None:
    ledger: Ledger = FileLedger(tmp_path) if kind == "files" else RedisLedger(redis)
    now = time.time()
    for name, word in (("t1", CANARY), ("t2", OTHER_CANARY)):
        await ledger.write(turn(name, messages=(f"{name}-a", f"{name}-b"), received_at=now))
        await ledger.transcript(text(name, asked=(word,), at=now))
        await ledger.feedback(rating(name, at=now))
    assert await ledger.erase("t1-b", now) == 1
    assert [each.turn_id for each in await ledger.transcripts()] == ["t2"]
    assert len(await ledger.turns()) == 2
    assert files_holding(tmp_path, CANARY) == []
    assert await holding(redis, CANARY) == {}
    await ledger.close()
