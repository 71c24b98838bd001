"""Nobody reads another's: what was said in one conversation, workspace or channel is nowhere in the next."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.control.drafts import Draft, DraftStore
from bot.control.limits import MessageLimits, Most
from bot.forgetting import Wish, forget
from bot.inbox import Inbox, Item
from bot.people.store import CLAIMED, Handoff, HandoffStore
from bot.redis_ledger import RedisLedger
from evals.sim import Reply, Script, Sim
from graph.run import CustomerSaid, PersonSaid, Rated, TakenBack, remember, run_turn
from graph.state_store import open_state
from graph.support import Support
from graph.turn import HandedOff, Message, Signals, Turn
from tests.graph.records.samples import text, turn
from tests.graph.turns.talking import make_home, open_bot
from tests.security.holding import holding
from tests.security.obeying import Obedient

CANARY = "zanzibarquux"
AT = "4000000000.000100"
ONE = f"T0ONE:C0SAME:{AT}"
OTHERS = {
    "another workspace": f"T0TWO:C0SAME:{AT}",
    "a longer workspace": f"T0ONE1:C0SAME:{AT}",
    "a shorter workspace": f"T0ON:C0SAME:{AT}",
    "another channel": f"T0ONE:C0OTHER:{AT}",
    "a longer channel": f"T0ONE:C0SAME1:{AT}",
    "another thread": "T0ONE:C0SAME:4000000000.000200",
    "a longer thread": f"T0ONE:C0SAME:{AT}0",
    "a pattern": f"T*:C0SAME:{AT}",
    "a pattern of signs": f"T0ON[A-Z]:C0SAME:{AT}",
    "small letters": f"t0one:c0same:{AT}",
    "colons moved": f"T0ONE:C0:SAME:{AT}",
    "spaces": f"T0ONE :C0SAME:{AT}",
}
others = pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())


@pytest.fixture
async def redis(redis_server: str) -> AsyncIterator[Redis]:
    """An empty Redis."""
    async with open_state(redis_server) as client:
        await client.flushdb()
        yield client


async def ask(
    bot: Support, conversation: str, name: str, words: str, *, person: bool = False
) -> list[object]:
    # The same customer id: ids of people are another's in another workspace.
    asked = Turn(
        name,
        conversation,
        "U0SAME",
        (Message(f"{name}-m", words),),
        time.time(),
        signals=Signals(person=person),
    )
    return [chunk async for chunk in run_turn(bot, asked)]


@others
async def test_no_request_holds_what_was_said_elsewhere(
    tmp_path: Path, redis: Redis, redis_server: str, other: str
) -> None:
    """History, colleagues' words, answers and summaries, all over one Redis."""
    assert await redis.dbsize() == 0
    model = Obedient()
    async with (
        Sim(script=Script(model)) as sim,
        open_bot(make_home(tmp_path / "home"), sim, ["anthropic"], redis=redis_server) as bot,
    ):
        model.says.append(Reply(f"Fine, {CANARY} [1]."))
        await ask(bot, ONE, "t1", f"How long do I have to send {CANARY} back?")
        await remember(bot, ONE, PersonSaid(f"A colleague: {CANARY}.", "m1"))
        await remember(bot, ONE, CustomerSaid(f"To a colleague: {CANARY}.", "m2"))
        await remember(bot, ONE, Rated("down"))
        model.reset()
        await ask(bot, other, "t2", "And for members?")
        chunks = await ask(bot, other, "t3", "I want a person, please.", person=True)
        summaries = [chunk.summary for chunk in chunks if isinstance(chunk, HandedOff)]
        assert summaries
        assert CANARY not in json.dumps(model.bodies) + str(chunks)
        # And nothing that is done there reaches the first.
        await remember(bot, other, TakenBack("m1"))
        model.reset()
        await ask(bot, ONE, "t4", "How do I pack it?")
        assert json.dumps(model.bodies).count(CANARY) >= 4


@others
async def test_what_is_kept_of_one_is_found_under_its_own_name_alone(redis: Redis, other: str) -> None:
    handoffs, drafts = HandoffStore(redis), DraftStore(redis)
    await handoffs.put(Handoff(ONE, "U0SAME", CLAIMED, by="U0STAFF", summary=CANARY, opened_at=time.time()))
    record = turn("t-one", conversation=ONE, customer="U0SAME", messages=("m-one",))
    await drafts.put(Draft(record, (CANARY,), CANARY, {}, 1.0, time.time()))
    assert await handoffs.get(other) is None
    assert await handoffs.owner(other) is None
    assert await drafts.get(other) is None
    assert await drafts.of_message(other) == []
    assert await drafts.forget(conversation=other) == 0
    found = await handoffs.get(ONE)
    assert found
    assert found.summary == CANARY


@others
async def test_nobody_takes_or_changes_anothers_message(redis: Redis, other: str) -> None:
    inbox = Inbox(redis, process="test")
    await inbox.open()
    placed = await inbox.put(ONE, Item("m-one", "message", {"text": CANARY}), keys=("m:one",), take=False)
    assert placed.outcome == "new"
    assert (await inbox.edit(other, "m-one", None, keys=("e:1",))).outcome == "unknown"
    assert not await inbox.knows(other)
    assert not await inbox.stop(other, "U0SAME")
    job = await inbox.take()
    assert job
    assert (job.thread, job.members[0].body["text"]) == (ONE, CANARY)


@others
async def test_forgetting_one_leaves_the_other(redis: Redis, other: str) -> None:
    ledger = RedisLedger(redis)
    now = time.time()
    for name, conversation in (("t-one", ONE), ("t-other", other)):
        record = turn(name, conversation=conversation, customer="U0SAME", received_at=now)
        await ledger.write(record)
        await ledger.transcript(text(name, conversation=conversation, asked=(f"{CANARY}-{name}",), at=now))
        await HandoffStore(redis).put(
            Handoff(conversation, "U0SAME", summary=f"{CANARY}-{name}", opened_at=now)
        )
        await redis.set(f"{{bot}}:card:C0TEAM:{name}", conversation)
    await forget(redis, ledger, Wish(conversation=other), wait_s=0.0)
    assert await holding(redis, f"{CANARY}-t-other") == {}
    assert len(await holding(redis, f"{CANARY}-t-one")) == 2
    assert await redis.get("{bot}:card:C0TEAM:t-one")
    assert not await redis.get("{bot}:card:C0TEAM:t-other")


@pytest.mark.parametrize("team", ["T0TWO", "T0ONE1", "T0ON", "t0one", "T*"])
async def test_one_workspaces_messages_count_against_no_other(redis: Redis, team: str) -> None:
    limits = MessageLimits(redis, Most(minute=1), Most(minute=2))
    assert await limits.over("T0ONE", "U0SAME", ["m1"]) is None
    assert await limits.over("T0ONE", "U0SAME", ["m2"]) is not None
    assert await limits.over(team, "U0SAME", ["m3"]) is None
