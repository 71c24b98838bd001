"""What was missed is answered where it is young, listed where it is old, and left alone where it was kept."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.keys import prefix_of
from bot.people.store import Handoff
from bot.slack import catch_up as module
from bot.slack.catch_up import CaughtUp
from bot.slack.limiter import Limiter
from evals.sim.slack.faults import SlackFault
from evals.sim.slack.settings import SCOPES, SlackSettings
from tests.bot.slack.catching_up import (
    ANN,
    DM,
    HELP,
    HOUR,
    MINUTE,
    TEAM_CHANNEL,
    Scene,
    event,
    scene,
    until,
)


@pytest.fixture
async def on() -> AsyncIterator[Scene]:
    """A workspace that the bot has been in for an hour."""
    async with scene() as opened:
        yield opened


async def test_young_messages_that_nobody_answered_are_answered_once_and_in_order(on: Scene) -> None:
    first = on.say("one", ago_s=100)
    on.say("two", ago_s=90, thread=first)
    on.say("<@U0BOT> three", ago_s=80, channel=HELP)
    bot = await on.bot()
    done = await bot.catch_up.run("outage", 0.0)
    await until(lambda: len(bot.taken) == 3)
    assert done == CaughtUp(answered=3, listed=0, channels=3)
    assert bot.taken.index("one") < bot.taken.index("two")
    assert (await bot.catch_up.run("outage", 0.0)).answered == 0
    assert sorted(bot.taken) == ["one", "three", "two"]


async def test_what_an_answer_names_is_left_alone_even_when_the_inbox_knows_nothing(on: Scene) -> None:
    root = on.say("one", ago_s=100)
    again = on.say("two", ago_s=90, thread=root)
    await on.answer(root, again)
    on.say("three", ago_s=50, thread=root)
    bot = await on.bot()
    assert (await bot.catch_up.run("outage", 0.0)).answered == 1
    await until(lambda: bot.taken)
    assert bot.taken == ["three"]


async def test_only_the_bots_own_word_counts_as_an_answer(on: Scene) -> None:
    root = on.say("one", ago_s=100)
    await on.answer(root)
    answer = on.sim.workspace.channels[DM].messages[on.sim.messages(DM)[-1]["ts"]]
    answer.user = "U0OTHER"
    bot = await on.bot()
    assert (await bot.catch_up.run("outage", 0.0)).answered == 1


async def test_old_messages_are_listed_on_one_card_and_never_twice(on: Scene) -> None:
    old = on.say("how much is *it*?", ago_s=HOUR)
    on.say("and this?", ago_s=20 * MINUTE)
    on.at(0)
    bot = await on.bot()
    assert await bot.catch_up.run("outage", 0.0) == CaughtUp(answered=0, listed=2, channels=3)
    (card,) = on.cards()
    shown = json.dumps(card["blocks"])
    assert ANN in shown
    assert f"p{old.replace('.', '')}" in shown
    assert bot.taken == []
    assert (await bot.catch_up.run("outage", 0.0)).listed == 0
    assert len(on.cards()) == 1


async def test_a_card_whose_posting_was_not_heard_of_is_not_posted_again(on: Scene) -> None:
    on.say("one", ago_s=HOUR)
    on.at(0)
    on.sim.faults.add(SlackFault("reset", "chat.postMessage", done=True))
    bot = await on.bot()
    await bot.catch_up.run("outage", 0.0)
    assert len(on.cards()) == 1


async def test_a_later_card_lists_only_what_is_new(on: Scene) -> None:
    on.say("one", ago_s=HOUR)
    on.at(0)
    bot = await on.bot()
    await bot.catch_up.run("outage", 0.0)
    on.sim.workspace._last -= int(2 * HOUR * 1_000_000)
    late = on.say("two", ago_s=50 * MINUTE)
    on.sim.workspace._last += int(2 * HOUR * 1_000_000)
    on.at(0)
    assert (await bot.catch_up.run("outage", 0.0)).listed == 1
    assert on.cards()[-1]["metadata"]["event_payload"]["messages"] == [f"T0SIM:{DM}:{late}"]


async def test_without_a_team_channel_the_links_are_logged_without_any_words(on: Scene) -> None:
    old = on.say("my secret question", ago_s=HOUR)
    bot = await on.bot(team_channel=None)
    with capture_logs() as logs:
        assert (await bot.catch_up.run("outage", 0.0)).listed == 1
    (missed,) = [line for line in logs if line["event"] == "catch_up.missed"]
    assert missed["number"] == 1
    assert missed["links"] == [f"https://sim.slack.com/archives/{DM}/p{old.replace('.', '')}"]
    assert "secret" not in str(logs)


async def test_a_team_channel_that_is_gone_leaves_the_list_to_the_log(on: Scene) -> None:
    on.say("one", ago_s=HOUR)
    on.sim.kick_bot(TEAM_CHANNEL)
    bot = await on.bot()
    with capture_logs() as logs:
        assert (await bot.catch_up.run("outage", 0.0)).listed == 1
    assert [line["number"] for line in logs if line["event"] == "catch_up.missed"] == [1]


async def test_what_was_kept_before_is_neither_answered_again_nor_listed(on: Scene) -> None:
    old, young = on.say("one", ago_s=HOUR), on.say("two", ago_s=30)
    bot = await on.bot()
    for ts in (old, young):
        await bot.hears(on.sim, DM, ts)
    await until(lambda: len(bot.taken) == 2)
    assert await bot.catch_up.run("outage", 0.0) == CaughtUp(0, 0, 3)
    assert bot.taken == ["one", "two"]


async def test_what_is_not_for_the_bot_is_left_alone(on: Scene) -> None:
    chat = on.say("how is everybody?", ago_s=100, channel=HELP)
    on.say("fine", ago_s=90, channel=HELP, thread=chat)
    on.say("<@U0BOB> and you?", ago_s=80, channel=HELP)
    bot = await on.bot()
    assert await bot.catch_up.run("outage", 0.0) == CaughtUp(0, 0, 3)


async def test_a_follow_up_in_the_bots_thread_needs_no_mention(on: Scene) -> None:
    root = on.say("<@U0BOT> one", ago_s=3 * HOUR, channel=HELP)
    before = on.say("not for it", ago_s=2 * HOUR, channel=HELP)
    on.say("nor this", ago_s=100, channel=HELP, thread=before)
    await on.answer(root, channel=HELP)
    on.say("two", ago_s=60, channel=HELP, thread=root)
    bot = await on.bot()
    # The thread's first message is older than what is looked for.
    assert (await bot.catch_up.run("outage", time.time() - 5 * MINUTE)).answered == 1
    await until(lambda: bot.taken)
    assert bot.taken == ["two"]


async def test_a_follow_up_in_a_thread_older_than_a_day_is_found_where_the_thread_is_known(on: Scene) -> None:
    root = on.say("<@U0BOT> one", ago_s=30 * HOUR, channel=HELP)
    await on.answer(root, channel=HELP)
    recent = on.say("two", ago_s=2 * HOUR, channel=HELP, thread=root)
    await on.answer(recent, channel=HELP, root=root)
    bot = await on.bot()
    await bot.hears(on.sim, HELP, recent)
    on.say("three", ago_s=60, channel=HELP, thread=root)
    assert (await bot.catch_up.run("outage", time.time() - 5 * MINUTE)).answered == 1
    await until(lambda: "three" in bot.taken)


async def test_what_came_before_the_gap_is_left_alone(on: Scene) -> None:
    on.say("one", ago_s=10 * MINUTE)
    on.say("two", ago_s=MINUTE)
    bot = await on.bot()
    assert (await bot.catch_up.run("outage", time.time() - 3 * MINUTE)).answered == 1


async def test_a_thread_that_a_person_has_is_left_alone(on: Scene) -> None:
    root = on.say("one", ago_s=100)
    bot = await on.bot()
    await bot.handoffs.store.put(Handoff(f"T0SIM:{DM}:{root}", "U0CUSTOMER", "claimed", by="U0STAFF"))
    assert await bot.catch_up.run("outage", 0.0) == CaughtUp(0, 0, 3)


async def test_long_lists_are_read_to_their_end(on: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.slack.history.PAGE", 2)
    root = on.say("0", ago_s=100)
    for number in range(1, 6):
        on.say(str(number), ago_s=100 - number, thread=root)
    for number in range(6, 11):
        on.say(str(number), ago_s=90 - number)
    bot = await on.bot()
    assert (await bot.catch_up.run("outage", 0.0)).answered == 11


async def test_a_channel_that_cannot_be_read_stops_nothing(on: Scene) -> None:
    on.say("<@U0BOT> one", ago_s=100, channel=HELP)
    on.say("two", ago_s=90)
    bot = await on.bot()
    await bot.handoffs.ensure_read()
    on.sim.faults.add(SlackFault("error", "conversations.history", error="channel_not_found"))
    done = await bot.catch_up.run("outage", 0.0)
    assert (done.answered, done.channels) == (1, 2)


async def test_refusals_of_pace_and_silence_are_waited_out(
    on: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.history.PAUSES_S", (0.01, 0.01, 0.01))
    on.say("one", ago_s=100)
    on.sim.faults.add(
        SlackFault("ratelimited", "users.conversations", retry_after=0),
        SlackFault("http", "conversations.history", times=2),
        SlackFault("reset", "conversations.history"),
    )
    bot = await on.bot()
    assert (await bot.catch_up.run("outage", 0.0)).answered == 1


async def test_what_slack_did_not_let_be_read_is_tried_again(
    on: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.history.PAUSES_S", ())
    monkeypatch.setattr(module, "AGAIN_S", 0.05)
    monkeypatch.setattr(module, "LOOK_S", 0.02)
    on.say("one", ago_s=100)
    on.sim.faults.add(SlackFault("http", "conversations.history", times=3))
    bot = await on.bot()
    await bot.catch_up._marks.keep(time.time(), {})
    await bot.catch_up.open()
    assert (await bot.catch_up.run("outage", 0.0)).answered == 0
    await until(lambda: bot.taken == ["one"])


async def test_without_the_scope_the_known_channels_are_looked_into() -> None:
    scopes = tuple(scope for scope in SCOPES if scope != "channels:read")
    async with scene(SlackSettings(transport="none", scopes=scopes)) as on:
        heard = on.say("one", ago_s=100)
        on.say("<@U0BOT> elsewhere", ago_s=95, channel=HELP)
        on.say("two", ago_s=90)
        bot = await on.bot()
        await bot.hears(on.sim, DM, heard)
        assert await bot.catch_up.run("outage", 0.0) == CaughtUp(answered=1, listed=0, channels=1)


async def test_every_call_takes_its_token(on: Scene) -> None:
    class Counting(Limiter):
        asked: list[str] = []  # noqa: RUF012

        async def take(self, team: str, method: str, channel: str | None = None) -> float:
            self.asked.append(method)
            return 0.0

    on.say("one", ago_s=HOUR)
    bot = await on.bot(limiter=Counting(on.redis))
    on.sim.calls.clear()
    await bot.catch_up.run("outage", 0.0)
    assert sorted(Counting.asked) == sorted(call.method for call in on.sim.calls)


async def test_a_stream_that_nobody_goes_on_with_is_taken_away_before_the_answer(on: Scene) -> None:
    root = on.say("one", ago_s=20)
    on.at(10)
    await on.stream(root)
    bot = await on.bot()
    assert (await bot.catch_up.run("outage", 0.0)).answered == 1
    assert [message["text"] for message in on.sim.messages(DM)] == ["one"]


async def test_a_stream_that_was_stopped_without_its_last_form_is_taken_away_too(on: Scene) -> None:
    root = on.say("one", ago_s=20)
    on.at(10)
    ts = await on.stream(root)
    await on.slack.call("chat.stopStream", channel=DM, ts=ts)
    bot = await on.bot()
    assert (await bot.catch_up.run("outage", 0.0)).answered == 1
    assert [message["text"] for message in on.sim.messages(DM)] == ["one"]


async def test_first_words_that_nothing_followed_are_taken_away_too(on: Scene) -> None:
    root = on.say("one", ago_s=20)
    on.at(10)
    await on.answer(root, more=True)
    bot = await on.bot()
    assert (await bot.catch_up.run("outage", 0.0)).answered == 1
    assert [message["text"] for message in on.sim.messages(DM)] == ["one"]


async def test_a_stream_of_a_thread_that_is_worked_on_is_left_alone(on: Scene) -> None:
    root = on.say("one", ago_s=20)
    other = on.say("two", ago_s=15, thread=root)
    bot = await on.bot()
    bot.intake.workers.draining = True  # the job stays with a process that says nothing
    await bot.hears(on.sim, DM, other)
    assert await bot.inbox.take() is not None
    on.at(10)
    ts = await on.stream(root)
    await bot.catch_up.run("outage", 0.0)
    assert on.sim.messages(DM)[-1]["ts"] == ts


# When it runs.


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for gaps often."""
    monkeypatch.setattr(module, "LOOK_S", 0.02)


