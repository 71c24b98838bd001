"""Several real processes: a pause reaches all of them in time, and a draft is sent once whatever dies."""

from __future__ import annotations

import asyncio
import multiprocessing
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest

from bot.commands import app
from bot.control.drafts import DraftStore
from bot.inbox import Inbox
from evals.sim.slack.faults import SlackFault
from graph.checkpoint import RedisSaver
from tests.bot.slack.control.managing import STAFF, cards, kept, managed, words_of
from tests.bot.slack.control.test_drafting import DRAFTS, drafted
from tests.bot.slack.crashing import Step, call, crash, environment, serve_until
from tests.bot.slack.serving import CHANNEL, QUESTION, TEAM_CHANNEL, Stage
from tests.cli import invoke

PROCESSES = 3
IN_TIME_S = 2.0
NEVER = Step("before", RedisSaver, "adelete_thread")
SLOW = SlackFault("slow", "chat.postMessage", seconds=0.4, done=True)

SENDING: dict[str, tuple[Step, tuple[SlackFault, ...]]] = {
    "when it is decided": (Step("after", DraftStore, "change"), ()),
    "while it is posted": (call("during", "chat.postMessage"), (SLOW,)),
    "when it is posted, and not noted": (call("after", "chat.postMessage"), ()),
    "before it is finished": (Step("before", Inbox, "finish"), ()),
}


@contextmanager
def processes(on: Stage, folder: Path) -> Iterator[list[Path]]:
    """Run bots until the end of the block; gives their logs."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.bot.slack.crashing"])
    logs = [folder / f"bot-{number}.log" for number in range(PROCESSES)]
    variables = {**environment(on), "LOG_FORMAT": "json", "SLACK_LIMITS": "off"}
    running = [context.Process(target=serve_until, args=(NEVER, variables, log), daemon=True) for log in logs]
    for process in running:
        process.start()
    try:
        yield logs
    finally:
        for process in running:
            process.kill()
            process.join()


async def test_a_pause_reaches_every_process_within_two_seconds(tmp_path: Path, redis_server: str) -> None:
    async with managed(tmp_path, redis_server, start=False) as (on, _):
        with processes(on, tmp_path) as logs:
            connections = on.slack.deliveries.socket.connections
            await on.until(lambda: len(connections) >= PROCESSES and _serving(logs), 60)
            words = ("pause", "--reason", "wrong prices")
            paused = await asyncio.to_thread(invoke, app, tmp_path, *words, REDIS_URL=redis_server)
            since = time.time()
            assert paused.exit_code == 0, paused.output
            await asyncio.sleep(IN_TIME_S)
            asked = len(on.vendor.requests)
            for number in range(4 * PROCESSES):
                on.slack.say(f"U0C{number}", f"D0C{number}", QUESTION)
            for number in range(4 * PROCESSES):
                (answer,) = await on.until(partial(on.finished, f"D0C{number}"), 30)
                assert "one of my colleagues" in words_of(answer)
            assert len(on.vendor.requests) == asked
            await on.until(lambda: len(cards(on, "bot_handoff")) == 4 * PROCESSES)
            seen = [_when(log, "pause.changed") for log in logs]
            by = [log.read_text(encoding="utf-8").count('"turn.finished"') for log in logs]
    assert all(at - since < IN_TIME_S for at in seen)
    assert len([count for count in by if count]) >= 2


@pytest.mark.parametrize("step", SENDING)
async def test_a_draft_is_sent_once_whichever_process_dies(
    step: str, tmp_path: Path, redis_server: str
) -> None:
    async with managed(tmp_path, redis_server, channels=DRAFTS, slack_timeout_s=0.5, bot_lease_s=3.0) as (
        on,
        redis,
    ):
        asked, card = await drafted(on)
        await on.stop()
        dies, faults = SENDING[step]
        on.slack.faults.add(*faults)

        def press() -> None:
            on.slack.press(STAFF, TEAM_CHANNEL, card["ts"], "draft_send")

        code = await crash(on, dies, tmp_path / "bot.log", press)
        assert code == -9
        await on.start()
        await on.until(lambda: f"Sent by <@{STAFF}>" in words_of(cards(on)[0]), 30)
        await on.until(lambda: on.finished(CHANNEL), 30)
        async with asyncio.timeout(30):
            while await redis.keys("{bot}:*:job:*"):
                await asyncio.sleep(0.05)
        await on.stop()
        assert [m["thread_ts"] for m in on.answers(CHANNEL)] == [asked]
        turns, texts = await kept(on)
    turn = f"{on.slack.settings.team}:{CHANNEL}:{asked}"
    review = texts[turn].review
    assert turns[turn].outcome == "answered"
    assert review is not None
    assert (review.how, review.by) == ("same", STAFF)


def _serving(logs: list[Path]) -> bool:
    return all(log.exists() and '"serving"' in log.read_text(encoding="utf-8") for log in logs)


def _when(log: Path, event: str) -> float:
    """Return when a process logged an event for the last time."""
    lines = [line for line in log.read_text(encoding="utf-8").splitlines() if f'"{event}"' in line]
    found = re.search(r'"timestamp": ?"([^"]+)"', lines[-1])
    assert found is not None
    return datetime.fromisoformat(found[1]).timestamp()
