"""Putting items in and handing them out: each once, in order, to one process at a time."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.inbox import Finished, Inbox, Item, Job, LeaseLost, Placed
from tests.bot.inbox.filling import THREAD, boxed, expire, message, names, put, take, wait


async def test_a_message_for_an_idle_thread_comes_back_as_a_job(inbox: Inbox) -> None:
    placed = await put(inbox, "a")
    assert placed.outcome == "new"
    assert placed.job is not None
    assert (placed.job.turn, names(placed.job), placed.job.deliveries) == ("a", ["a"], 1)
    assert placed.job.members[0].keys == ("e:a", "m:a")
    assert await inbox.take() is None


async def test_a_message_behind_a_job_waits_for_its_end(inbox: Inbox) -> None:
    first = (await put(inbox, "a")).job
    assert first is not None
    assert (await put(inbox, "b")).job is None
    following = (await inbox.finish(first)).next
    assert following is not None
    assert names(following) == ["b"]
    assert following.fence > first.fence


async def test_without_take_it_waits_for_whoever_takes(inbox: Inbox, other: Inbox) -> None:
    await wait(inbox, "a")
    assert names(await take(other)) == ["a"]


@pytest.mark.parametrize("again", [["e:a"], ["e:2", "m:a"]])
async def test_an_item_is_taken_in_once_for_all_its_keys(
    inbox: Inbox, redis: Redis, again: list[str]
) -> None:
    """After any one of the keys was seen, all that came with it are."""
    await put(inbox, "a", take=False)
    assert (await inbox.put(THREAD, message("a"), keys=again)).outcome == "seen"
    assert (await inbox.put(THREAD, message("a"), keys=again[:1])).outcome == "seen"
    assert await boxed(redis) == 1


async def test_only_if_known_leaves_strange_threads_alone(inbox: Inbox) -> None:
    """And sets no key, so that the same message may yet come as a mention."""
    unknown = await inbox.put(THREAD, message("a"), keys=["m:a"], only_if_known=True)
    assert unknown == Placed("unknown", THREAD)
    job = (await inbox.put(THREAD, message("a"), keys=["m:a"])).job
    assert job is not None
    await inbox.finish(job)
    assert (await inbox.put(THREAD, message("b"), keys=["m:b"], only_if_known=True)).job is not None


async def test_a_message_that_comes_again_with_files_replaces_the_bare_one(inbox: Inbox) -> None:
    """Waiting or frozen, but not once it has begun, and only from bare to files."""
    await wait(inbox, "a")
    full = message("a", files=["F1"])
    assert (await inbox.put(THREAD, full, keys=["e:2", "m:a"])).outcome == "replaced"
    assert (await inbox.put(THREAD, message("a"), keys=["m:a"])).outcome == "seen"
    job = await take(inbox)
    assert job.members[0].body["files"] == ["F1"]
    await wait(inbox, "b")
    following = (await inbox.finish(job)).next
    assert following is not None
    assert (await inbox.put(THREAD, message("b", files=["F2"]), keys=["m:b"])).outcome == "replaced"
    begun = await inbox.begin(following)
    assert (begun.members[0].body["files"], begun.revision) == (["F2"], 1)
    assert (await inbox.put(THREAD, message("b", files=["F3"]), keys=["m:b"])).outcome == "seen"


async def test_waiting_messages_are_frozen_as_one_turn(inbox: Inbox) -> None:
    """At most ten; what comes later waits, and a retry gets the identical set."""
    await wait(inbox, *map(str, range(12)))
    job = await take(inbox)
    assert names(job) == [str(number) for number in range(10)]
    await inbox.release(job)
    assert names(await take(inbox)) == names(job)
    following = (await inbox.finish(await again(inbox))).next
    assert following is not None
    assert names(following) == ["10", "11"]


async def again(inbox: Inbox) -> Job:
    """Let the lease be over and take the job anew."""
    await expire(inbox._redis)
    return await take(inbox)


async def test_the_size_of_a_turn_is_bounded(redis: Redis) -> None:
    """By the text of its items; a single one of any size makes a turn."""
    inbox = Inbox(redis, process="one", most_bytes=500)
    await inbox.open()
    for name, size in (("a", 900), ("b", 10), ("c", 10), ("d", 600)):
        await inbox.put(THREAD, message(name, "x" * size), keys=[name], take=False)
    turns = []
    job: Job | None = await take(inbox)
    while job:
        turns.append(names(job))
        job = (await inbox.finish(job)).next
    assert turns == [["a"], ["b", "c"], ["d"]]


async def test_what_stands_alone_is_never_merged(inbox: Inbox) -> None:
    items = [message("a"), message("b", alone=True), message("c"), Item("d", "reaction", {}), message("e")]
    for item in items:
        await inbox.put(THREAD, item, keys=[item.id], take=False)
    turns = []
    job: Job | None = await take(inbox)
    while job:
        turns.append(names(job))
        job = (await inbox.finish(job)).next
    assert turns == [["a"], ["b"], ["c"], ["d"], ["e"]]


async def test_an_item_comes_out_as_it_went_in(inbox: Inbox) -> None:
    """Tabs, line breaks, empty lists, half a surrogate pair and all."""
    item = Item(
        'a\t\n"\\', "message", {"text": "tab\tline\n\ud83d", "none": [], "map": {}, "n": 1.5}, keys=("k",)
    )
    placed = await inbox.put(THREAD, item, keys=["k"])
    assert placed.job is not None
    assert (placed.job.members, placed.job.turn) == ((item,), item.id)


async def test_threads_are_taken_oldest_first_and_side_by_side(inbox: Inbox, redis: Redis) -> None:
    for number in (3, 1, 2):
        await wait(inbox, f"m{number}", thread=f"t{number}")
        await redis.zadd("{bot}:due", {f"t{number}": number})
    assert [(await take(inbox)).thread for _ in range(3)] == ["t1", "t2", "t3"]


async def test_a_job_whose_process_died_is_handed_out_again(inbox: Inbox, other: Inbox, redis: Redis) -> None:
    """With the same items, and what was noted so far; the dead one's fence holds no longer."""
    await wait(inbox, "a", "b")
    dead = await inbox.note(await inbox.begin(await take(inbox)), posts=["5.0"], how="stream")
    assert await other.take() is None
    await expire(redis)
    job = await take(other)
    assert (names(job), job.deliveries, job.begun) == (["a", "b"], 2, True)
    assert (job.posts, job.notes) == (("5.0",), {"how": "stream"})
    assert (await inbox.renew([dead])).lost == {THREAD}
    for done in (
        inbox.begin(dead),
        inbox.note(dead),
        inbox.finish(dead),
        inbox.retry(dead, 1),
        inbox.release(dead),
    ):
        with pytest.raises(LeaseLost, match="not this process"):
            await done
    assert names(await other.begin(job)) == ["a", "b"]


