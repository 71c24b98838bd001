"""Draft channels: the customer sees nothing until a person sends, and then one answer, as it was sent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from bot.people.store import Handoff, HandoffStore
from evals.bench.serving import free_port
from evals.sim.slack.settings import SlackSettings
from tests.bot.slack.control.managing import (
    CUSTOMER,
    OTHER,
    STAFF,
    ask,
    buttons,
    cards,
    kept,
    managed,
    whispers,
    words_of,
)
from tests.bot.slack.failing import saying
from tests.bot.slack.serving import CHANNEL, QUESTION, TEAM_CHANNEL, Stage, over_http

DRAFTS = f'[channels.{CHANNEL}]\nmode = "draft"\n'
SHOWN = ("chat.startStream", "assistant.threads.setStatus", "agents.sessions.setStatus")


async def drafted(on: Stage, words: str = QUESTION) -> tuple[str, dict[str, Any]]:
    """Ask, and wait for the card of the answer."""
    before = len(cards(on))
    asked = ask(on, words)
    await on.until(lambda: len(cards(on)) > before)
    return asked, cards(on)[-1]


async def test_a_draft_is_seen_by_the_team_alone_until_it_is_sent(tmp_path: Path, redis_server: str) -> None:
    async with managed(tmp_path, redis_server, channels=DRAFTS) as (on, _):
        asked, card = await drafted(on)
        turn = f"{on.slack.settings.team}:{CHANNEL}:{asked}"
        assert buttons(card) == {"draft_send", "draft_edit", "draft_discard"}
        assert QUESTION in words_of(card)
        await asyncio.sleep(0.3)
        assert not on.answers(CHANNEL)
        assert not [call for call in on.slack.calls if call.method in SHOWN]
        on.slack.press(STAFF, TEAM_CHANNEL, card["ts"], "draft_send")
        (answer,) = await on.until(lambda: on.finished(CHANNEL))
        assert answer["thread_ts"] == asked
        assert turn in answer["metadata"]["event_payload"]["messages"]
        assert "rate" in buttons(answer)
        await on.until(lambda: not buttons(cards(on)[0]))
        assert f"Sent by <@{STAFF}>" in words_of(cards(on)[0])
        on.slack.press(CUSTOMER, CHANNEL, answer["ts"], "rate", f"up:{turn}")
        await on.until(lambda: whispers(on))
        await on.stop()
        turns, texts = await kept(on)
    assert turns[turn].outcome == "answered"
    assert turns[turn].first_words_ms is not None
    review = texts[turn].review
    assert review is not None
    assert (review.how, review.by, review.draft) == ("same", STAFF, texts[turn].answer)
    assert texts[turn].asked == (QUESTION,)


async def test_a_changed_draft_is_sent_as_changed_and_both_are_kept(
    tmp_path: Path, redis_server: str
) -> None:
    async with managed(tmp_path, redis_server, channels=DRAFTS) as (on, _):
        asked, card = await drafted(on)
        on.slack.press(STAFF, TEAM_CHANNEL, card["ts"], "draft_edit")
        (dialogue,) = await on.until(lambda: on.slack.workspace.surfaces.modals)
        first = dialogue["blocks"][0]["element"]["initial_value"]
        assert first in words_of(card)
        on.slack.submit(STAFF, {"text:0": "30 days, <!channel>. See https://track.example/x"})
        (answer,) = await on.until(lambda: on.finished(CHANNEL))
        assert "https://track.example/x" in words_of(answer)
        assert "<!channel>" not in words_of(answer)
        on.slack.say(CUSTOMER, CHANNEL, "And for a tent?", thread_ts=asked)
        await on.until(lambda: len(cards(on)) == 2)
        await on.stop()
        _, texts = await kept(on)
        # The next answer knows what the customer saw, not what the bot would have said.
        last = str(on.vendor.requests[-1].body["messages"])
        assert "track.example" in last
        assert first[:40] not in last
    review = texts[f"{on.slack.settings.team}:{CHANNEL}:{asked}"].review
    assert review is not None
    assert (review.how, review.draft) == ("edited", first)


async def test_who_discards_a_draft_has_the_conversation(tmp_path: Path, redis_server: str) -> None:
    async with managed(tmp_path, redis_server, channels=DRAFTS) as (on, _):
        asked, card = await drafted(on)
        on.slack.press(STAFF, TEAM_CHANNEL, card["ts"], "draft_discard")
        await on.until(lambda: not buttons(cards(on)[0]))
        await on.until(lambda: cards(on, "bot_handoff"))
        await on.until(lambda: "hand_back" in buttons(cards(on, "bot_handoff")[0]))
        requests = len(on.vendor.requests)
        on.slack.say(CUSTOMER, CHANNEL, "Hello?", thread_ts=asked)
        await asyncio.sleep(0.3)
        assert len(on.vendor.requests) == requests  # a person has it
        assert not on.answers(CHANNEL)
        await on.stop()
        turns, texts = await kept(on)
    turn = f"{on.slack.settings.team}:{CHANNEL}:{asked}"
    assert (turns[turn].outcome, turns[turn].route.by) == ("handed_off", "person")
    review = texts[turn].review
    assert review is not None
    assert (review.how, texts[turn].answer) == ("discarded", "")


async def test_of_two_people_the_first_one_counts(tmp_path: Path, redis_server: str) -> None:
    async with managed(tmp_path, redis_server, channels=DRAFTS) as (on, _):
        _, card = await drafted(on)
        on.slack.press(STAFF, TEAM_CHANNEL, card["ts"], "draft_edit")
        await on.until(lambda: on.slack.workspace.surfaces.modals)
        on.slack.press(OTHER, TEAM_CHANNEL, card["ts"], "draft_send")
        on.slack.submit(STAFF, {"text:0": "Something else."})
        on.slack.press(OTHER, TEAM_CHANNEL, card["ts"], "draft_send")
        on.slack.press(OTHER, TEAM_CHANNEL, card["ts"], "draft_discard")
        await on.until(lambda: len([w for w in whispers(on) if "already" in w]) == 3)
        assert len(on.answers(CHANNEL)) == 1
        assert not cards(on, "bot_handoff")


async def test_only_the_team_sends(tmp_path: Path, redis_server: str) -> None:
    async with managed(tmp_path, redis_server, channels=DRAFTS) as (on, _):
        _, card = await drafted(on)
        on.slack.press(CUSTOMER, TEAM_CHANNEL, card["ts"], "draft_edit")
        on.slack.press(CUSTOMER, TEAM_CHANNEL, card["ts"], "draft_send")
        on.slack.press(STAFF, TEAM_CHANNEL, card["ts"], "draft_discard")
        await on.until(lambda: not buttons(cards(on)[0]))
        assert f"Discarded by <@{STAFF}>" in words_of(cards(on)[0])
        assert not on.answers(CHANNEL)
        assert not on.slack.workspace.surfaces.modals


async def test_a_card_that_was_deleted_or_a_draft_that_is_not_kept_hinders_nobody(
    tmp_path: Path, redis_server: str
) -> None:
    async with managed(tmp_path, redis_server, channels=DRAFTS) as (on, redis):
        _, card = await drafted(on)
        on.slack.press(STAFF, TEAM_CHANNEL, card["ts"], "draft_edit")
        await on.until(lambda: on.slack.workspace.surfaces.modals)
        on.slack.delete(TEAM_CHANNEL, card["ts"])
        on.slack.submit(STAFF)
        await on.until(lambda: on.finished(CHANNEL))
        _, card = await drafted(on, "And how long for a tent?")
        await redis.delete(*await redis.keys("{bot}:*:draft:*"))
        on.slack.press(STAFF, TEAM_CHANNEL, card["ts"], "draft_send")
        await on.until(lambda: [w for w in whispers(on) if "not kept any more" in w])
        assert len(on.answers(CHANNEL)) == 1


async def test_where_nobody_can_see_a_draft_the_customer_is_told_honestly(
    tmp_path: Path, redis_server: str
) -> None:
    async with managed(tmp_path, redis_server, channels=DRAFTS) as (on, _):
        on.slack.archive(TEAM_CHANNEL)
        asked = ask(on, QUESTION)
        (answer,) = await on.until(lambda: on.finished(CHANNEL))
        assert "nobody can answer here at the moment" in words_of(answer)
        assert not cards(on)
        requests = len(on.vendor.requests)
        ask(on, "And how long for a tent?")
        await on.until(lambda: len(on.finished(CHANNEL)) == 2)
        assert len(on.vendor.requests) == requests  # by now it is known that nobody would see it
        await on.stop()
        turns, texts = await kept(on)
    assert {turn.outcome for turn in turns.values()} == {"handed_off"}
    assert all("30 days" not in text.answer for text in texts.values())
    assert asked


async def test_a_wish_for_a_person_is_the_ordinary_card(tmp_path: Path, redis_server: str) -> None:
    async with managed(tmp_path, redis_server, channels=DRAFTS) as (on, _):
        ask(on, "I want to talk to a person, please.")
        (card,) = await on.until(lambda: cards(on, "bot_handoff"))
        assert "claim" in buttons(card)
        await asyncio.sleep(0.2)
        assert not on.answers(CHANNEL)
        assert not cards(on)


async def test_a_long_draft_is_edited_in_several_fields_and_sent_in_several_messages(
    tmp_path: Path, redis_server: str
) -> None:
    long = "\n\n".join(f"{n}. Dafür: " + "üüüüüüü " * 40 for n in range(15))
    async with managed(tmp_path, redis_server, channels=DRAFTS, rule=saying(long)) as (on, _):
        asked, card = await drafted(on)
        on.slack.press(STAFF, TEAM_CHANNEL, card["ts"], "draft_edit")
        (dialogue,) = await on.until(lambda: on.slack.workspace.surfaces.modals)
        assert len(dialogue["blocks"]) == 2
        on.slack.submit(STAFF)
        await on.until(lambda: len(on.finished(CHANNEL)) == 2)
        await on.until(lambda: not buttons(cards(on)[0]))
        shown = "".join(words_of(m) for m in on.finished(CHANNEL))
        assert all(f"{n}. Dafür" in shown for n in range(15))
        assert "rate" not in buttons(on.finished(CHANNEL)[0])
        await on.stop()
        _, texts = await kept(on)
    review = texts[f"{on.slack.settings.team}:{CHANNEL}:{asked}"].review
    assert review is not None
    assert review.how == "same"


async def test_a_customer_who_goes_on_writing_gets_a_draft_for_each(
    tmp_path: Path, redis_server: str
) -> None:
    async with managed(tmp_path, redis_server, channels=DRAFTS) as (on, _):
        asked, first = await drafted(on)
        on.slack.say(CUSTOMER, CHANNEL, "And how long for a tent?", thread_ts=asked)
        await on.until(lambda: len(cards(on)) == 2)
        second = cards(on)[1]
        on.slack.press(OTHER, TEAM_CHANNEL, second["ts"], "draft_send")
        on.slack.press(STAFF, TEAM_CHANNEL, first["ts"], "draft_send")
        await on.until(lambda: len(on.finished(CHANNEL)) == 2)
        assert {m["thread_ts"] for m in on.answers(CHANNEL)} == {asked}


async def test_nothing_is_sent_into_a_conversation_that_somebody_else_has(
    tmp_path: Path, redis_server: str
) -> None:
    async with managed(tmp_path, redis_server, channels=DRAFTS) as (on, redis):
        asked, card = await drafted(on)
        conversation = f"{on.slack.settings.team}:{CHANNEL}:{asked}"
        await HandoffStore(redis, on.slack.settings.team).put(
            Handoff(conversation, CUSTOMER, state="claimed", by=OTHER)
        )
        on.slack.press(STAFF, TEAM_CHANNEL, card["ts"], "draft_send")
        await on.until(lambda: [w for w in whispers(on) if f"<@{OTHER}> has this conversation" in w])
        assert not on.answers(CHANNEL)


async def test_a_message_that_is_changed_while_its_draft_is_made_is_answered_as_it_is_then(
    tmp_path: Path, redis_server: str
) -> None:
    rule = saying("You have 30 days.", ttft_s=0.3)
    async with managed(tmp_path, redis_server, channels=DRAFTS, rule=rule) as (on, _):
        asked = ask(on, QUESTION)
        await on.until(lambda: on.vendor.requests)
        on.slack.edit(CUSTOMER, CHANNEL, asked, f"<@{on.slack.settings.bot_user}> How long for a tent?")
        (card,) = await on.until(lambda: cards(on))
        assert "How long for a tent?" in words_of(card)
        assert QUESTION not in words_of(card)
        on.slack.press(STAFF, TEAM_CHANNEL, card["ts"], "draft_send")
        await on.until(lambda: on.finished(CHANNEL))
        assert len(cards(on)) == len(on.answers(CHANNEL)) == 1


async def test_buttons_and_dialogues_work_over_http_too(tmp_path: Path, redis_server: str) -> None:
    port = free_port()
    http = over_http(SlackSettings(), port)
    async with managed(tmp_path, redis_server, channels=DRAFTS, slack=http, port=port, start=False) as (
        on,
        _,
    ):
        await on.start("http")
        _, card = await drafted(on)
        on.slack.press(STAFF, TEAM_CHANNEL, card["ts"], "draft_edit")
        await on.until(lambda: on.slack.workspace.surfaces.modals)
        on.slack.submit(STAFF, {"text:0": "Thirty days."})
        (answer,) = await on.until(lambda: on.finished(CHANNEL))
        assert "Thirty days." in words_of(answer)


async def test_what_cannot_be_posted_any_more_is_said_and_the_draft_stays(
    tmp_path: Path, redis_server: str
) -> None:
    async with managed(tmp_path, redis_server, channels=DRAFTS) as (on, _):
        _, card = await drafted(on)
        on.slack.archive(CHANNEL)
        on.slack.press(STAFF, TEAM_CHANNEL, card["ts"], "draft_send")
        await on.until(lambda: [w for w in whispers(on) if "could not be sent" in w])
        on.slack.press(OTHER, TEAM_CHANNEL, card["ts"], "draft_discard")
        await on.until(lambda: not buttons(cards(on)[0]))
        assert not on.answers(CHANNEL)
        assert f"Discarded by <@{OTHER}>" in words_of(cards(on)[0])
