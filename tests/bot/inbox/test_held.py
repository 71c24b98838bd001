"""What a process does with a job that it holds: renew, note, finish; also when Redis forgot or is full."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from structlog.testing import capture_logs

from bot.inbox import FENCE_FIELD, Inbox, Item, Job, LeaseLost, Placed, Renewed, Write
from bot.redis_ledger import PREFIX as LEDGER
from bot.redis_ledger import RedisLedger
from evals.bench.serving import free_port
from graph.errors import StateError
from graph.records.codec import to_line
from graph.state_store import open_state
from tests.bot.inbox.filling import THREAD, boxed, expire, message, names, put, take, wait
from tests.graph.records.samples import turn

ANSWER = json.dumps({"turn": "a", "thread": THREAD, "asker": "U1"})


@pytest.fixture
async def job(inbox: Inbox) -> Job:
    """A job of one message, just taken."""
    placed = await put(inbox, "a")
    assert placed.job is not None
    return placed.job


@pytest.fixture
async def full(request: pytest.FixtureRequest) -> AsyncIterator[Redis]:
    """A real server, whose memory a test may say is used up."""
    async with open_state(request.getfixturevalue("redis_server")) as client:
        await client.flushdb()
        yield client
        await client.config_set("maxmemory", 0)


async def test_a_renewed_lease_lasts_from_when_it_was_asked_for(inbox: Inbox, job: Job, redis: Redis) -> None:
    before = time.monotonic()
    await expire(redis)
    lease = (await inbox.renew([job])).leases[THREAD]
    assert before + 30 <= lease.until <= time.monotonic() + 30
    assert job.leased(lease).lease_until == lease.until
    assert await inbox.take() is None


async def test_a_lease_of_the_job_before_changes_nothing(inbox: Inbox, job: Job) -> None:
    """A renewal that was under way when the thread's next job began."""
    lease = (await inbox.renew([job])).leases[THREAD]
    await put(inbox, "b")
    following = (await inbox.finish(job)).next
    assert following is not None
    assert following.leased(lease) == following


async def test_renewing_nothing_still_sees_a_flush(inbox: Inbox, redis: Redis) -> None:
    assert await inbox.renew([]) == Renewed({}, frozenset())
    assert await inbox.held_for() is None
    await redis.flushdb()
    await inbox.renew([])
    assert await inbox.held_for() is not None


async def test_every_process_sees_a_flush(inbox: Inbox, other: Inbox, redis: Redis) -> None:
    """Also the one that looks after another has said so."""
    await redis.flushdb()
    with capture_logs() as logs:
        await inbox.beat()
        await other.beat()
        await inbox.beat()
    assert [entry["event"] for entry in logs] == ["inbox.flushed"] * 2


async def test_a_job_that_redis_lost_is_written_back(
    inbox: Inbox, other: Inbox, redis: Redis, job: Job
) -> None:
    """With what it answers, what was noted and what was seen; its fence still holds, and still rises."""
    noted = await inbox.note(await inbox.begin(job), posts=["5.0"], how="stream")
    await redis.flushdb()
    renewed = await inbox.renew([noted])
    assert renewed.leases[THREAD].restored
    assert (await put(other, "a")).outcome == "seen"
    assert (await put(other, "b")).job is None
    await expire(redis)
    taken = await take(other)
    assert (names(taken), taken.begun, taken.posts, taken.notes) == (["a"], True, ("5.0",), {"how": "stream"})
    assert taken.deliveries == 2
    assert taken.fence > noted.fence


@pytest.mark.parametrize("step", ["begin", "note", "finish", "retry"])
async def test_no_step_of_a_held_job_is_lost_in_a_flush(
    inbox: Inbox, redis: Redis, job: Job, step: str
) -> None:
    await redis.flushdb()
    match step:
        case "begin":
            assert (await inbox.begin(job)).begun
        case "note":
            assert (await inbox.note(job, posts=["1.0"])).posts == ("1.0",)
        case "finish":
            assert (await inbox.finish(job)).next is None
            assert await redis.zcard("{bot}:due") == 0
        case _:
            await inbox.retry(job, 0)
            assert (await take(inbox)).deliveries == 2