async def test_from_the_third_delivery_a_set_is_split(inbox: Inbox, redis: Redis) -> None:
    """The first stays; the others go back to the head of the box, in order."""
    await wait(inbox, "a", "b", "c")
    await take(inbox)
    await wait(inbox, "d")
    assert names(await again(inbox)) == ["a", "b", "c"]
    third = await again(inbox)
    assert names(third) == ["a"]
    following = (await inbox.finish(third)).next
    assert following is not None
    assert (names(following), following.deliveries) == (["b", "c", "d"], 1)


async def test_a_poison_item_is_dead_after_five_deliveries(inbox: Inbox, redis: Redis) -> None:
    """Its holder may say sorry; three more deliveries, and it is put away without one."""
    await wait(inbox, "a")
    dead = [(await take(inbox)).dead] + [(await again(inbox)).dead for _ in range(7)]
    assert dead == [False] * 5 + [True] * 3
    await wait(inbox, "b", thread="t2")
    await wait(inbox, "c")
    await expire(redis)
    await redis.zadd("{bot}:due", {"t2": 2})
    assert names(await take(inbox)) == ["b"]
    assert names(await take(inbox)) == ["c"]
    assert await dead_letters(redis) == [("handed out too often", THREAD, "a")]


async def test_a_dead_job_is_finished_with_its_reason(inbox: Inbox, redis: Redis) -> None:
    job = (await put(inbox, "a")).job
    assert job is not None
    assert await inbox.finish(job, dead='no "route"') == Finished(None)
    assert await dead_letters(redis) == [('no "route"', THREAD, "a")]
    assert (await inbox.stats()).dead == 1