async def test_the_first_start_ever_digs_nothing_up(on: Scene, quick: None) -> None:
    on.say("one", ago_s=HOUR)
    on.say("two", ago_s=100)
    bot = await on.bot()
    with capture_logs() as logs:
        await bot.catch_up.open()
        await _logged(logs, "catch_up.done")
    assert bot.taken == []
    assert on.cards() == []
    assert await bot.catch_up._marks.until() is not None


async def test_a_start_after_everything_was_lost_goes_by_the_answers_in_slack(on: Scene, quick: None) -> None:
    root = on.say("one", ago_s=HOUR)
    await on.answer(root)
    on.say("two", ago_s=100)
    bot = await on.bot()
    await bot.catch_up.open()
    await until(lambda: bot.taken == ["two"])


async def test_a_start_after_a_silence_reads_on_from_the_mark(on: Scene, quick: None) -> None:
    heard = on.say("one", ago_s=12 * MINUTE)
    before = await on.bot()
    await before.hears(on.sim, DM, heard)
    await before.catch_up.open()
    await until(lambda: before.taken)
    await before.catch_up.close()
    await on.redis.delete(f"{prefix_of(on.sim.settings.team)}catch-up")
    on.say("two", ago_s=5 * MINUTE)
    bot = await on.bot()
    await bot.catch_up.open()
    await until(lambda: bot.taken == ["two"])


