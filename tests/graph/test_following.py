"""Processes take over what is promoted within two seconds, and leave what they cannot use."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from graph.errors import InputError, StateError
from graph.following import following
from graph.prompt_versions import PromptVersions
from graph.records.certificate import Certificate
from graph.rollout import Change, Rollout, Step, promote, roll_back
from graph.run import Rated, remember
from graph.state_store import open_state
from graph.support import SAMPLE_SHOP, Support, open_support
from prompts import FixedPrompts
from tests.graph.editions import edition, texts_of
from tests.graph.turns.talking import say, settings_for, state_of

PERSON = "I want to talk to a human agent"
BASE = edition("base").version
WITHIN_S = 2.0


@pytest.fixture(params=["in this process", "a server"])
async def redis(request: pytest.FixtureRequest) -> AsyncIterator[Redis]:
    url = request.getfixturevalue("redis_server") if request.param == "a server" else None
    async with open_state(url) as client:
        await client.flushall()
        yield client


@asynccontextmanager
async def process(
    redis: Redis, word: str = "base", *, deploys: bool = True, every_s: float = 0.5
) -> AsyncIterator[Support]:
    """Stand for a process that was deployed with these prompts."""
    settings = settings_for(None, anthropic=None, openai=None)
    async with AsyncExitStack() as stack:
        support = await stack.enter_async_context(
            open_support(settings, knowledge=SAMPLE_SHOP, redis=redis, prompts=FixedPrompts(edition(word)))
        )
        await stack.enter_async_context(
            following(PromptVersions(redis), support.services, deploys=deploys, every_s=every_s)
        )
        yield support


async def bring(redis: Redis, word: str, percent: int, *, certified: bool = True) -> str:
    """Promote the version with this word."""
    versions, version = PromptVersions(redis), edition(word).version
    read = await versions.read()
    certificate = Certificate(version, "cases", "keyless", "none", 1.0, "fine", 1.0) if certified else None
    step = Step(version, percent, "ada", "a try", time.time(), certificate)
    await versions.keep(version, texts_of(word))
    after = promote(read.rollout or Rollout(BASE), step)
    await versions.change(read, after, Change(step.at, "ada", "promoted", version, percent, "a try"))
    return version


async def take_back(redis: Redis) -> None:
    versions = PromptVersions(redis)
    read = await versions.read()
    assert read.rollout
    after = roll_back(read.rollout, None)
    await versions.change(read, after, Change(time.time(), "ada", "rolled back", BASE, 100, "bad"))


async def until(support: Support, *names: str) -> None:
    """Wait until these versions are in force there; it must not take two seconds."""
    async with asyncio.timeout(WITHIN_S):
        while tuple(promoted.name for promoted in support.services.editions.promoted) != names:
            await asyncio.sleep(0.01)


async def word_of(support: Support, conversation: str, id: str = "t1") -> str:
    """Return the word of the prompts that a conversation's turn went by."""
    heard = await say(support, PERSON, id=id, conversation=conversation)
    return heard.record.route.reason.removeprefix("The customer asked for a person.").strip()


async def words_of(support: Support, id: str, conversations: int = 12) -> dict[str, str]:
    return {f"c{n}": await word_of(support, f"c{n}", f"{id}-{n}") for n in range(conversations)}


async def test_two_processes_follow_within_two_seconds_and_deal_alike(redis: Redis) -> None:
    async with process(redis) as one, process(redis) as other:
        assert set((await words_of(one, "before", 3)).values()) == {"base"}
        await redis.flushall()
        version = await bring(redis, "canary", 50)
        await asyncio.gather(until(one, version), until(other, version))
        first = await words_of(one, "first")
        assert set(first.values()) == {"base", "canary"}
        assert await words_of(other, "second") == first


async def test_a_conversation_stays_while_the_share_changes_and_goes_back_with_the_version(
    redis: Redis,
) -> None:
    async with process(redis) as bot:
        version = await bring(redis, "canary", 50)
        await until(bot, version)
        first = await words_of(bot, "first")
        for percent in (90, 5):
            await bring(redis, "canary", percent)
            async with asyncio.timeout(WITHIN_S):
                while bot.services.editions.promoted[0].percent != percent:
                    await asyncio.sleep(0.01)
            assert await words_of(bot, f"at-{percent}") == first
        await take_back(redis)
        await until(bot)
        assert set((await words_of(bot, "back")).values()) == {"base"}
        await bring(redis, "canary", 100)
        await until(bot, version)
        assert set((await words_of(bot, "all")).values()) == {"canary"}