async def dead_letters(redis: Redis) -> list[tuple[str, str, str]]:
    """Read the dead list: why, thread, item id."""
    reply: Any = redis.lrange("{bot}:dead", 0, -1)
    entries = [json.loads(line) for line in await reply]
    return [(entry["why"], entry["thread"], entry["item"]["id"]) for entry in entries]


async def test_an_edit_before_the_job_begins_changes_the_item(inbox: Inbox) -> None:
    """In the box and in the frozen set; afterwards it is too late, and before any of it, unknown."""
    edited = message("a", "new")
    assert await inbox.edit(THREAD, "a", edited, keys=["e1"]) == Placed("unknown", THREAD)
    await wait(inbox, "a", "b")
    assert (await inbox.edit(THREAD, "a", edited, keys=["e1"])).outcome == "replaced"
    assert (await inbox.edit(THREAD, "a", message("a", "newer"), keys=["e1"])).outcome == "seen"
    job = await take(inbox)
    assert [item.body["text"] for item in job.members] == ["new", "hi"]
    assert (await inbox.edit(THREAD, "b", message("b", "late"), keys=["e2"])).outcome == "replaced"
    begun = await inbox.begin(job)
    assert ([item.body["text"] for item in begun.members], begun.revision) == (["new", "late"], 1)
    assert (await inbox.edit(THREAD, "b", message("b"), keys=["e3"])).outcome == "too_late"
    assert (await inbox.edit(THREAD, "b", None, keys=["e4"])).outcome == "too_late"


async def test_a_deletion_takes_the_item_out(inbox: Inbox, redis: Redis) -> None:
    """A thread with nothing left is idle; a frozen set with nothing left is a job without items."""
    await wait(inbox, "a")
    assert (await inbox.edit(THREAD, "a", None, keys=["d1"])).outcome == "removed"
    assert await redis.zcard("{bot}:due") == 0
    job = (await put(inbox, "b")).job
    assert job is not None
    assert (await inbox.edit(THREAD, "b", None, keys=["d2"])).outcome == "removed"
    emptied = await inbox.begin(job)
    assert (emptied.members, emptied.turn) == ((), "b")
    assert await inbox.finish(emptied) == Finished(None)


async def test_stop_reaches_whoever_holds_the_job(inbox: Inbox, other: Inbox) -> None:
    """By the next renewal or note; without a job, and for keys seen before, there is nothing to stop."""
    assert not await other.stop(THREAD, "U1", keys=["s1"])
    job = (await put(inbox, "a")).job
    assert job is not None
    assert await other.stop(THREAD, "U1", keys=["s1"])
    assert (await inbox.renew([job])).leases[THREAD].stop == "U1"
    assert (await inbox.note(job)).stop == "U1"
    await put(inbox, "b")
    following = (await inbox.finish(job)).next
    assert following is not None
    assert not await other.stop(THREAD, "U1", keys=["s1"])
    assert (await inbox.begin(following)).stop is None


