"""A help desk beside Slack, or in its place: what it is told, and what it has done to a conversation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from bot.people import help_desk
from bot.people.store import HandoffStore
from bot.slack.people.agents import Agents
from evals.sim.help_desk import HelpDesk as Sim
from tests.bot.slack.crashing import Step, call, crash
from tests.bot.slack.people.helping import (
    answered,
    asked,
    asked_of_model,
    cards,
    claimed,
    desk,
    passed,
    pressed,
    state,
    told,
)
from tests.bot.slack.serving import CUSTOMER, DM, QUESTION, STAFF, TEAM_CHANNEL, Stage

ASKS = "I would like to talk to a person, please."


@asynccontextmanager
async def helped(folder: Path, **settings: Any) -> AsyncIterator[tuple[Stage, Sim]]:
    """Open a stage with a help desk."""
    async with Sim() as sim:
        given = {"bot_handoff_webhook": sim.url, "bot_handoff_webhook_secret": sim.secret, **settings}
        async with desk(folder, **given) as on:
            yield on, sim


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let hours be a moment."""
    monkeypatch.setattr(help_desk, "DELAYS_S", (0.1, 0.2))
    monkeypatch.setattr(help_desk, "LOOK_S", 0.05)
    monkeypatch.setattr(help_desk, "TIMEOUT_S", 1.0)


async def tell(on: Stage, sim: Sim, handoff: str, action: dict[str, Any], **signed: Any) -> int:
    """Call the bot as the help desk does; return the status."""
    headers, body = sim.call(action, **signed)
    url = f"http://127.0.0.1:{on.settings.port}/handoffs/{handoff}"
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        return answer.status


def by_whom(on: Stage, root: str) -> str:
    return str(cards(on, root)[-1]["blocks"])


async def test_it_is_told_of_each_change_and_of_nothing_secret(tmp_path: Path) -> None:
    async with helped(tmp_path) as (on, sim):
        root, _ = await asked(on)
        await claimed(on, root)
        await pressed(on, "hand_back", root)
        await on.until(lambda: len(sim.got) == 3)
        assert sim.types() == ["handoff.opened", "handoff.claimed", "handoff.handed_back"]
        opened = sim.got[0].data
        assert (opened["customer"], opened["state"]) == (CUSTOMER, "open")
        assert opened["conversation"].endswith(f":{DM}:{root}")
        assert opened["reason"] == "The customer asked for a person."
        assert opened["link"].startswith("http")
        assert sim.got[1].data["by"] == STAFF
        sent = b"".join(got.raw for got in sim.got).decode()
        for secret in (on.slack.settings.bot_token, on.slack.settings.app_token, sim.secret, "sim-key"):
            assert secret not in sent


async def test_its_answer_may_resolve_with_words_to_the_customer(tmp_path: Path) -> None:
    async with helped(tmp_path) as (on, sim):
        said = "Your parcel is on its way, <!channel>."
        sim.answers["handoff.opened"] = {"action": "resolve", "by": "Dana Smith", "text": said}
        root, _ = await asked(on)
        await on.until(lambda: state(on, root) == ("resolved", "@Dana Smith"))
        (reply,) = [m for m in on.answers(DM) if "on its way" in m["text"]]
        assert "<!channel>" not in reply["text"]
        assert reply["username"] == "Dana Smith"
        assert "Dana Smith" in by_whom(on, root)
        await on.until(lambda: sim.types()[-1] == "handoff.resolved")
        await answered(on, DM, root=root)
        assert "Your parcel is on its way" in asked_of_model(on)


async def test_it_calls_to_claim_to_reply_and_to_resolve(tmp_path: Path) -> None:
    async with helped(tmp_path) as (on, sim):
        root, card = await asked(on)
        (opened,) = await on.until(lambda: sim.got)
        handoff = opened.data["id"]
        assert await tell(on, sim, handoff, {"action": "claim", "by": "Dana"}) == 202
        await on.until(lambda: state(on, root) == ("claimed", "@Dana"))
        answers = len(on.finished(DM))
        on.slack.say(CUSTOMER, DM, "My parcel is late.", root)
        await on.until(lambda: [got for got in sim.got if got.type == "handoff.message"])
        assert [got.data["text"] for got in sim.got if got.type == "handoff.message"] == [
            "My parcel is late."
        ]
        await on.until(lambda: passed(on, TEAM_CHANNEL, card["ts"]) == [f"<@{CUSTOMER}>: My parcel is late."])
        reply = {"action": "reply", "by": "Dana", "text": "It comes tomorrow."}
        for _ in range(3):  # sent again, as what was not acknowledged is: once is enough
            assert await tell(on, sim, handoff, reply, name="msg_reply") == 202
        await on.until(lambda: passed(on, DM, root) == ["It comes tomorrow."])
        await asyncio.sleep(0.3)
        assert passed(on, DM, root) == ["It comes tomorrow."]
        assert len(on.finished(DM)) == answers  # the bot was quiet
        assert await tell(on, sim, handoff, {"action": "resolve", "by": "Dana"}) == 202
        await on.until(lambda: state(on, root) == ("resolved", "@Dana"))
        assert await tell(on, sim, handoff, {"action": "resolve", "by": "Dana"}) == 409
        await answered(on, DM, root=root)


async def test_a_wish_about_an_earlier_handoff_changes_nothing_in_a_later_one(tmp_path: Path) -> None:
    async with helped(tmp_path) as (on, sim):
        root, _ = await asked(on)
        await on.until(lambda: sim.got)
        await pressed(on, "resolve", root)
        on.slack.say(CUSTOMER, DM, ASKS, root)
        await on.until(lambda: state(on, root) == ("open", ""))
        assert await tell(on, sim, sim.got[0].data["id"], {"action": "resolve", "by": "Dana"}) == 404
        await asyncio.sleep(0.3)
        assert state(on, root) == ("open", "")