async def test_the_version_is_kept_with_the_state_and_only_where_one_is_promoted(redis: Redis) -> None:
    async with process(redis) as bot:
        await say(bot, PERSON)
        assert "edition" not in await state_of(bot)
        version = await bring(redis, "canary", 100)
        await until(bot, version)
        await remember(bot, "c2", Rated("up"))
        await say(bot, PERSON, id="t2", conversation="c2")
        assert (await state_of(bot, "c2"))["edition"] == version
        # It has heard of turns under it, and of nobody's name.
        async with asyncio.timeout(WITHIN_S):
            while await PromptVersions(redis).threads(version) != 1:
                await asyncio.sleep(0.01)


async def test_a_version_that_cannot_be_used_leaves_the_one_behind_it(redis: Redis) -> None:
    a = await bring(redis, "a", 100)
    b = await bring(redis, "b", 100)
    await PromptVersions(redis).keep(b, texts_of("b") | {"voice": "broken"})
    with capture_logs() as logged:
        async with process(redis) as bot:
            assert tuple(promoted.name for promoted in bot.services.editions.promoted) == (a,)
            assert await word_of(bot, "c1") == "a"
    (broken,) = (event for event in logged if event["event"] == "prompts.version_broken")
    assert (broken["log_level"], broken["version"]) == ("error", b)


@pytest.mark.parametrize("damage", ["text", "other", "gone", "rollout"])
async def test_whatever_is_damaged_leaves_the_version_in_git(redis: Redis, damage: str) -> None:
    version = await bring(redis, "a", 100)
    if damage == "rollout":
        await redis.set("{bot}:prompts:rollout", b'{"base": 3')
    elif damage == "gone":
        await redis.delete(f"{{bot}}:prompts:text:{version}")
    else:
        texts = texts_of("b") if damage == "other" else texts_of("a") | {"voice": "---\nfoo: ["}
        await PromptVersions(redis).keep(version, texts)
    with capture_logs() as logged:
        async with process(redis) as bot:
            assert await word_of(bot, "c1") == "base"
    errors = [event for event in logged if event["log_level"] == "error"]
    assert [event["event"] for event in errors] == [
        "prompts.rollout_broken" if damage == "rollout" else "prompts.version_broken"
    ]


async def test_a_deploy_ends_it_for_all_and_says_so(redis: Redis) -> None:
    async with process(redis) as old:
        version = await bring(redis, "canary", 100)
        await until(old, version)
        with capture_logs() as logged:
            async with process(redis, "newer") as new:
                assert await word_of(new, "c1") == "newer"
                await until(old)
        assert await word_of(old, "c2") == "base"
    assert "prompts.rollout_ended" in [event["event"] for event in logged]
    last = (await PromptVersions(redis).history())[-1]
    assert (last.what, last.version) == ("ended by a deploy", version)
    assert edition("newer").version in last.reason
    assert (await PromptVersions(redis).read()).rollout == Rollout(edition("newer").version)


async def test_a_terminal_with_other_files_ends_nothing(redis: Redis) -> None:
    version = await bring(redis, "canary", 100)
    async with process(redis) as bot, process(redis, "draft", deploys=False) as terminal:
        assert await word_of(terminal, "c1") == "draft"
        assert tuple(promoted.name for promoted in bot.services.editions.promoted) == (version,)
        assert await PromptVersions(redis).served() is not None
    assert (await PromptVersions(redis).read()).rollout != Rollout(BASE)


async def test_an_emergency_is_in_every_process_log(redis: Redis) -> None:
    await bring(redis, "canary", 20, certified=False)
    with capture_logs() as logged:
        async with process(redis), process(redis):
            pass
    assert [event["event"] for event in logged].count("prompts.emergency") == 2


async def test_of_two_changes_at_once_the_second_is_refused(redis: Redis) -> None:
    versions = PromptVersions(redis)
    before = await versions.read()
    await bring(redis, "a", 5)
    with pytest.raises(InputError, match="Somebody else"):
        await versions.change(before, Rollout(BASE), Change(1.0, "bob", "promoted", "b", 5, "x"))
    assert [change.by for change in await versions.history()] == ["ada"]


class Away(PromptVersions):
    """A Redis that is away as long as it is told to be."""

    away = False

    async def raw(self) -> bytes:
        if self.away:
            raise StateError("Redis cannot be reached.")
        return await super().raw()


async def test_while_redis_is_away_what_is_in_force_stays(redis: Redis) -> None:
    version = await bring(redis, "canary", 100)
    async with process(redis, every_s=60) as bot:
        versions = Away(redis)
        async with following(versions, bot.services, every_s=0.02):
            with capture_logs() as logged:
                versions.away = True
                await take_back(redis)
                await asyncio.sleep(0.2)
                said = [event["event"] for event in logged].count("prompts.redis_away")
                assert [promoted.name for promoted in bot.services.editions.promoted] == [version]
                versions.away = False
                await until(bot)
    assert said == 1