async def test_a_retry_waits_and_keeps_the_order(inbox: Inbox, redis: Redis) -> None:
    job = (await put(inbox, "a")).job
    assert job is not None
    await inbox.retry(job, 60)
    assert (await put(inbox, "b")).job is None
    assert await inbox.take() is None
    with pytest.raises(LeaseLost):
        await inbox.begin(job)
    await expire(redis)
    retried = await take(inbox)
    assert (names(retried), retried.deliveries) == (["a"], 2)


async def test_a_released_job_is_ready_and_counts_no_delivery(inbox: Inbox, other: Inbox) -> None:
    job = (await put(inbox, "a")).job
    assert job is not None
    await inbox.release(job)
    taken = await take(other)
    assert (names(taken), taken.deliveries) == (["a"], 1)
    with pytest.raises(LeaseLost):
        await inbox.finish(job)


async def test_stats_count_what_is_where(inbox: Inbox, redis: Redis) -> None:
    await wait(inbox, "a", "b", thread="ready")
    await put(inbox, "c", thread="leased")
    await put(inbox, "d", thread="leased")
    delayed = (await put(inbox, "e", thread="delayed")).job
    assert delayed is not None
    await inbox.retry(delayed, 60)
    found = await inbox.stats()
    assert (found.waiting, found.ready, found.leased, found.delayed, found.dead) == (3, 1, 1, 1, 0)
    seconds, _ = await redis.time()
    await inbox.put("old", Item("f", "message", {}, received_at=seconds - 90), keys=["f"], take=False)
    assert 89 <= (await inbox.stats()).oldest_waiting_s <= 92


async def test_processes_are_counted_while_they_beat(inbox: Inbox, other: Inbox, redis: Redis) -> None:
    assert await inbox.beat() == 1
    assert await other.beat() == 2
    await redis.zincrby("{bot}:workers", -61_000, "two")
    assert await inbox.workers() == 1
    await inbox.leave()
    assert await inbox.workers() == 0


async def test_opening_mends_threads_that_nobody_would_look_into(inbox: Inbox, redis: Redis) -> None:
    """What is ready can be taken at once; a job waits out whoever may hold it."""
    await wait(inbox, "a", thread="boxed")
    await put(inbox, "b", thread="held")
    await redis.delete("{bot}:due")
    await inbox.open()
    assert names(await take(inbox)) == ["a"]
    assert await inbox.take() is None
    await expire(redis, "held")
    assert names(await take(inbox)) == ["b"]


async def test_a_thread_with_nothing_in_it_is_passed_over(inbox: Inbox, redis: Redis) -> None:
    await redis.zadd("{bot}:due", {"empty": 1})
    await wait(inbox, "a")
    assert names(await take(inbox)) == ["a"]
    assert await redis.zscore("{bot}:due", "empty") is None


async def test_what_waits_is_kept_in_the_order_in_which_it_was_said(inbox: Inbox) -> None:
    """Two connections do not keep it; what has no time goes to the end."""
    said = {"0": 50.0, "1": 100.0, "3": 300.0, "2": 200.5, "9": 0.0, "4": 400.0}
    for name, at in said.items():
        await inbox.put(THREAD, replace(message(name), at=at), keys=[name], take=False)
    assert names(await take(inbox)) == ["0", "1", "2", "3", "9", "4"]


async def test_an_edit_and_a_deletion_may_overtake_their_message(inbox: Inbox) -> None:
    edited = message("a", "as it is now")
    assert (await inbox.edit(THREAD, "a", edited, keys=["e1"])).outcome == "unknown"
    assert (await inbox.edit(THREAD, "b", None, keys=["e2"])).outcome == "unknown"
    placed = await put(inbox, "a")
    assert placed.job is not None
    assert placed.job.members[0].body["text"] == "as it is now"
    assert (await put(inbox, "b")).outcome == "removed"
    assert (await put(inbox, "b")).outcome == "seen"


