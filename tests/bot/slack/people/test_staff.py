"""Who is staff: read page by page, known to all processes, and kept while Slack says nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from bot.slack.history import History
from bot.slack.limiter import Limiter, Rates
from bot.slack.people.staff import Staff
from evals.sim.slack.faults import SlackFault
from tests.bot.slack.catching_up import TEAM_CHANNEL, Scene, scene


@pytest.fixture
async def on() -> AsyncIterator[Scene]:
    async with scene() as opened:
        yield opened


def staff_of(on: Scene, group: str | None = None, fresh_s: float = 60.0) -> Staff:
    limiter = Limiter(on.redis, rates=Rates(unlimited=True))
    history = History(on.slack, limiter, on.sim.settings.team)
    me = on.sim.settings.bot_user
    return Staff(on.redis, history, TEAM_CHANNEL, group, me, on.background, fresh_s)


async def test_all_pages_are_read_and_the_bot_is_not_among_them(on: Scene) -> None:
    everybody = frozenset(f"U{number:04d}" for number in range(450))
    for user in everybody:
        on.sim.join(user, TEAM_CHANNEL)
    assert await staff_of(on).members() == everybody
    asked = len(on.sim.calls_of("conversations.members"))
    assert asked == 3
    assert await staff_of(on).members() == everybody  # another process asks Redis alone
    assert len(on.sim.calls_of("conversations.members")) == asked


async def test_a_group_s_members_are_staff_too_and_bots_never(on: Scene) -> None:
    on.sim.join("U1", TEAM_CHANNEL)
    on.sim.join("UAPP", TEAM_CHANNEL)
    on.sim.person("UAPP", bot_id="BAPP")
    on.sim.group("S1", ["U2"])
    staff = staff_of(on, "S1")
    found = {user: await staff.has(user) for user in ("U1", "U2", "U3", "UAPP", on.sim.settings.bot_user)}
    assert found == {"U1": True, "U2": True, "U3": False, "UAPP": False, on.sim.settings.bot_user: False}


async def test_what_slack_said_last_stays_and_what_is_wrong_is_said_once(on: Scene) -> None:
    on.sim.join("U1", TEAM_CHANNEL)
    staff = staff_of(on, fresh_s=0.01)
    assert await staff.has("U1")
    on.sim.faults.add(SlackFault("error", "conversations.members", times=None, error="missing_scope"))
    with capture_logs() as logs:
        for _ in range(3):
            await on.redis.delete("{bot}:staff-fresh")
            await staff.read()
    said = [line for line in logs if line["event"] == "staff.unknown"]
    assert [(line["why"], "install it again" in line["hint"]) for line in said] == [("missing_scope", True)]
    assert await staff_of(on).has("U1")
    await on.redis.flushall()
    assert await staff.has("U1")  # this process still knows


async def test_nobody_knows_before_slack_has_said_anything(on: Scene) -> None:
    on.sim.faults.add(SlackFault("error", "conversations.members", times=None, error="missing_scope"))
    assert await staff_of(on).members() is None
    assert await staff_of(on).has("U1") is None


async def test_somebody_who_joined_just_now_is_not_turned_away(on: Scene) -> None:
    staff = staff_of(on)
    await staff.read()
    on.sim.join("U1", TEAM_CHANNEL)
    await on.redis.pexpire("{bot}:staff-fresh", 50_000)  # ten seconds later
    assert await staff.has("U1") is True
