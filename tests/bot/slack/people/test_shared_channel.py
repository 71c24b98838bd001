"""The team's channel is shared with another company: no customer's word goes there, nobody is promised."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.serve import ServeError
from tests.bot.slack.people.helping import answered, asked, cards, claimed, desk, passed
from tests.bot.slack.serving import CHANNEL, CUSTOMER, DM, STAFF, TEAM_CHANNEL, Stage, stage

WISH = "I would like to talk to a person, please. My number is PELICAN-4471."


def in_team_channel(on: Stage) -> str:
    return json.dumps(on.slack.messages(TEAM_CHANNEL), ensure_ascii=False)


async def test_it_is_refused_at_the_start(tmp_path: Path) -> None:
    async with stage(tmp_path, start=False, bot_handoff_channel=TEAM_CHANNEL) as on:
        on.slack.share(TEAM_CHANNEL)
        with pytest.raises(ServeError, match="is shared with another company"):
            await on.start()
        on.serving = None


async def test_once_it_is_shared_no_card_is_posted_and_nobody_is_promised(tmp_path: Path) -> None:
    async with desk(tmp_path, bot_drain_s=1.0, anthropic_api_key=None) as on:
        on.slack.share(TEAM_CHANNEL)
        with capture_logs() as logs:
            root = on.slack.say(CUSTOMER, DM, WISH)
            # It was promised before anybody could know, and is taken back.
            await on.until(lambda: any("could not reach anybody" in m["text"] for m in on.answers(DM)), 30)
        assert [entry["channel"] for entry in logs if entry["event"] == "handoff.shared"] == [TEAM_CHANNEL]
        said = await answered(on, DM, WISH)
        assert "can't reach anybody from this chat" in "".join(m["text"] for m in on.answers(DM, said))
        assert not cards(on)
        assert "PELICAN" not in in_team_channel(on)
        on.slack.unshare(TEAM_CHANNEL)
        await on.until(lambda: cards(on, root), 30)


async def test_who_joins_it_then_is_nobody_of_the_team(tmp_path: Path) -> None:
    async with desk(tmp_path, bot_drain_s=1.0, anthropic_api_key=None, bot_staff_fresh_s=0.1) as on:
        on.slack.share(TEAM_CHANNEL)
        on.slack.join("U0OTHER", TEAM_CHANNEL)
        root = await answered(on, CHANNEL)
        on.slack.say("U0OTHER", CHANNEL, "I take this one.", root)
        await answered(on, CHANNEL, root=root)
        on.slack.say(STAFF, CHANNEL, "I take this one.", root)
        await asyncio.sleep(1.0)
        before = len(on.finished(CHANNEL))
        on.slack.say(CUSTOMER, CHANNEL, "And boots?", root)
        await asyncio.sleep(2.0)
        assert len(on.finished(CHANNEL)) == before


async def test_what_the_customer_writes_to_who_has_it_stays_out_of_it(tmp_path: Path) -> None:
    async with desk(tmp_path, bot_drain_s=1.0, anthropic_api_key=None) as on:
        root, card = await asked(on)
        await claimed(on, root)
        on.slack.share(TEAM_CHANNEL)
        on.slack.say(CUSTOMER, DM, "My number is PELICAN-4471.", root)
        await on.until(lambda: [c for c in on.slack.calls_of("conversations.info") if c.ok][2:], 30)
        assert not passed(on, TEAM_CHANNEL, card["ts"])
        assert "PELICAN" not in in_team_channel(on)