async def test_after_everything_was_lost_nothing_new_is_begun_until_it_is_caught_up(
    inbox: Inbox, redis: Redis
) -> None:
    held = (await put(inbox, "a", thread="T1:C1:1.0")).job
    assert held is not None
    await redis.flushdb()
    assert (await put(inbox, "b", thread="T1:C1:2.0")).job is None
    assert await inbox.take() is None
    renewed = await inbox.renew([held])
    assert renewed.leases["T1:C1:1.0"].restored
    await inbox.put("T1:C1:2.0", replace(message("older"), at=1.0), keys=["older"])
    assert (await inbox.finish(held.leased(renewed.leases["T1:C1:1.0"]))).next is None
    assert await inbox.take() is None
    await inbox.lift_hold()
    assert names(await take(inbox)) == ["b", "older"]
    assert inbox.epoch_at > 0


async def test_what_was_said_before_a_turn_that_has_not_begun_joins_it(inbox: Inbox) -> None:
    placed = await inbox.put(THREAD, replace(message("b"), at=20.0), keys=["b"])
    assert placed.job is not None
    assert (await inbox.put(THREAD, replace(message("a"), at=10.0), keys=["a"])).job is None
    begun = await inbox.begin(placed.job)
    assert (names(begun), begun.revision) == (["a", "b"], 1)
    await inbox.put(THREAD, replace(message("0"), at=1.0), keys=["0"])
    assert names(await inbox.begin(begun)) == ["a", "b"]


async def test_a_thread_that_began_after_everything_was_lost_is_not_held_back(
    inbox: Inbox, redis: Redis
) -> None:
    """Nothing can have been answered in it, unless the clocks disagree by more than they may."""
    await redis.flushdb()
    await inbox.renew([])
    at = inbox.epoch_at
    assert (await put(inbox, "new", thread=f"T1:C1:{at + 3:.6f}")).job is not None
    assert (await put(inbox, "near", thread=f"T1:C1:{at + 1:.6f}")).job is None
    assert (await put(inbox, "home", thread="T1:home:U1")).job is None
    assert await inbox.take() is None


async def test_a_thread_that_was_looked_through_is_free_before_the_others(inbox: Inbox, redis: Redis) -> None:
    await redis.flushdb()
    await inbox.renew([])
    for name in ("1.0", "2.0"):
        assert (await put(inbox, name, thread=f"T1:C1:{name}")).job is None
    await inbox.free("T1:C1:2.0")
    held = await take(inbox)
    assert names(held) == ["2.0"]
    assert await inbox.take() is None
    await put(inbox, "more", thread="T1:C1:2.0")
    following = (await inbox.finish(held)).next
    assert following is not None
    assert names(following) == ["more"]
    await inbox.lift_hold()
    assert names(await take(inbox)) == ["1.0"]
    assert await redis.exists("{bot}:freed") == 0


async def test_for_how_long_is_held_back_is_known_to_every_process(
    inbox: Inbox, other: Inbox, redis: Redis
) -> None:
    assert await inbox.held_for() is None
    await redis.flushdb()
    await inbox.renew([])
    held_s = await other.held_for()
    assert held_s is not None
    assert 0 <= held_s < 5
    await other.lift_hold()
    assert await inbox.held_for() is None
    await inbox.free("T1:C1:1.0")
    assert await redis.exists("{bot}:freed") == 0


async def test_what_is_left_alone_in_a_thread_is_looked_at_once_it_is_ours(inbox: Inbox) -> None:
    early = await inbox.put(THREAD, message("early"), keys=["early"], only_if_known=True)
    assert early.outcome == "unknown"
    look = Item("look", "overtaken", {})
    placed = await inbox.put(THREAD, message("root"), keys=["root"], overtaken=look)
    assert placed.job is not None
    assert names(placed.job) == ["root"]
    following = (await inbox.finish(placed.job)).next
    assert following is not None
    assert names(following) == ["look"]
    assert (await inbox.finish(following)).next is None
    later = await inbox.put(THREAD, message("later"), keys=["later"], overtaken=look)
    assert later.job is not None
    assert (await inbox.finish(later.job)).next is None
    assert not await inbox.looked(THREAD)