async def test_what_is_written_back_is_in_no_box_as_well(inbox: Inbox, redis: Redis, job: Job) -> None:
    """Slack may have sent it again meanwhile; the rest of the box stays."""
    await redis.flushdb()
    await wait(inbox, "a", "b")
    renewed = await inbox.renew([job])
    assert renewed.leases[THREAD].restored
    await inbox.lift_hold()
    following = (await inbox.finish(job)).next
    assert following is not None
    assert names(following) == ["b"]


async def test_a_thread_that_has_another_job_is_lost(
    inbox: Inbox, other: Inbox, redis: Redis, job: Job
) -> None:
    await redis.flushdb()
    await other.beat()
    await other.lift_hold()
    assert (await put(other, "a")).job is not None
    assert await inbox.renew([job]) == Renewed({}, frozenset({THREAD}))
    with pytest.raises(LeaseLost):
        await inbox.begin(job)


async def test_a_job_is_not_written_back_once_its_lease_is_over(redis: Redis) -> None:
    """Another process may have finished it: only while the lease lasts can the server be what lost it."""
    slow, quick = Inbox(redis, process="slow", lease_s=0.02), Inbox(redis, process="quick")
    await slow.open()
    job = (await put(slow, "a")).job
    assert job is not None
    await asyncio.sleep(0.03)
    await quick.finish(await take(quick))
    assert (await slow.renew([job])).lost == {THREAD}
    with pytest.raises(LeaseLost):
        await slow.finish(job)
    assert await quick.take() is None


async def test_a_renewal_under_way_does_not_bring_back_a_finished_job(
    inbox: Inbox, redis: Redis, job: Job
) -> None:
    """Nor does it call it lost."""
    for _ in range(20):
        _, renewed = await asyncio.gather(inbox.finish(job), inbox.renew([job]))
        assert renewed.lost == frozenset()
        assert await redis.exists(job.fence_key) == 0
        await put(inbox, "b", take=False)
        await redis.delete("{bot}:seen:e:b", "{bot}:seen:m:b")
        job = await take(inbox)


async def test_a_finish_that_is_sent_again_changes_nothing_more(inbox: Inbox, redis: Redis, job: Job) -> None:
    """Its reply may have been lost on the way."""
    write: Write = ("zadd", "{bot}:x", 1.0, "a")
    assert (await inbox.finish(job, writes=[write])).next is None
    assert (await inbox.finish(job, writes=[write])).next is None
    assert await redis.zcard("{bot}:due") == 0
    assert await inbox.take() is None


async def test_the_fence_key_holds_the_fence_as_long_as_the_job_is_held(
    inbox: Inbox, redis: Redis, job: Job
) -> None:
    assert await redis.hget(job.fence_key, FENCE_FIELD) == str(job.fence).encode()
    await inbox.release(job)
    assert await redis.hget(job.fence_key, FENCE_FIELD) == b""


async def test_finish_writes_the_record_in_the_same_step(inbox: Inbox, redis: Redis, job: Job) -> None:
    """As the ledger's own write would have left it."""
    record = turn("a", received_at=time.time())
    expires = int((record.received_at + 1000) * 1000)
    writes: list[Write] = [
        ("set", f"{LEDGER}turn:a", to_line(record), expires),
        ("zadd", f"{LEDGER}turns", record.received_at, "a"),
        ("zadd", f"{LEDGER}turns", 1.0, "old"),
        ("zremrangebyscore", f"{LEDGER}turns", 2.0),
    ]
    assert (await inbox.finish(job, writes=writes)).writes_kept
    assert await RedisLedger(redis).turns() == (record,)
    assert await redis.zrange(f"{LEDGER}turns", 0, -1) == [b"a"]
    assert 990 < await redis.ttl(f"{LEDGER}turn:a") <= 1000


async def test_nothing_is_written_for_a_lost_job(inbox: Inbox, other: Inbox, redis: Redis, job: Job) -> None:
    await expire(redis)
    await take(other)
    with pytest.raises(LeaseLost):
        await inbox.finish(job, writes=[("zadd", "{bot}:x", 1.0, "a")], answers={"C1:5.0": ANSWER}, dead="x")
    assert await redis.exists("{bot}:x", "{bot}:answer:C1:5.0", "{bot}:dead") == 0


