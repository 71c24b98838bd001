"""The bot in Slack, as its customers and its team see it; both stand-ins speak real HTTP and WebSockets."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from evals.bench.serving import free_port
from evals.sim import DefaultRule, Reply
from evals.sim.slack.settings import SlackSettings
from evals.sim.slack.shapes import SentFile
from graph.records.ledger import read_ledger
from graph.state_store import open_state
from tests.bot.slack.serving import CHANNEL, CUSTOMER, DM, QUESTION, TEAM_CHANNEL, Stage, over_http, stage


def text_of(message: dict[str, Any]) -> str:
    """Return all words of a message, wherever they stand in it."""
    blocks = message.get("blocks") or []
    return f"{message.get('text', '')}\n{json.dumps(blocks, ensure_ascii=False)}"


def actions(message: dict[str, Any]) -> set[str]:
    """Return the ids of a message's buttons."""
    elements = [e for block in message.get("blocks") or [] for e in block.get("elements") or []]
    return {str(element["action_id"]) for element in elements if "action_id" in element}


def calls(on: Stage, method: str) -> list[dict[str, Any]]:
    """Return the arguments of the calls of a method that went well."""
    return [call.args for call in on.slack.calls if call.method == method and call.ok]


async def test_a_question_is_answered_by_one_streamed_message(tmp_path: Path) -> None:
    async with stage(tmp_path, rule=DefaultRule(ttft_s=0.05, tokens_per_s=200)) as on:
        asked = on.slack.say(CUSTOMER, DM, QUESTION)
        (answer,) = await on.until(on.finished)
        await on.stop()
        (turn,) = read_ledger(tmp_path / "data").turns
        assert answer["thread_ts"] == asked
        message_id = f"{on.slack.settings.team}:{DM}:{asked}"
        payload = answer["metadata"]["event_payload"]
        assert payload == {"turn": message_id, "messages": [message_id]}
        assert "rate" in actions(answer)
        assert len(calls(on, "chat.startStream")) == 1
        assert len(calls(on, "chat.stopStream")) == 1
        assert len(on.answers()) == 1
    record = turn.record
    assert (record.turn_id, record.outcome, record.messages) == (message_id, "answered", (message_id,))
    assert record.conversation == message_id
    assert record.first_words_ms is not None
    assert record.delivery_ms is not None
    assert record.first_words_ms < record.total_ms