async def test_a_start_beside_processes_that_hear_slack_looks_into_nothing(on: Scene, quick: None) -> None:
    heard = on.say("one", ago_s=1)
    running = await on.bot()
    await running.hears(on.sim, DM, heard)
    await running.catch_up._write()
    on.sim.calls.clear()
    bot = await on.bot()
    await bot.catch_up.open()
    await asyncio.sleep(0.1)
    assert on.sim.calls == []


async def test_after_a_flush_what_is_unanswered_is_found_once_nothing_can_be_under_way(
    on: Scene, quick: None
) -> None:
    heard = on.say("one", ago_s=100)
    bot = await on.bot()
    await bot.hears(on.sim, DM, heard)
    await bot.catch_up._write()
    await bot.catch_up.open()
    await until(lambda: bot.taken == ["one"])
    bot.taken.clear()
    flushed = asyncio.get_running_loop().time()
    on.sim.calls.clear()
    await on.redis.flushall()
    # Until all is in its place again, nothing is handed out.
    async with asyncio.timeout(10):
        while (job := await bot.intake.inbox.take()) is None:
            await asyncio.sleep(0.02)
    assert [item.body["text"] for item in job.members] == ["one"]
    assert asyncio.get_running_loop().time() - flushed >= bot.catch_up._settled_s
    # The marks are as they were, so that what comes next knows its channels again.
    assert await bot.catch_up._marks.channels() == [f"T0SIM:{DM}"]


