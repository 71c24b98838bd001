"""A bot dies at each step of a turn, and another one brings it to its end: once, whole, accounted for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.app import open_ledger
from evals.sim import Reply
from evals.sim.slack.faults import SlackFault
from evals.sim.slack.settings import SlackSettings
from graph.turn import TurnRecord
from tests.bot.slack.crashing import DEATH_S, STEPS, crash
from tests.bot.slack.serving import CUSTOMER, DM, QUESTION, TEAM_CHANNEL, Stage, stage
from tests.redis_server import give_up, redis_executable, start_redis

WORDS = " ".join(f"On day {number} you may still send it back." for number in range(1, 13))
PERSON = "I want to talk to a person, please."
CARD = "when the team's card is posted, and not noted"
UNDER_WAY = "while the first words are on their way"
LOST = "when Slack's answer to the first words is lost"
FAULTS = {
    UNDER_WAY: SlackFault("slow", "chat.startStream", seconds=0.4),
    LOST: SlackFault("reset", "chat.startStream", done=True),
}
AT_ONCE = 4
"""Processes that start at the same moment: more would only wait for each other."""
SLACK = SlackSettings(ack_timeout_s=1.0, retry_after_s=(0.2,) * 60)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a case came to."""

    codes: list[int | None]
    """How the processes ended that were to die."""
    answers: list[dict[str, Any]]
    cards: list[dict[str, Any]]
    deleted: int
    records: tuple[TurnRecord, ...]
    left: set[str]
    """What is still in the inbox."""
    message: str
    """The id of the customer's message."""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Seen | BaseException]]:
    """What came of each step, all played at the same time; a case that did not end has its fault."""
    executable = redis_executable()
    if executable is None:
        give_up()
    folder = tmp_path_factory.mktemp("crash")
    server, port = start_redis(executable, folder, "--databases", str(len(STEPS)))
    try:
        yield asyncio.run(play_all(folder, f"redis://127.0.0.1:{port}"))
    finally:
        server.kill()
        server.wait()


async def play_all(folder: Path, redis: str) -> dict[str, Seen | BaseException]:
    """Play every step."""
    starting = asyncio.Semaphore(AT_ONCE)
    cases = [play(step, folder / str(n), f"{redis}/{n}", starting) for n, step in enumerate(STEPS)]
    return dict(zip(STEPS, await asyncio.gather(*cases, return_exceptions=True), strict=True))


async def play(step: str, folder: Path, redis: str, starting: asyncio.Semaphore) -> Seen:
    """Let a bot die at a step and another one follow it."""
    folder.mkdir()
    async with stage(
        folder,
        redis_url=redis,
        rule=lambda _vendor, _body: Reply(WORDS, (), "end", 0.05, 120.0),
        slack=SLACK,
        start=False,
        bot_handoff_channel=TEAM_CHANNEL if step == CARD else None,
        slack_timeout_s=0.5,
        bot_lease_s=3.0,
    ) as on:
        if fault := FAULTS.get(step):
            on.slack.faults.add(fault)
        codes, asked = [], ""

        def ask() -> None:
            nonlocal asked
            asked = asked or on.slack.say(CUSTOMER, DM, PERSON if step == CARD else QUESTION)

        for number, at in enumerate(STEPS[step]):
            async with starting:
                codes.append(await crash(on, at, folder / f"bot-{number}.log", ask))
        async with starting:
            await on.start()
        return await followed(on, redis, codes, f"{on.slack.settings.team}:{DM}:{asked}")


async def followed(on: Stage, redis: str, codes: list[int | None], message: str) -> Seen:
    """Wait until the successor has nothing left to do, stop it, and look what there is."""
    async with Redis.from_url(redis, decode_responses=True) as client:
        await on.until(on.finished, DEATH_S)
        async with asyncio.timeout(DEATH_S):
            while left := await waiting(client):
                await asyncio.sleep(0.05)
        await on.stop()
        left = await waiting(client)
    async with open_ledger(on.settings) as ledger:
        records = await ledger.turns()
    deleted = len(on.slack.calls_of("chat.delete"))
    return Seen(codes, on.answers(), on.answers(TEAM_CHANNEL), deleted, records, left, message)


async def waiting(client: Redis) -> set[str]:
    """Return the inbox's keys that hold work."""
    patterns = ("{bot}:*:box:*", "{bot}:*:job:*", "{bot}:*:due")
    return {str(key) for pattern in patterns for key in await client.keys(pattern)}


def found(seen: Mapping[str, Seen | BaseException], step: str) -> Seen:
    """Return what came of a step; raises what kept it from coming to an end."""
    what = seen[step]
    if isinstance(what, BaseException):
        raise what
    return what


def words_of(message: dict[str, Any]) -> str:
    """Return what a message says: its Markdown blocks where it has some, else its text."""
    blocks = [str(block["text"]) for block in message.get("blocks") or () if block["type"] == "markdown"]
    return "".join(blocks) or str(message["text"])


every_step = pytest.mark.parametrize("step", STEPS)


@every_step
def test_the_process_was_killed_at_the_step(seen: Mapping[str, Seen | BaseException], step: str) -> None:
    assert found(seen, step).codes == [-9] * len(STEPS[step])


@every_step
def test_one_message_is_visible_and_it_names_what_it_answers(
    seen: Mapping[str, Seen | BaseException], step: str
) -> None:
    what = found(seen, step)
    (answer,) = what.answers
    payload = answer["metadata"]["event_payload"]
    assert payload == {"turn": what.message, "messages": [what.message]}
    assert answer.get("streaming_state") in (None, "completed")
    assert what.deleted == 0


@every_step
def test_the_answer_is_whole(seen: Mapping[str, Seen | BaseException], step: str) -> None:
    what = found(seen, step)
    said = words_of(what.answers[0])
    if step == CARD:
        assert said.strip()
    else:
        assert said == WORDS


@every_step
def test_the_turn_is_in_the_ledger_once_and_nothing_waits(
    seen: Mapping[str, Seen | BaseException], step: str
) -> None:
    what = found(seen, step)
    (record,) = what.records
    assert (record.turn_id, record.messages) == (what.message, (what.message,))
    assert record.outcome == ("handed_off" if step == CARD else "answered")
    assert what.left == set()


@every_step
def test_the_team_sees_one_card_where_a_person_was_asked_for(
    seen: Mapping[str, Seen | BaseException], step: str
) -> None:
    assert len(found(seen, step).cards) == (1 if step == CARD else 0)
