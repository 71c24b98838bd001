"""A process dies while it passes a message on; another one brings it to its end: once, and in order."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.inbox import Inbox
from evals.sim.slack.faults import SlackFault
from tests.bot.slack.crashing import Step, call, crash
from tests.bot.slack.people.helping import asked, claimed, desk, passed
from tests.bot.slack.serving import CUSTOMER, DM, STAFF, TEAM_CHANNEL
from tests.redis_server import give_up, redis_executable, start_redis

STEPS = (
    call("after", "chat.postMessage"),
    call("during", "chat.postMessage"),
    Step("before", Inbox, "begin"),
)
FOLLOWED_S = 20.0


async def dies(folder: Path, redis: str, step: Step) -> tuple[int | None, list[str], list[str]]:
    """Let a bot die at a step while it passes on words of both sides; return what stands there at the end."""
    folder.mkdir()
    quick = {"slack_timeout_s": 0.5, "bot_lease_s": 3.0}
    async with desk(folder, redis_url=redis, **quick) as on:
        root, card = await asked(on)
        await claimed(on, root)
        await on.stop()
        if step.when == "during":
            on.slack.faults.add(SlackFault("slow", "chat.postMessage", seconds=0.4))

        def said() -> None:
            on.slack.say(STAFF, TEAM_CHANNEL, "One.", card["ts"])
            on.slack.say(CUSTOMER, DM, "Two.", root)
            on.slack.say(STAFF, TEAM_CHANNEL, "Three.", card["ts"])

        code = await crash(on, step, folder / "bot.log", said)
        await on.start()
        await on.until(lambda: len(passed(on, DM, root)) >= 2, FOLLOWED_S)
        await on.until(lambda: passed(on, TEAM_CHANNEL, card["ts"]), FOLLOWED_S)
        await asyncio.sleep(1.0)
        return code, passed(on, DM, root), passed(on, TEAM_CHANNEL, card["ts"])


async def test_what_is_passed_on_stands_there_once_whenever_a_process_dies(tmp_path: Path) -> None:
    executable = redis_executable()
    if executable is None:
        give_up()
    server, port = start_redis(executable, tmp_path)
    try:
        cases = [
            dies(tmp_path / str(number), f"redis://127.0.0.1:{port}/{number}", step)
            for number, step in enumerate(STEPS)
        ]
        for ended in await asyncio.gather(*cases):
            assert ended == (-9, ["One.", "Three."], [f"<@{CUSTOMER}>: Two."])
    finally:
        server.kill()
        server.wait()


@pytest.mark.parametrize("kind", ["reset", "http"])
async def test_what_slack_took_without_saying_so_is_not_posted_again(tmp_path: Path, kind: str) -> None:
    async with desk(tmp_path) as on:
        root, card = await asked(on)
        fault = SlackFault("http", "chat.postMessage", status=503, done=True)
        on.slack.faults.add(fault if kind == "http" else SlackFault("reset", "chat.postMessage", done=True))
        on.slack.say(STAFF, TEAM_CHANNEL, "One.", card["ts"])
        on.slack.say(STAFF, TEAM_CHANNEL, "Two.", card["ts"])
        await on.until(lambda: len(passed(on, DM, root)) == 2)
        await asyncio.sleep(0.3)
        assert passed(on, DM, root) == ["One.", "Two."]
