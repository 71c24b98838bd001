"""What nobody planned: who had it leaves, a card is deleted, the team's channel is gone, nobody replies."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.people.store import Handoff
from bot.slack.people.signs import Signs
from tests.bot.slack.people.helping import (
    MATE,
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
from tests.bot.slack.serving import CHANNEL, CUSTOMER, DM, STAFF, TEAM_CHANNEL, Stage

OFTEN = {"bot_people_look_s": 0.2, "bot_staff_fresh_s": 0.3}
ASKS = "I would like to talk to a person, please."


def words_of(on: Stage, channel: str = DM) -> str:
    return "\n".join(f"{m['text']} {m.get('blocks')}" for m in on.answers(channel))


async def test_when_who_has_it_leaves_the_team_it_waits_for_somebody_again(tmp_path: Path) -> None:
    async with desk(tmp_path, **OFTEN) as on:
        root, _ = await asked(on)
        await claimed(on, root)
        on.slack.leave(STAFF, TEAM_CHANNEL)
        await on.until(lambda: state(on, root) == ("open", ""))
        (card,) = cards(on, root)
        assert f"<@{STAFF}> is no longer in this team" in str(card["blocks"])
        await answered(on, DM, root=root)
        await claimed(on, root, MATE)


async def test_a_card_that_was_deleted_is_posted_again_with_the_next_change(tmp_path: Path) -> None:
    async with desk(tmp_path) as on:
        root, card = await asked(on)
        await claimed(on, root)
        on.slack.delete(TEAM_CHANNEL, card["ts"])
        (answer,) = on.finished(DM)
        on.slack.shortcut(STAFF, DM, answer["ts"], "hand_back")
        await on.until(lambda: state(on, root) == ("handed_back", STAFF))
        (again,) = cards(on, root)
        assert again["ts"] != card["ts"]
        await pressed(on, "claim", root)
        on.slack.say(STAFF, TEAM_CHANNEL, "Hello", again["ts"])
        await on.until(lambda: passed(on, DM, root) == ["Hello"])


async def test_a_channel_that_is_archived_promises_nobody_and_gets_its_cards_when_it_is_back(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path, **OFTEN) as on:
        await answered(on, DM)
        with capture_logs() as logs:
            on.slack.archive(TEAM_CHANNEL)
            await on.until(lambda: [line for line in logs if line["event"] == "handoff.unreachable"])
            root = on.slack.say(CUSTOMER, DM, ASKS)
            await on.until(lambda: len(on.finished(DM)) == 2)
            await on.until(lambda: [line for line in logs if line["event"] == "handoff.without_card"])
        assert "can't reach anybody" in words_of(on)
        assert "bringing in a colleague" not in words_of(on)
        assert "'person'" not in str(on.finished(DM)[1]["blocks"])
        on.slack.workspace.channels[TEAM_CHANNEL].archived = False
        await on.until(lambda: state(on, root) == ("open", ""))
        assert len(cards(on)) == 1


async def test_a_bot_that_was_taken_out_posts_its_cards_when_it_is_back(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path, **OFTEN) as on:
        on.slack.kick_bot(TEAM_CHANNEL)
        with capture_logs() as logs:
            await on.until(lambda: [line for line in logs if line.get("why") == "not_in_channel"])
        root = on.slack.say(CUSTOMER, DM, ASKS)
        await on.until(lambda: on.finished(DM))
        await asyncio.sleep(0.5)
        assert "bringing in a colleague" not in words_of(on)
        on.slack.invite_bot(TEAM_CHANNEL)
        await on.until(lambda: state(on, root) == ("open", ""))


async def test_a_promise_that_cannot_be_kept_is_taken_back(tmp_path: Path) -> None:
    async with desk(tmp_path, bot_people_look_s=60.0) as on:
        on.slack.archive(TEAM_CHANNEL)
        on.slack.say(CUSTOMER, DM, ASKS)
        await on.until(lambda: "please don't wait here" in words_of(on))
        assert words_of(on).count("please don't wait here") == 1
        await answered(on, DM)
        assert "'person'" not in str(on.finished(DM)[-1]["blocks"])


async def test_a_claim_of_what_the_customer_deleted_says_so_and_is_kept(tmp_path: Path) -> None:
    async with desk(tmp_path) as on:
        root = await answered(on, CHANNEL)
        on.slack.delete(CHANNEL, root)
        on.slack.say(STAFF, CHANNEL, "Are you still there?", root)
        await on.until(lambda: state(on, root) == ("claimed", STAFF))
        assert "deleted the message" in str(cards(on, root)[0]["blocks"])


async def test_a_reply_that_slack_takes_nowhere_is_said_below_the_card(tmp_path: Path) -> None:
    async with desk(tmp_path) as on:
        on.slack.invite_bot("C0GONE")
        root = await answered(on, "C0GONE")
        on.slack.press(CUSTOMER, "C0GONE", on.finished("C0GONE")[0]["ts"], "person")
        (card,) = await on.until(lambda: cards(on, root))
        on.slack.archive("C0GONE")
        on.slack.say(STAFF, TEAM_CHANNEL, "Hello", card["ts"])
        (said,) = await on.until(lambda: passed(on, TEAM_CHANNEL, card["ts"]))
        assert said.startswith("This did not reach the customer")
        assert told(on, STAFF) == []


async def test_a_customer_who_waits_too_long_is_answered_by_the_bot_and_the_card_says_why(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path, bot_return_after_minutes=1 / 60, **OFTEN) as on:
        root, _ = await asked(on)
        await claimed(on, root)
        await asyncio.sleep(1.3)
        assert state(on, root) == ("claimed", STAFF)  # the customer has not written: nobody waits
        on.slack.say(CUSTOMER, DM, "How long may I keep a tent?", root)
        await on.until(lambda: state(on, root) == ("handed_back", ""))
        await on.until(lambda: len(on.finished(DM)) == 2)
        assert "tent" in asked_of_model(on)
        assert "waited too long" in str(cards(on, root)[0]["blocks"])


async def test_what_comes_while_the_bot_gets_the_conversation_back_is_answered_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_again, found = Signs.answer_again, asyncio.Event()

    async def with_another(self: Signs, known: Handoff, since: float) -> None:
        on.slack.say(CUSTOMER, DM, "And how long a bicycle?", root)
        async with asyncio.timeout(20):
            while not (await self.handoffs.inbox.stats()).waiting:
                await asyncio.sleep(0.01)
        found.set()
        await answer_again(self, known, since)

    monkeypatch.setattr(Signs, "answer_again", with_another)
    async with desk(tmp_path, bot_return_after_minutes=1 / 60, **OFTEN) as on:
        root, _ = await asked(on)
        await claimed(on, root)
        on.slack.say(CUSTOMER, DM, "How long may I keep a tent?", root)
        await found.wait()
        await on.until(lambda: len(_named(on)) >= 3)
        await on.stop()
        assert len(_named(on)) == len(set(_named(on))) == 3
        assert _named(on) == sorted(_named(on))


def _named(on: Stage) -> list[str]:
    """Return what the bot's answers say that they answer."""
    return [name for m in on.finished(DM) for name in m["metadata"]["event_payload"]["messages"]]
