"""Two workspaces with the same channels, people and timestamps: nothing of one is in what the other has."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from bot.app import open_ledger
from evals.sim import Reply
from evals.sim.slack.actions import Actions
from evals.sim.slack.teams import Team
from graph.state_store import text_of
from tests.bot.slack.installs.installing import TWO, finished, install, installable
from tests.bot.slack.serving import CHANNEL, CUSTOMER, DM, STAFF, TEAM_CHANNEL, Stage

ONE = "T0SIM"
CANARY = {ONE: "CANARY-ONE", TWO: "CANARY-TWO"}
DRAFTS = "C0DRAFTS"
CHANNELS = f"""
[channels.{DRAFTS}]
mode = "draft"
[workspaces.{TWO}]
handoff_channel = "{TEAM_CHANNEL}"
"""
EVERYBODYS = re.compile(
    r"\{bot\}:(installed|paused|none|workers|ledger:(turns|texts|rated)|prompts:.*|alarm-.*|spent:.*|calls.*)"
)
"""Keys of no workspace: of whoever runs the bot, or lists of names that begin with the workspace."""
WITHIN_S = 90.0


def echo(_vendor: str, body: dict[str, Any]) -> Reply:
    """Say every canary that is in the request."""
    found = sorted(set(re.findall(r"CANARY-\w+", json.dumps(body))))
    return Reply(f"You said {' and '.join(found) or 'nothing'}.")


def together(on: Stage, two: Team, do: Callable[[Actions], str]) -> str:
    """Have the same happen in both workspaces at the same moment of Slack's clock; return its ts."""
    ahead = int(time.time() * 1_000_000) + 1_000_000
    ahead = max(ahead, on.slack.workspace._last, two.workspace._last)
    on.slack.workspace._last = two.workspace._last = ahead
    first, second = do(on.slack), do(two)
    assert first == second
    return first


def team_of(slack: Actions) -> str:
    return slack.settings.team


def cards(slack: Actions, event: str) -> list[dict[str, Any]]:
    told = slack.messages(TEAM_CHANNEL)
    return [m for m in told if (m.get("metadata") or {}).get("event_type") == event]


async def both(on: Stage, two: Team, there: Callable[[Actions], Any]) -> None:
    await on.until(lambda: there(on.slack) and there(two), WITHIN_S)


async def value_of(redis: Redis, key: str) -> str:
    """Return a key with everything in it, as text."""
    client: Any = redis
    read: dict[bytes, Callable[[], Awaitable[Any]]] = {
        b"string": lambda: client.get(key),
        b"hash": lambda: client.hgetall(key),
        b"list": lambda: client.lrange(key, 0, -1),
        b"set": lambda: client.smembers(key),
        b"zset": lambda: client.zrange(key, 0, -1),
    }
    kind = await client.type(key)
    return "" if kind == b"none" else str(await read[kind]())


async def test_nothing_of_one_workspace_is_in_what_another_has(tmp_path: Path, redis_server: str) -> None:
    home = tmp_path / "home"
    (home / "prompts").mkdir(parents=True)
    (home / "channels.toml").write_text(CHANNELS, encoding="utf-8")
    (home / "knowledge").symlink_to(Path(__file__).parents[4] / "prompts" / "knowledge")
    given = {"bot_home": home, "bot_handoff_channel": TEAM_CHANNEL}
    async with installable(tmp_path, redis_server, start=False, rule=echo, **given) as (on, two, redis):
        for slack in (on.slack, two):
            for channel in (CHANNEL, TEAM_CHANNEL, DRAFTS):
                slack.invite_bot(channel)
            slack.join(STAFF, TEAM_CHANNEL)
        await on.start("http")
        await install(on, two)
        await _talk(on, two)
        await on.stop()
        await _look(on, two, redis)


async def _talk(on: Stage, two: Team) -> None:
    """Have both talk, rate, change, ask for a person who answers, and send a draft."""

    def say(channel: str, words: str, root: str | None = None) -> Callable[[Actions], str]:
        def said(slack: Actions) -> str:
            mention = "" if channel == DM or root else f"<@{slack.settings.bot_user}> "
            return slack.say(CUSTOMER, channel, f"{mention}{words} {CANARY[team_of(slack)]}", root)

        return said

    def ends(channel: str, number: int) -> Callable[[Actions], bool]:
        return lambda slack: len(finished(slack, channel)) == number

    asked = together(on, two, say(CHANNEL, "How do I return shoes?"))
    await both(on, two, ends(CHANNEL, 1))
    for slack in (on.slack, two):
        slack.react(CUSTOMER, CHANNEL, finished(slack, CHANNEL)[0]["ts"], "+1")
    together(on, two, say(CHANNEL, "And a tent?", asked))
    await both(on, two, ends(CHANNEL, 2))
    root = together(on, two, say(DM, "I would like to talk to a person, please."))
    await both(on, two, lambda slack: cards(slack, "bot_handoff"))
    for slack in (on.slack, two):
        card = cards(slack, "bot_handoff")[0]
        slack.say(STAFF, TEAM_CHANNEL, f"Hello from {CANARY[team_of(slack)]}!", card["ts"])
    await both(on, two, lambda slack: any("Hello from" in m["text"] for m in slack.messages(DM)))
    together(on, two, say(DM, "Thank you.", root))
    await both(on, two, lambda slack: any("Thank you" in m["text"] for m in slack.messages(TEAM_CHANNEL)))
    together(on, two, say(DRAFTS, "How long does delivery take?"))
    await both(on, two, lambda slack: cards(slack, "bot_draft"))


async def _look(on: Stage, two: Team, redis: Redis) -> None:
    for slack, other in ((on.slack, CANARY[TWO]), (two, CANARY[ONE])):
        seen = [slack.messages(channel) for channel in (CHANNEL, DM, TEAM_CHANNEL, DRAFTS)]
        assert CANARY[team_of(slack)] in json.dumps(seen)
        assert other not in json.dumps(seen)
        calls = [call.args for call in slack.calls if slack is two or call not in two.calls]
        assert other not in json.dumps(calls)
    for request in on.vendor.requests:
        assert len(set(re.findall(r"CANARY-\w+", json.dumps(request.body)))) == 1
    held = dict.fromkeys(CANARY, 0)
    for name in sorted(text_of(key) for key in await redis.keys("*")):
        value = await value_of(redis, name)
        inside = [team for team, canary in CANARY.items() if canary in value]
        teams = [team for team in CANARY if team in name]
        assert len(teams) == 1 or EVERYBODYS.fullmatch(name), name
        assert inside in ([], teams), (name, value)
        for team in inside:
            held[team] += 1
    assert min(held.values()) >= 5  # conversations, transcripts, handoffs, drafts and what waits
    async with open_ledger(on.settings) as ledger:
        turns = [record.turn_id for record in await ledger.turns()]
        rated = [feedback.turn_id for feedback in await ledger.feedback_entries()]
    assert len(turns) == len(set(turns)) >= 8
    assert {turn.partition(":")[2] for turn in turns if turn.startswith(ONE)} == {
        turn.partition(":")[2] for turn in turns if turn.startswith(TWO)
    }
    assert sorted(turn.partition(":")[0] for turn in rated) == sorted(CANARY)
