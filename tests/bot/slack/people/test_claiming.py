"""Who takes a conversation over, and how: by the card, a shortcut, or by writing in it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from graph.records.ledger import read_ledger
from tests.bot.slack.people.helping import (
    MATE,
    STRANGER,
    answered,
    asked,
    asked_of_model,
    cards,
    claimed,
    conversation,
    desk,
    pressed,
    state,
    told,
)
from tests.bot.slack.serving import CHANNEL, CUSTOMER, DM, QUESTION, STAFF, TEAM_CHANNEL

QUIET_S = 0.4
"""In which a bot that is not quiet would have answered."""


async def test_a_colleague_who_writes_in_a_thread_has_it_and_a_card_is_there(tmp_path: Path) -> None:
    async with desk(tmp_path) as on:
        root = await answered(on, CHANNEL)
        on.slack.say(STAFF, CHANNEL, f"<@{CUSTOMER}> Let me look at your jacket.", root)
        await on.until(lambda: state(on, root) == ("claimed", STAFF))
        (card,) = cards(on, root)
        assert "resolve" in str(card["blocks"])
        assert "hand_back" in str(card["blocks"])
        on.slack.say(CUSTOMER, CHANNEL, "Thank you! It is blue.", root)
        on.slack.say(CUSTOMER, CHANNEL, f"<@{on.slack.settings.bot_user}> {QUESTION}", root)
        await asyncio.sleep(QUIET_S)
        assert len(on.finished(CHANNEL)) == 1
        await pressed(on, "hand_back", root, channel=CHANNEL)
        await answered(on, CHANNEL, "And how long for a tent?", root)
        request = asked_of_model(on)
    assert "Let me look at your jacket." in request
    assert "It is blue." in request


async def test_a_colleague_who_opened_the_thread_is_its_customer(tmp_path: Path) -> None:
    async with desk(tmp_path) as on:
        root = on.slack.say(STAFF, CHANNEL, f"<@{on.slack.settings.bot_user}> {QUESTION}")
        await on.until(lambda: on.finished(CHANNEL))
        on.slack.say(STAFF, CHANNEL, "And for a tent?", root)
        await on.until(lambda: len(on.finished(CHANNEL)) == 2)
        assert cards(on) == []


async def test_a_stranger_s_word_is_no_claim_and_their_press_changes_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path) as on:
        root = await answered(on, CHANNEL)
        on.slack.say(STRANGER, CHANNEL, "What about tents?", root)
        await on.until(lambda: len(on.finished(CHANNEL)) == 2)
        root, card = await asked(on)
        on.slack.workspace.channel(TEAM_CHANNEL)
        on.slack.workspace.channels[TEAM_CHANNEL].members.add("U0APP")
        on.slack.person("U0APP", bot_id="B0APP")
        for nobody in (STRANGER, CUSTOMER):
            on.slack.press(nobody, TEAM_CHANNEL, card["ts"], "claim", conversation(on, root))
        refused = await on.until(
            lambda: [c for c in on.slack.calls_of("chat.postEphemeral") if "Only members" in c.words()]
        )
        assert {call.args["user"] for call in refused} <= {STRANGER, CUSTOMER}
        assert state(on, root) == ("open", "")


async def test_who_comes_second_hears_who_has_it_and_so_does_who_claims_twice(tmp_path: Path) -> None:
    async with desk(tmp_path) as on:
        root, card = await asked(on)
        await claimed(on, root)
        name = conversation(on, root)
        on.slack.press(MATE, TEAM_CHANNEL, card["ts"], "resolve", name)  # may be done by any of them
        await on.until(lambda: state(on, root) == ("resolved", MATE))
        await claimed(on, root)
        for who in (MATE, STAFF):
            on.slack.shortcut(who, TEAM_CHANNEL, card["ts"], "claim")
        await on.until(lambda: told(on, MATE) and told(on, STAFF))
        assert told(on, MATE) == [f"<@{STAFF}> has this conversation already. Nothing has changed."]
        assert told(on, STAFF) == ["You have this conversation already."]


async def test_a_resolved_conversation_is_the_bot_s_again_and_may_be_claimed_again(tmp_path: Path) -> None:
    async with desk(tmp_path) as on:
        root, _ = await asked(on)
        await claimed(on, root)
        await pressed(on, "resolve", root)
        await answered(on, DM, root=root)
        await claimed(on, root, MATE)
        on.slack.say(CUSTOMER, DM, "Are you there?", root)
        await asyncio.sleep(QUIET_S)
        assert len(on.finished(DM)) == 2
        assert len(cards(on)) == 1


async def test_shortcuts_in_the_thread_do_what_the_card_does(tmp_path: Path) -> None:
    async with desk(tmp_path) as on:
        root = await answered(on, CHANNEL)
        (answer,) = on.finished(CHANNEL)
        became: list[str] = []
        for callback in ("claim", "hand_back", "resolve"):
            on.slack.shortcut(STAFF, CHANNEL, answer["ts"], callback)
            became.append(await on.until(lambda: (now := state(on, root)[0]) not in ("", *became) and now))
        assert became == ["claimed", "handed_back", "resolved"]
        elsewhere = on.slack.say(CUSTOMER, CHANNEL, "Lunch?")
        on.slack.shortcut(STAFF, CHANNEL, elsewhere, "claim")
        await on.until(lambda: any("takes no part" in words for words in told(on, STAFF)))
        on.slack.shortcut(CUSTOMER, CHANNEL, answer["ts"], "claim")
        await on.until(lambda: any("Only members" in words for words in told(on, CUSTOMER)))
        assert state(on, root) == ("resolved", STAFF)


async def test_an_answer_ends_at_once_when_a_colleague_writes_and_what_waits_is_theirs(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path, tokens_per_s=8) as on:
        root = on.slack.say(CUSTOMER, CHANNEL, f"<@{on.slack.settings.bot_user}> {QUESTION}")
        await on.until(lambda: on.slack.calls_of("chat.startStream"))
        on.slack.say(CUSTOMER, CHANNEL, "And for a tent?", root)
        await asyncio.sleep(0.1)
        on.slack.say(STAFF, CHANNEL, "I am here, one moment.", root)
        (answer,) = await on.until(lambda: on.finished(CHANNEL), 2.0)
        await on.until(lambda: state(on, root) == ("claimed", STAFF))
        await asyncio.sleep(QUIET_S)
        assert len(on.answers(CHANNEL)) == 1
        assert "Somebody from our team continues here." in str(answer["blocks"]) + answer["text"]
        await on.stop()
        (turn,) = read_ledger(tmp_path / "data").turns
    assert (turn.record.outcome, turn.record.route.by) == ("stopped", "person")


async def test_an_answer_without_a_word_yet_is_not_begun_when_a_colleague_writes(tmp_path: Path) -> None:
    async with desk(tmp_path, tokens_per_s=0.5, bot_drain_s=0.1) as on:
        root = on.slack.say(CUSTOMER, CHANNEL, f"<@{on.slack.settings.bot_user}> {QUESTION}")
        await on.until(lambda: on.vendor.requests)
        on.slack.say(STAFF, CHANNEL, "I am here, one moment.", root)
        await on.until(lambda: state(on, root) == ("claimed", STAFF), 4.0)
        assert on.answers(CHANNEL) == []
        # What the model was asked for it has its price in the ledger, and answers no message.
        (overtaken,) = read_ledger(tmp_path / "data").turns
        assert (overtaken.record.outcome, overtaken.record.messages) == ("stopped", ())
        assert len(overtaken.record.calls) == 1
        await pressed(on, "hand_back", root, channel=CHANNEL)
        seen = len(on.vendor.requests)
        on.slack.say(CUSTOMER, CHANNEL, "And for a tent?", root)
        await on.until(lambda: len(on.vendor.requests) > seen)
        assert "jacket" in asked_of_model(on)