async def test_of_several_processes_one_catches_up_and_a_dead_ones_gap_is_filled(
    on: Scene, quick: None
) -> None:
    on.say("one", ago_s=HOUR)
    on.say("two", ago_s=100)
    bots = [await on.bot() for _ in range(3)]
    results = await asyncio.gather(*(bot.catch_up.run("outage", 0.0) for bot in bots))
    await until(lambda: sum(len(bot.taken) for bot in bots) == 1)
    assert sum(done.answered for done in results) == 1
    assert len(on.cards()) == 1
    prefix = prefix_of(on.sim.settings.team)
    assert await on.redis.exists(f"{prefix}catch-up", f"{prefix}catching-up") == 0


async def test_what_a_process_that_died_was_to_look_into_is_taken_up_by_another(
    on: Scene, quick: None
) -> None:
    on.say("one", ago_s=100)
    dead = await on.bot()
    await dead.catch_up._marks.add(module._gap("outage", 0.0))
    assert await dead.catch_up._marks.lock("its token", 0.3)
    await dead.catch_up._marks.keep(time.time(), {})
    bot = await on.bot()
    await bot.catch_up.open()
    await until(lambda: bot.taken == ["one"])


async def test_an_outage_that_somebody_reports_is_looked_into(on: Scene, quick: None) -> None:
    bot = await on.bot()
    await bot.catch_up._marks.keep(time.time(), {})
    await bot.catch_up.open()
    on.say("one", ago_s=10)
    bot.catch_up.ask("sockets", time.time() - 30)
    await until(lambda: bot.taken == ["one"])


