"""What passes between a customer and a colleague who cannot see the conversation."""

from __future__ import annotations

import asyncio
from pathlib import Path

from evals.sim.slack.settings import SCOPES, SlackSettings
from evals.sim.slack.shapes import SentFile
from tests.bot.slack.people.helping import (
    STRANGER,
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
from tests.bot.slack.serving import CUSTOMER, DM, STAFF, TEAM_CHANNEL, Stage


async def test_replies_below_the_card_reach_the_customer_and_theirs_come_back(tmp_path: Path) -> None:
    async with desk(tmp_path) as on:
        root, card = await asked(on)
        for number in range(3):
            words = f"Hello {number}. <!channel> see https://dhl.example/1"
            on.slack.say(STAFF, TEAM_CHANNEL, words, card["ts"])
        await on.until(lambda: len(passed(on, DM, root)) == 3)
        assert state(on, root) == ("claimed", STAFF)
        there = passed(on, DM, root)
        assert [text.split(".")[0] for text in there] == ["Hello 0", "Hello 1", "Hello 2"]
        assert "https://dhl.example/1" in there[0]
        assert not any("<!" in text or "@channel" in text for text in there)
        relayed = [m for m in on.slack.messages(DM, root) if m.get("username")]
        assert {m["username"] for m in relayed} == {"sam"}
        file = SentFile("order.csv", b"1,tent\n", "text/csv")
        on.slack.say(CUSTOMER, DM, "My order <!here>", root, files=(file,))
        on.slack.say(CUSTOMER, DM, "It is late.", root)
        await on.until(lambda: len(passed(on, TEAM_CHANNEL, card["ts"])) == 2)
        first, second = passed(on, TEAM_CHANNEL, card["ts"])
        assert first.startswith(f"<@{CUSTOMER}>: My order")
        assert "order.csv" in first
        assert "<!here>" not in first
        assert "It is late." in second
        await pressed(on, "hand_back", root)
        await answered(on, DM, root=root)
        request = asked_of_model(on)
    assert "Hello 2." in request
    assert "It is late." in request


async def test_changes_and_deletions_follow_on_both_sides(tmp_path: Path) -> None:
    async with desk(tmp_path) as on:
        root, card = await asked(on)
        reply = on.slack.say(STAFF, TEAM_CHANNEL, "It costs 5 euros.", card["ts"])
        await on.until(lambda: passed(on, DM, root))
        on.slack.edit(STAFF, TEAM_CHANNEL, reply, "It costs 6 euros.")
        await on.until(lambda: passed(on, DM, root) == ["It costs 6 euros."])
        theirs = on.slack.say(CUSTOMER, DM, "Too much!", root)
        await on.until(lambda: passed(on, TEAM_CHANNEL, card["ts"]))
        on.slack.edit(CUSTOMER, DM, theirs, "Fine!")
        await on.until(lambda: passed(on, TEAM_CHANNEL, card["ts"]) == [f"<@{CUSTOMER}>: Fine!"])
        on.slack.delete(DM, theirs)
        gone = "_The customer took this message back._"
        await on.until(lambda: passed(on, TEAM_CHANNEL, card["ts"]) == [gone])
        on.slack.delete(TEAM_CHANNEL, reply)
        await on.until(lambda: passed(on, DM, root) == [])


async def test_what_names_a_colleague_stays_in_the_team_and_they_are_told(tmp_path: Path) -> None:
    async with desk(tmp_path) as on:
        root, card = await asked(on)
        on.slack.say(STAFF, TEAM_CHANNEL, "<@U0MATE> do you know this one?", card["ts"])
        await on.until(lambda: any("stays in the team" in words for words in told(on, STAFF)))
        on.slack.say(STAFF, TEAM_CHANNEL, f"<@{CUSTOMER}> hello!", card["ts"])
        await on.until(lambda: passed(on, DM, root))
        assert passed(on, DM, root) == [f"@{CUSTOMER} hello!"]


async def test_without_the_scope_a_name_stands_in_front(tmp_path: Path) -> None:
    scopes = tuple(scope for scope in SCOPES if scope != "chat:write.customize")
    async with desk(tmp_path, slack=SlackSettings(scopes=scopes)) as on:
        root, card = await asked(on)
        for number in range(2):
            on.slack.say(STAFF, TEAM_CHANNEL, f"Hello {number}.", card["ts"])
        await on.until(lambda: len(passed(on, DM, root)) == 2)
        assert passed(on, DM, root) == ["*sam:* Hello 0.", "*sam:* Hello 1."]
        assert sum(c.error == "missing_scope" for c in on.slack.calls_of("chat.postMessage")) == 1


async def test_what_the_customer_wrote_before_anybody_came_is_shown_to_who_claims(tmp_path: Path) -> None:
    async with desk(tmp_path, tokens_per_s=20, bot_drain_s=0.1) as on:
        root, card = await asked(on)
        on.slack.say(CUSTOMER, DM, "How long do I have to send back a tent?", root)
        await on.until(lambda: len(on.slack.calls_of("chat.startStream")) > 1)
        on.slack.say(CUSTOMER, DM, "Or a jacket?", root)
        await asyncio.sleep(0.1)
        await claimed(on, root)
        await on.until(lambda: passed(on, TEAM_CHANNEL, card["ts"]))
        await asyncio.sleep(0.3)
        (waited,) = passed(on, TEAM_CHANNEL, card["ts"])
        assert waited == f"<@{CUSTOMER}>: Or a jacket?"


async def test_a_private_channel_is_hidden_from_who_is_not_in_it_and_a_public_one_is_not(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as on:
        for channel, hidden in (("G0CLUB", True), ("C0OPEN", False), ("C0SHARED", True)):
            on.slack.invite_bot(channel)
            if channel == "C0SHARED":
                on.slack.share(channel)
            await hidden_or_not(on, channel, hidden=hidden)


async def hidden_or_not(on: Stage, channel: str, *, hidden: bool) -> None:
    root = await answered(on, channel)
    on.slack.press(CUSTOMER, channel, on.finished(channel)[0]["ts"], "person")
    await on.until(lambda: cards(on, root))
    await claimed(on, root, channel=channel)
    card = cards(on, root)[-1]
    on.slack.say(CUSTOMER, channel, "Hello?", root)
    if hidden:
        await on.until(lambda: passed(on, TEAM_CHANNEL, card["ts"]))
    else:
        await asyncio.sleep(0.3)
        assert passed(on, TEAM_CHANNEL, card["ts"]) == []
    on.slack.say(STAFF, TEAM_CHANNEL, "Here I am.", card["ts"])
    await on.until(lambda: passed(on, channel, root) == ["Here I am."])


async def test_a_stranger_below_the_card_is_not_passed_on(tmp_path: Path) -> None:
    async with desk(tmp_path) as on:
        root, card = await asked(on)
        on.slack.say(STRANGER, TEAM_CHANNEL, "Hello", card["ts"])
        on.slack.leave(STRANGER, TEAM_CHANNEL)
        await asyncio.sleep(0.4)
        assert passed(on, DM, root) == []
        assert state(on, root) == ("open", "")