async def test_a_rating_finds_the_thread_of_its_answer(inbox: Inbox, redis: Redis, job: Job) -> None:
    """Noted at once or at the end; what is no answer stays where it was said to be."""
    assert await inbox.answer("C1:5.0") is None
    await inbox.note(job, answers={"C1:5.0": ANSWER})
    assert await inbox.answer("C1:5.0") == json.loads(ANSWER)
    rating = Item("r", "reaction", {})
    assert await inbox.put("elsewhere", rating, keys=["r"], resolve="C1:5.0") == Placed("new", THREAD)
    assert await boxed(redis) == 1
    placed = await inbox.put("elsewhere", rating, keys=["q"], resolve="C1:6.0", only_if_known=True)
    assert placed == Placed("unknown", "elsewhere")


@pytest.mark.parametrize("noted", ["note", "finish", "remember_answer"])
async def test_an_early_rating_is_kept_until_its_answer_is_known(
    inbox: Inbox, redis: Redis, job: Job, noted: str
) -> None:
    rating = Item("r", "reaction", {})
    assert (await inbox.keep_early("C1:5.0", rating, keys=["r"])).outcome == "unknown"
    assert (await inbox.keep_early("C1:5.0", rating, keys=["r"])).outcome == "seen"
    match noted:
        case "note":
            await inbox.note(job, answers={"C1:5.0": ANSWER})
            following = (await inbox.finish(job)).next
        case "finish":
            following = (await inbox.finish(job, answers={"C1:5.0": ANSWER})).next
        case _:
            await inbox.finish(job)
            await inbox.remember_answer("C1:5.0", ANSWER)
            following = await inbox.take()
    assert following is not None
    assert names(following) == ["r"]
    assert await redis.exists("{bot}:early:C1:5.0") == 0


async def test_a_rating_that_is_no_longer_early_goes_to_its_thread(inbox: Inbox, job: Job) -> None:
    """Its answer became known between the put that did not know it and this call."""
    await inbox.finish(job, answers={"C1:5.0": ANSWER})
    assert await inbox.keep_early("C1:5.0", Item("r", "reaction", {}), keys=["r"]) == Placed("new", THREAD)
    assert names(await take(inbox)) == ["r"]


async def test_everything_has_an_end(inbox: Inbox, redis: Redis, job: Job) -> None:
    """Keys that are read only by chance expire: a day, the days to keep, a quarter of an hour."""
    await inbox.keep_early("C1:6.0", message("r"))
    await inbox.finish(job, answers={"C1:5.0": ANSWER}, dead="x")
    day = 24 * 3600
    bounds = {"seen:e:a": day, f"known:{THREAD}": 30 * day, "answer:C1:5.0": 30 * day, "dead": 30 * day}
    for name, seconds in (bounds | {"early:C1:6.0": 900}).items():
        assert seconds - 60 < await redis.ttl("{bot}:" + name) <= seconds


async def test_out_of_memory_the_record_gives_way_and_the_queue_drains(full: Redis) -> None:
    """Nothing new is taken in, and nothing of it is half done; what was taken in is answered."""
    inbox = Inbox(full, process="one")
    await inbox.open()
    await wait(inbox, "a")
    await wait(inbox, "b", thread="t2")
    await full.config_set("maxmemory", 1)
    with pytest.raises(StateError, match="out of memory"):
        await put(inbox, "c")
    job = await inbox.note(await inbox.begin(await take(inbox)), posts=["5.0"])
    assert (await inbox.renew([job])).leases
    done = await inbox.finish(
        job, writes=[("set", "{bot}:x", "v", 9_999_999_999_999)], answers={"C1:5.0": ANSWER}
    )
    assert not done.writes_kept
    assert await full.exists("{bot}:x", job.fence_key) == 0
    assert await inbox.answer("C1:5.0") is not None
    await inbox.retry(await take(inbox), 0)
    assert names(await take(inbox)) == ["b"]


async def test_a_server_that_forgot_the_scripts_is_given_them_again(
    inbox: Inbox, redis: Redis, job: Job
) -> None:
    await redis.script_flush()
    assert (await inbox.begin(job)).begun


async def test_a_server_that_is_away_is_a_state_error() -> None:
    redis = Redis(port=free_port(), retry=Retry(NoBackoff(), 0))
    inbox = Inbox(redis, process="one")
    for call in (inbox.open(), put(inbox, "a"), inbox.take(), inbox.renew([]), inbox.answer("C1:5.0")):
        with pytest.raises(StateError, match="cannot be reached"):
            await call
    await redis.aclose()