async def test_a_mention_is_answered_in_its_thread_and_so_are_follow_ups_without_one(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        bot = on.slack.settings.bot_user
        on.slack.say(CUSTOMER, CHANNEL, "Has anybody seen my keys?")
        root = on.slack.say(CUSTOMER, CHANNEL, f"<@{bot}> {QUESTION}")
        await on.until(lambda: on.finished(CHANNEL))
        on.slack.say(CUSTOMER, CHANNEL, "<@U0OTHER> what do you think?", thread_ts=root)
        on.slack.say(CUSTOMER, CHANNEL, "And how long if it is a tent?", thread_ts=root)
        await on.until(lambda: len(on.finished(CHANNEL)) == 2)
        assert {m["thread_ts"] for m in on.answers(CHANNEL)} == {root}
        assert len(on.answers(CHANNEL)) == 2


async def test_messages_that_wait_are_answered_as_one_turn(tmp_path: Path) -> None:
    async with stage(tmp_path, rule=DefaultRule(ttft_s=0.3, tokens_per_s=None)) as on:
        root = on.slack.say(CUSTOMER, DM, QUESTION)
        await on.until(lambda: on.vendor.requests)
        more = [on.slack.say(CUSTOMER, DM, f"And if it is a tent? {n}", thread_ts=root) for n in range(3)]
        await on.until(lambda: len(on.finished()) == 2)
        named = [m["metadata"]["event_payload"]["messages"] for m in on.finished()]
        team = on.slack.settings.team
        assert named == [[f"{team}:{DM}:{root}"], [f"{team}:{DM}:{ts}" for ts in more]]


async def test_it_works_over_http_with_a_real_redis(tmp_path: Path, redis_server: str) -> None:
    async with open_state(redis_server) as redis:
        await redis.flushdb()
    port = free_port()
    settings = over_http(SlackSettings(), port)
    async with stage(tmp_path, redis_url=redis_server, slack=settings, port=port, start=False) as on:
        await on.start("http")
        on.slack.say(CUSTOMER, DM, QUESTION)
        (answer,) = await on.until(on.finished)
        assert answer["thread_ts"]


async def test_a_rating_by_button_and_one_by_emoji_reach_the_ledger(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        asked = on.slack.say(CUSTOMER, DM, QUESTION)
        (answer,) = await on.until(on.finished)
        turn = answer["metadata"]["event_payload"]["turn"]
        on.slack.press(CUSTOMER, DM, answer["ts"], "rate", f"down:{turn}")
        await on.until(lambda: calls(on, "chat.postEphemeral"))
        on.slack.react("U0OTHER", DM, answer["ts"], "thumbsup::skin-tone-3")
        ledger = tmp_path / "data"
        await on.until(lambda: len(read_ledger(ledger).turns[0].ratings) == 2)
        on.slack.unreact("U0OTHER", DM, answer["ts"], "thumbsup::skin-tone-3")
        await on.until(lambda: len(read_ledger(ledger).turns[0].ratings) == 1)
    (rating,) = read_ledger(ledger).turns[0].ratings
    assert (rating.who, rating.person, rating.value, rating.via) == ("asker", CUSTOMER, "down", "button")
    assert rating.turn_id == turn
    assert asked


async def test_a_person_takes_over_and_the_bot_is_quiet_until_it_is_handed_back(tmp_path: Path) -> None:
    async with stage(tmp_path, bot_handoff_channel=TEAM_CHANNEL) as on:
        root = on.slack.say(CUSTOMER, DM, QUESTION)
        (answer,) = await on.until(on.finished)
        assert "person" in actions(answer)
        turn = answer["metadata"]["event_payload"]["turn"]
        on.slack.press(CUSTOMER, DM, answer["ts"], "person", turn)
        (card,) = await on.until(lambda: on.answers(TEAM_CHANNEL))
        await on.until(lambda: len(on.finished()) == 2)
        assert "person" not in actions(on.finished()[1])
        conversation = f"{on.slack.settings.team}:{DM}:{root}"
        on.slack.press("U0STAFF", TEAM_CHANNEL, card["ts"], "claim", conversation)
        await on.until(lambda: "U0STAFF" in text_of(on.answers(TEAM_CHANNEL)[0]))
        on.slack.say(CUSTOMER, DM, "Are you a person?", thread_ts=root)
        on.slack.say("U0STAFF", DM, "Yes. What is it about?", thread_ts=root)
        await asyncio.sleep(0.3)
        assert len(on.finished()) == 2
        on.slack.press("U0STAFF", TEAM_CHANNEL, card["ts"], "hand_back", conversation)
        await on.until(lambda: "claim" in actions(on.answers(TEAM_CHANNEL)[0]) or True)
        await asyncio.sleep(0.2)
        on.slack.say(CUSTOMER, DM, QUESTION, thread_ts=root)
        await on.until(lambda: len(on.finished()) == 3)
        assert (
            len([m for m in on.answers(TEAM_CHANNEL) if "thread_ts" not in m or m["ts"] == card["ts"]]) == 1
        )


async def test_without_a_channel_of_the_team_no_button_leads_to_a_person(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.slack.say(CUSTOMER, DM, QUESTION)
        (answer,) = await on.until(on.finished)
        assert actions(answer) == {"rate"}


async def test_the_native_stop_button_ends_the_answer_where_it_is(tmp_path: Path) -> None:
    async with stage(tmp_path, rule=DefaultRule(ttft_s=0.0, tokens_per_s=20)) as on:
        root = on.slack.say(CUSTOMER, DM, QUESTION)
        await on.until(lambda: calls(on, "chat.startStream"))
        on.slack.stop(CUSTOMER, DM, root)
        (answer,) = await on.until(on.finished)
        await on.stop()
        (turn,) = read_ledger(tmp_path / "data").turns
    assert turn.record.outcome == "stopped"
    assert "Stopped." in text_of(answer)


async def test_a_deleted_message_is_not_answered_and_an_edited_one_as_it_stands_now(tmp_path: Path) -> None:
    async with stage(tmp_path, rule=DefaultRule(ttft_s=0.3, tokens_per_s=None)) as on:
        root = on.slack.say(CUSTOMER, DM, QUESTION)
        await on.until(lambda: on.vendor.requests)
        gone = on.slack.say(CUSTOMER, DM, "Forget about the rest.", thread_ts=root)
        kept = on.slack.say(CUSTOMER, DM, "Do you sell tents?", thread_ts=root)
        on.slack.delete(DM, gone)
        on.slack.edit(CUSTOMER, DM, kept, "Do you sell umbrellas?")
        await on.until(lambda: len(on.finished()) == 2)
        asked = json.dumps(on.vendor.requests[-1].body)
        assert "umbrellas" in asked
        assert "tents?" not in asked
        assert "Forget about" not in asked


async def test_a_question_that_is_changed_before_the_first_word_is_answered_as_it_stands(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, rule=DefaultRule(ttft_s=0.3, tokens_per_s=None)) as on:
        asked = on.slack.say(CUSTOMER, DM, QUESTION)
        await on.until(lambda: on.vendor.requests)
        on.slack.edit(CUSTOMER, DM, asked, "Do you repair umbrellas?")
        await on.until(on.finished)
        assert len(on.answers()) == 1
        assert "umbrellas" in json.dumps(on.vendor.requests[-1].body)


async def test_a_question_that_is_taken_back_before_the_first_word_is_not_answered(tmp_path: Path) -> None:
    async with stage(tmp_path, rule=DefaultRule(ttft_s=0.2, tokens_per_s=None)) as on:
        asked = on.slack.say(CUSTOMER, DM, QUESTION)
        await on.until(lambda: on.vendor.requests)
        on.slack.delete(DM, asked)
        await asyncio.sleep(0.6)
        assert on.answers() == []


async def test_a_file_without_words_gets_an_answer(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        file = SentFile("order.csv", b"number,article\n1,tent\n", "text/csv")
        on.slack.say(CUSTOMER, DM, "", files=(file,))
        await on.until(on.finished)
        (asked,) = on.vendor.requests
        assert (asked.status, "number,article" in json.dumps(asked.body)) == (200, True)


async def test_opening_the_bot_shows_prompts_to_begin_with(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.slack.open_home(CUSTOMER, "messages")
        on.slack.open_home(CUSTOMER, "home")
        await on.until(lambda: calls(on, "assistant.threads.setSuggestedPrompts"))
        await on.until(lambda: calls(on, "views.publish"))


@pytest.mark.parametrize("hard", ["[hard] ", ""])
async def test_words_that_a_model_makes_up_cannot_call_anybody(tmp_path: Path, hard: str) -> None:
    evil = "<!channel> @here <@U0OTHER> [click](https://evil.example/x) is all I can say about it."
    async with stage(tmp_path, rule=lambda _vendor, _body: Reply(evil, (), "end", 0.0, 500.0)) as on:
        on.slack.say(CUSTOMER, DM, f"{hard}{QUESTION}")
        (answer,) = await on.until(on.finished)
        said = text_of(answer)
    for bad in ("<!channel>", "@here", "<@U0OTHER>", "evil.example/x"):
        assert bad not in said