async def test_a_help_desk_that_is_down_keeps_nobody_waiting_and_the_card_says_so_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.control.room.LOOK_S", 0.1)
    async with helped(tmp_path) as (on, sim):
        sim.down = True
        root, _ = await asked(on)
        await on.until(lambda: "could not be told of this" in by_whom(on, root))
        assert state(on, root) == ("open", "")
        await on.until(
            lambda: [m for m in on.answers(TEAM_CHANNEL) if "did not take 1 messages" in m["text"]]
        )
        sim.down = False
        await claimed(on, root)
        await on.until(lambda: sim.types() == ["handoff.claimed"])


async def test_a_colleague_in_slack_and_one_at_the_help_desk_do_not_take_it_from_each_other(
    tmp_path: Path,
) -> None:
    async with helped(tmp_path, bot_people_look_s=0.2, bot_staff_fresh_s=0.3) as (on, sim):
        root, card = await asked(on)
        await on.until(lambda: sim.got)
        handoff = sim.got[0].data["id"]
        await tell(on, sim, handoff, {"action": "claim", "by": "Dana"})
        await on.until(lambda: state(on, root) == ("claimed", "@Dana"))
        await asyncio.sleep(1.0)  # who is at the help desk is not missed among the staff
        on.slack.shortcut(STAFF, TEAM_CHANNEL, card["ts"], "claim")
        await on.until(lambda: told(on, STAFF))
        assert "Dana" in told(on, STAFF)[0]
        assert state(on, root) == ("claimed", "@Dana")
        await pressed(on, "resolve", root)


async def test_in_place_of_a_channel_it_is_promised_while_it_takes_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(help_desk, "PING_S", 0.1)
    async with helped(tmp_path, bot_handoff_channel=None) as (on, sim):
        await on.until(lambda: len(sim.got) > 1)
        root = on.slack.say(CUSTOMER, DM, ASKS)
        await on.until(lambda: on.finished(DM))
        assert "bringing in a colleague" in str(on.finished(DM))
        (opened,) = await on.until(lambda: [got for got in sim.got if got.type == "handoff.opened"])
        await tell(on, sim, opened.data["id"], {"action": "claim", "by": "Dana"})
        await on.until(lambda: "handoff.claimed" in sim.types())
        on.slack.say(CUSTOMER, DM, QUESTION, root)
        await on.until(lambda: "handoff.message" in sim.types())
        assert len(on.finished(DM)) == 1
        await tell(on, sim, opened.data["id"], {"action": "reply", "by": "Dana", "text": "Two weeks."})
        await on.until(lambda: passed(on, DM, root) == ["Two weeks."])
        await tell(on, sim, opened.data["id"], {"action": "hand_back", "by": "Dana"})
        await on.until(lambda: "handoff.handed_back" in sim.types())
        await answered(on, DM, root=root)
        sim.always("500")
        await on.until(lambda: [got for got in sim.got[-3:] if got.type == "ping"])
        await asyncio.sleep(0.5)
        on.slack.say(CUSTOMER, DM, ASKS)
        await on.until(lambda: len(on.finished(DM)) == 3)
        assert "can't reach anybody" in str(on.finished(DM)[-1])


STEPS = {
    "when the card is posted, and not noted": call("after", "chat.postMessage"),
    "when it is noted, and not finished": Step("after", HandoffStore, "put"),
}
QUICK: dict[str, Any] = {"slack_timeout_s": 0.5, "bot_lease_s": 3.0}


@pytest.fixture
async def redis(redis_server: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_server) as client:
        await client.flushall()
        yield client


@pytest.mark.parametrize("step", STEPS)
async def test_whenever_a_process_dies_it_is_told_once(
    tmp_path: Path, redis: Redis, redis_server: str, step: str
) -> None:
    async with helped(tmp_path, redis_url=redis_server, **QUICK) as (on, sim):
        await on.stop()
        root: list[str] = []
        code = await crash(
            on, STEPS[step], tmp_path / "bot.log", lambda: root.append(on.slack.say(CUSTOMER, DM, ASKS))
        )
        assert code == -9
        await on.start()
        await on.until(lambda: state(on, root[0]) == ("open", ""), 30)
        await on.until(lambda: sim.got, 30)
        await asyncio.sleep(1.0)
        assert {got.name for got in sim.got} == {sim.got[0].name}
        assert len(cards(on)) == 1


async def test_what_it_resolved_stays_so_whenever_a_process_dies(
    tmp_path: Path, redis: Redis, redis_server: str
) -> None:
    async with helped(tmp_path, redis_url=redis_server, **QUICK) as (on, sim):
        root, _ = await asked(on)
        await on.until(lambda: sim.got)
        await on.stop()
        sim.answers["handoff.claimed"] = {"action": "resolve", "by": "Dana", "text": "Done."}
        dies = Step("after", Agents, "_reply")

        def claim() -> None:
            card = cards(on, root)[0]
            value = card["metadata"]["event_payload"]["conversation"]
            on.slack.press(STAFF, TEAM_CHANNEL, card["ts"], "claim", value)

        assert await crash(on, dies, tmp_path / "bot.log", claim) == -9
        await on.start()
        await on.until(lambda: state(on, root) == ("resolved", "@Dana"), 30)
        await asyncio.sleep(1.0)
        assert passed(on, DM, root) == ["Done."]
        assert len({got.name for got in sim.got}) == len([got for got in sim.got if got.type != "ping"])
        assert json.loads(sim.got[-1].raw)["type"] == "handoff.resolved"