async def test_who_takes_over_before_the_first_word_takes_in_what_came_too_late(
    inbox: Inbox, redis: Redis
) -> None:
    """Until something was posted, the order in which things were said is all that counts."""
    placed = await inbox.put(THREAD, replace(message("b"), at=20.0), keys=["b"])
    assert placed.job is not None
    await inbox.begin(placed.job)
    for name, at in (("a", 10.0), ("c", 30.0)):
        await inbox.put(THREAD, replace(message(name), at=at), keys=[name], take=False)
    await expire(redis, THREAD)
    taken = await take(inbox)
    assert (names(taken), taken.begun) == (["b"], True)
    again = await inbox.unbegin(taken)
    assert (names(again), again.begun, again.revision) == (["a", "b"], False, 1)
    following = (await inbox.finish(again)).next
    assert following is not None
    assert names(following) == ["c"]


async def test_a_set_that_is_split_is_another_turn(inbox: Inbox, redis: Redis) -> None:
    """What all of it had come to must not be taken for the answer to its first message alone."""
    await wait(inbox, "a", "b")
    for _ in range(2):
        await take(inbox)
        await expire(redis, THREAD)
    job = await take(inbox)
    assert (names(job), job.revision) == (["a"], 1)


async def test_no_two_sets_of_a_thread_bear_one_name(inbox: Inbox, redis: Redis) -> None:
    """Else what one of them had come to would be taken for the answer to the other."""
    seen: dict[str, list[str]] = {}

    async def taken() -> Job:
        await expire(redis, THREAD)
        job = await take(inbox)
        assert seen.setdefault(job.set_id, names(job)) == names(job)
        return job

    async def taken_thrice() -> Job:
        await taken()
        await taken()
        return await taken()

    async def said(name: str, at: float) -> None:
        await inbox.put(THREAD, replace(message(name), at=at), keys=[name], take=False)

    # Each time, one that was said earlier comes late into a set of which the first was "c" so far.
    await said("c", 30.0)
    await said("d", 40.0)
    assert names(await take(inbox)) == ["c", "d"]
    await said("a", 10.0)
    await inbox.finish(await taken_thrice(), take=False)
    assert names(await taken()) == ["c", "d"]
    await said("b", 20.0)
    for expected in (["b"], ["c"], ["d"]):
        job = await taken_thrice()
        assert names(job) == expected
        await inbox.finish(job, take=False)
    after_b = [["c", "d"], ["c"], ["d"]]
    assert list(seen.values()) == [["a", "c", "d"], ["a"], ["c", "d"], ["b", "c", "d"], ["b"], *after_b]
    assert not await redis.keys("{bot}:split:*")


async def test_what_came_and_waits_no_more_was_dealt_with(inbox: Inbox) -> None:
    job = (await put(inbox, "a")).job
    assert job is not None
    await wait(inbox, "b")
    keys = {name: f"m:{name}" for name in ("a", "b", "c")}
    assert await inbox.dealt_with(THREAD, keys) == {"a"}
    assert await inbox.dealt_with(THREAD, {}) == set()


async def test_a_job_can_wait_without_being_counted(inbox: Inbox) -> None:
    job = (await put(inbox, "a")).job
    assert job is not None
    await inbox.release(job, 60)
    assert await inbox.take() is None
    assert (await inbox.stats()).delayed == 1


async def test_a_flush_that_only_a_new_process_met_is_held_back_once_another_sees_it(
    inbox: Inbox, redis: Redis
) -> None:
    """Whoever has just begun takes an empty server for a first start."""
    await redis.flushdb()
    late = Inbox(redis, process="late")
    await late.open()
    assert await late.held_for() is None
    await inbox.beat()
    assert (await put(late, "a", thread="T1:C1:1.0")).job is None
    await late.lift_hold()
    await late.beat()
    assert await late.held_for() is None
    assert names(await take(late)) == ["a"]
