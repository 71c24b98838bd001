"""The limiter: what Slack allows, shared by every process, by Redis's clock, and never in an answer's way."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from fakeredis import FakeAsyncRedis, FakeServer
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.slack.limiter import APPEND, DOCUMENTED, POST, START, STOP, UPDATE, Limiter, Rates
from tests.redis_server import give_up, redis_executable, start_redis

Opens = Callable[..., Limiter]
SLOW = dict.fromkeys((START, STOP, UPDATE, POST, APPEND), 1.0)
"""One a minute: nothing comes back within a test."""


@pytest.fixture(params=["fakeredis", "redis"])
async def redis(request: pytest.FixtureRequest) -> AsyncIterator[Redis]:
    client: Redis = FakeAsyncRedis()
    if request.param == "redis":
        client = Redis.from_url(request.getfixturevalue("redis_server"))
        await client.flushdb()
    yield client
    await client.aclose()


@pytest.fixture
def opens(redis: Redis) -> Opens:
    """Makes the limiter of one more process."""

    def make(per_minute: dict[str, float] | None = None, burst: float = 1.0) -> Limiter:
        return Limiter(redis, rates=Rates(SLOW if per_minute is None else per_minute, burst=burst))

    return make


def test_the_documented_rates_are_slacks() -> None:
    assert DOCUMENTED[START] == DOCUMENTED[STOP] == 20
    assert DOCUMENTED[APPEND] == 100


async def test_a_token_is_there_until_it_is_taken(opens: Opens) -> None:
    limiter = opens()
    assert await limiter.take("T1", APPEND) == 0.0
    assert 50 < await limiter.take("T1", APPEND) <= 60


async def test_two_processes_share_a_workspaces_tokens(opens: Opens) -> None:
    one, other = opens({**SLOW, APPEND: 3}), opens({**SLOW, APPEND: 3})
    taken = [await limiter.take("T1", APPEND) for limiter in (one, other, one, other)]
    assert taken[:3] == [0.0, 0.0, 0.0]
    assert taken[3] > 10


async def test_workspaces_and_methods_have_tokens_of_their_own(opens: Opens) -> None:
    limiter = opens()
    assert await limiter.take("T1", APPEND) == 0.0
    assert await limiter.take("T2", APPEND) == 0.0
    assert await limiter.take("T1", UPDATE) == 0.0


async def test_a_refused_take_takes_nothing(opens: Opens) -> None:
    limiter = opens({POST: 2.0})
    assert await limiter.take("T1", POST, "C1") == 0.0
    assert await limiter.take("T1", POST, "C1") > 0  # the channel has none, the workspace has
    assert await limiter.take("T1", POST, "C2") == 0.0
    assert await limiter.take("T1", POST, "C3") > 0  # the workspace has none


async def test_the_channel_counts_for_posting_alone(opens: Opens) -> None:
    limiter = opens({APPEND: 2.0})
    assert await limiter.take("T1", APPEND, "C1") == 0.0
    assert await limiter.take("T1", APPEND, "C1") == 0.0


async def test_tokens_come_back_at_the_rate(opens: Opens) -> None:
    limiter = opens({APPEND: 600}, burst=1 / 600)
    assert await limiter.take("T1", APPEND) == 0.0
    seconds = await limiter.take("T1", APPEND)
    assert 0.02 < seconds <= 0.1
    await asyncio.sleep(seconds)
    assert await limiter.take("T1", APPEND) == 0.0
    assert await limiter.take("T1", APPEND) > 0


async def test_no_more_than_the_burst_is_saved_up(opens: Opens) -> None:
    limiter = opens({APPEND: 6000}, burst=2 / 6000)
    await limiter.take("T1", APPEND)
    await asyncio.sleep(0.06)  # six tokens' time
    free = [await limiter.take("T1", APPEND) == 0.0 for _ in range(2)]
    assert free == [True, True]


async def test_a_burst_is_a_part_of_a_minutes_calls(opens: Opens) -> None:
    limiter = opens({APPEND: 10}, burst=0.5)
    taken = [await limiter.take("T1", APPEND) for _ in range(6)]
    assert taken[:5] == [0.0] * 5
    assert 5 < taken[5] <= 6


async def test_the_seconds_to_wait_do_not_run_out_too_early(opens: Opens) -> None:
    limiter = opens({APPEND: 1200}, burst=1 / 1200)
    for _ in range(5):
        await limiter.take("T1", APPEND)
        await asyncio.sleep(await limiter.take("T1", APPEND))
        assert await limiter.take("T1", APPEND) == 0.0


async def test_waiting_ends_with_a_token(opens: Opens) -> None:
    limiter = opens({APPEND: 600}, burst=1 / 600)
    started = time.monotonic()
    waited = await asyncio.gather(*(limiter.wait("T1", APPEND, at_most=5) for _ in range(4)))
    assert waited == [True] * 4
    assert time.monotonic() - started > 0.25


async def test_waiting_in_vain_is_not_begun(opens: Opens) -> None:
    limiter = opens()
    started = time.monotonic()
    assert await limiter.wait("T1", APPEND, at_most=0.0)
    assert not await limiter.wait("T1", APPEND, at_most=5.0)
    assert time.monotonic() - started < 1


async def test_an_answer_streams_while_a_start_and_a_stop_are_there(opens: Opens) -> None:
    limiter = opens({START: 5, STOP: 2, UPDATE: 1, POST: 5})
    chosen = [await limiter.choose("T1", f"C{number}") for number in range(5)]
    assert chosen == ["stream", "stream", "edit", "whole", "whole"]


async def test_choosing_takes_the_stop_with_the_start(opens: Opens) -> None:
    limiter = opens({START: 2, STOP: 2})
    assert await limiter.choose("T1", "C1") == "stream"
    assert await limiter.take("T1", STOP) == 0.0
    assert await limiter.take("T1", STOP) > 0
    assert await limiter.take("T1", START) == 0.0  # was not taken by the choice below
    assert await limiter.choose("T1", "C1") != "stream"


async def test_an_edit_needs_the_channel_and_the_update(opens: Opens) -> None:
    limiter = opens({START: 1, STOP: 1, UPDATE: 9, POST: 9})
    ways = [await limiter.choose("T1", "C1") for _ in range(3)]
    assert ways == ["stream", "edit", "whole"]
    assert await limiter.choose("T1", "C2") == "edit"


async def test_a_whole_answer_takes_nothing(opens: Opens) -> None:
    limiter = opens({START: 1, STOP: 1, UPDATE: 1, POST: 9})
    ways = [await limiter.choose("T1", f"C{number}") for number in range(12)]
    assert ways == ["stream", "edit", *["whole"] * 10]
    assert [await limiter.take("T1", POST, f"D{number}") for number in range(8)] == [0.0] * 8


async def test_a_hundred_at_once_never_get_more_than_there_is(opens: Opens) -> None:
    rates = {START: 20, STOP: 20, UPDATE: 30, POST: 60}
    limiters = [opens(rates) for _ in range(4)]
    choices = (limiters[number % 4].choose("T1", f"C{number}") for number in range(100))
    assert Counter(await asyncio.gather(*choices)) == {"stream": 20, "edit": 30, "whole": 50}


async def test_what_slack_refused_is_closed_for_everybody(opens: Opens) -> None:
    one, other = opens({APPEND: 1000}), opens({APPEND: 1000})
    await one.blocked("T1", APPEND, 0.2)
    assert 0.1 < await other.take("T1", APPEND) <= 0.2
    await asyncio.sleep(0.2)
    assert await other.take("T1", APPEND) == 0.0
    assert await one.take("T1", APPEND) > 0  # empty, and filling from there


async def test_a_shorter_wait_does_not_open_what_is_closed_for_longer(opens: Opens) -> None:
    limiter = opens({APPEND: 1000})
    await limiter.blocked("T1", APPEND, 30)
    await limiter.blocked("T1", APPEND, 1)
    assert 29 < await limiter.take("T1", APPEND) <= 30


async def test_a_long_block_is_not_forgotten_on_the_way(opens: Opens, redis: Redis) -> None:
    await opens({APPEND: 6000}, burst=1 / 6000).blocked("T1", APPEND, 60)
    assert await redis.pttl("{bot}:limit:T1:chat.appendStream") >= 60_000


async def test_a_refused_post_closes_its_channel_only(opens: Opens) -> None:
    limiter = opens({POST: 100})
    await limiter.blocked("T1", POST, 30, "C1")
    assert await limiter.take("T1", POST, "C1") > 29
    assert await limiter.take("T1", POST, "C2") == 0.0


async def test_a_blocked_start_makes_answers_edits(opens: Opens) -> None:
    limiter = opens({START: 20, STOP: 20, UPDATE: 50, POST: 60})
    await limiter.blocked("T1", START, 30, "C1")
    assert await limiter.choose("T1", "C1") == "edit"


async def test_keys_go_when_a_bucket_is_full_again(opens: Opens, redis: Redis) -> None:
    await opens({APPEND: 60}).take("T1", APPEND)
    keys = await redis.keys("*")
    assert keys == [b"{bot}:limit:T1:chat.appendStream"]
    assert 60_000 <= await redis.pttl(keys[0]) <= 62_000


async def test_without_limits_redis_is_not_asked(redis: Redis) -> None:
    limiter = Limiter(redis, rates=Rates(SLOW, unlimited=True))
    assert [await limiter.take("T1", APPEND) for _ in range(50)] == [0.0] * 50
    assert {await limiter.choose("T1", "C1") for _ in range(50)} == {"stream"}
    assert await redis.keys("*") == []


async def test_without_limits_what_slack_refused_still_waits(redis: Redis) -> None:
    limiter = Limiter(redis, rates=Rates(unlimited=True))
    await limiter.blocked("T1", START, 0.1)
    assert await limiter.choose("T1", "C1") == "edit"
    await limiter.blocked("T1", POST, 0.1, "C1")
    assert await limiter.choose("T1", "C1") == "whole"
    assert 0 < await limiter.take("T1", START) <= 0.1
    assert await redis.hexists("{bot}:limit:T1:chat.startStream", "closed")
    await asyncio.sleep(0.11)
    assert await limiter.choose("T1", "C1") == "stream"


async def test_the_clock_is_that_of_redis(redis: Redis, opens: Opens) -> None:
    limiter = opens({APPEND: 60}, burst=1 / 60)
    assert await limiter.take("T1", APPEND) == 0.0
    seconds, _ = await redis.time()
    kept = float((await redis.hget("{bot}:limit:T1:chat.appendStream", "at")) or 0)
    assert abs(kept / 1000 - seconds) < 2
    # Another machine's clock, ahead of this one, would have written a later time: nothing flows back.
    await redis.hset("{bot}:limit:T1:chat.appendStream", "at", str(kept + 5_000))
    assert 0.9 < await limiter.take("T1", APPEND) <= 1.0


async def test_a_redis_that_is_gone_is_stood_in_for_and_said_once(tmp_path: Path) -> None:
    executable = redis_executable()
    if executable is None:
        give_up()
    server, port = start_redis(executable, tmp_path)
    redis = Redis(port=port)
    limiter = Limiter(redis, rates=Rates({APPEND: 2.0}))
    try:
        assert await limiter.take("T1", APPEND) == 0.0
    finally:
        server.kill()
        server.wait(10)
    with capture_logs() as logs:
        taken = [await limiter.take("T1", APPEND) for _ in range(4)]
        await limiter.blocked("T1", UPDATE, 30)
    assert taken[:2] == [0.0, 0.0]
    assert taken[2] > 0
    assert await limiter.take("T1", UPDATE) > 29
    assert [entry["event"] for entry in logs] == ["limiter.local"]
    await redis.aclose()


async def test_a_redis_that_hangs_holds_up_one_answer_for_a_moment_only() -> None:
    # It is connected to, and never accepts.
    with socket.create_server(("127.0.0.1", 0)) as server:
        redis = Redis(port=server.getsockname()[1])
        limiter = Limiter(redis, redis_answers_s=0.2)
        started = time.monotonic()
        assert [await limiter.choose("T1", f"C{number}") for number in range(5)] == ["stream"] * 5
        assert 0.19 < time.monotonic() - started < 0.9
        await redis.aclose()


async def test_a_redis_that_is_back_is_asked_again() -> None:
    server = FakeServer()
    redis = FakeAsyncRedis(server=server)
    limiter = Limiter(redis, rates=Rates({APPEND: 1.0}))
    server.connected = False
    assert await limiter.take("T1", APPEND) == 0.0
    server.connected = True
    limiter._asks_again = 0.0
    with capture_logs() as logs:
        assert await limiter.take("T1", APPEND) == 0.0
        assert await limiter.take("T1", APPEND) > 0
    assert [entry["event"] for entry in logs] == ["limiter.shared"]
    await redis.aclose()


@pytest.mark.parametrize("wrong", [{"burst": 0}, {"per_channel": 0}, {"per_minute": {APPEND: 0}}])
def test_a_rate_of_nothing_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Rates(**wrong)  # type: ignore[arg-type]