async def test_a_redis_that_was_away_is_followed_by_a_look(on: Scene, quick: None) -> None:
    bot = await on.bot()
    await bot.catch_up._marks.keep(time.time(), {})
    await bot.catch_up.open()
    server: Any = on.redis.connection_pool.connection_kwargs["server"]
    server.connected = False
    on.say("one", ago_s=1)
    await asyncio.sleep(0.1)
    server.connected = True
    await until(lambda: bot.taken == ["one"])


async def test_a_flush_in_the_midst_of_it_ends_it(on: Scene) -> None:
    on.say("one", ago_s=100)
    bot = await on.bot()
    await bot.catch_up._write()
    on.sim.faults.add(SlackFault("slow", "conversations.history", seconds=0.2))
    running = asyncio.create_task(bot.catch_up.run("outage", 0.0))
    await until(lambda: on.sim.calls_of("conversations.history"))
    await on.redis.flushall()
    assert await running == CaughtUp()
    assert bot.taken == []


async def _logged(logs: list[Any], name: str) -> None:
    await until(lambda: any(line["event"] == name for line in logs))


async def test_replies_that_overtake_the_mention_of_their_thread_are_answered_in_order(on: Scene) -> None:
    bot = await on.bot()
    root = on.say("<@U0BOT> one", ago_s=9, channel=HELP)
    two = on.say("two", ago_s=8, channel=HELP, thread=root)
    raw = {message["ts"]: message for message in on.sim.messages(HELP)}
    assert await bot.intake.receive(event(on.sim, HELP, raw[two]))
    assert bot.taken == []
    assert await bot.intake.receive(event(on.sim, HELP, raw[root]))
    await until(lambda: len(bot.taken) == 2)
    assert bot.taken == ["one", "two"]


async def test_a_hold_whose_finder_died_is_looked_into_by_another_process(
    on: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.05)
    bot, other = await on.bot(), await on.bot()
    await bot.catch_up.open()
    await on.redis.flushdb()
    # It makes the new epoch and the hold, and dies before it says so to anybody.
    await other.inbox.renew([])
    bot.catch_up._epoch, _ = await bot.catch_up._marks.epoch()
    on.say("one", ago_s=50)
    async with asyncio.timeout(10):
        while await bot.inbox.held_for() is not None:
            await asyncio.sleep(0.05)
    held = await bot.inbox.take()
    assert held is not None
    assert [item.body["text"] for item in held.members] == ["one"]
