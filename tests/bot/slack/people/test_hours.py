"""Outside business hours: an honest sentence, the card all the same, and no reminder before the morning."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from redis.asyncio import Redis

from bot.people.hours_file import WEEKDAYS
from graph.handing_over import handed_over, when
from graph.turn import Signals
from prompts import open_prompts
from tests.bot.slack.people.helping import asked, cards, claimed, desk, passed, pressed
from tests.bot.slack.serving import CHANNEL, CUSTOMER, DM, TEAM_CHANNEL, Stage

OFTEN: dict[str, Any] = {"bot_people_look_s": 0.2}
MINUTE = 60.0
PHRASES = open_prompts().phrases


def home(folder: Path, hours: str) -> Path:
    """Make an adopter's folder with hours and the sample shop's articles."""
    made = folder / "home"
    (made / "prompts").mkdir(parents=True)
    (made / "hours.toml").write_text(hours, encoding="utf-8")
    (made / "knowledge").symlink_to(Path(__file__).parents[4] / "prompts" / "knowledge")
    return made


def closed_until(days: int) -> tuple[str, date]:
    """Return hours that are closed until 09:00 in so many days, in Berlin."""
    now = datetime.now(UTC)
    opens = (now + timedelta(days=days)).date()
    closed = [(now + timedelta(days=day - 2)).date().isoformat() for day in range(days + 2)]
    week = "\n".join(f'{day} = ["09:00-17:00"]' for day in WEEKDAYS)
    return f'zone = "Europe/Berlin"\nclosed = [{", ".join(closed)}]\n[open]\n{week}\n', opens


def always(*seconds: float) -> str:
    """Return hours that are always open, with reminders after so many seconds."""
    after = ", ".join(str(number / MINUTE) for number in seconds)
    week = "".join(f'{day} = ["00:00-24:00"]\n' for day in WEEKDAYS)
    return f'zone = "UTC"\nremind_after = [{after}]\n[open]\n{week}'


def words(on: Stage, channel: str = DM) -> str:
    return "\n".join(f"{m['text']} {m.get('blocks')}" for m in on.answers(channel))


async def test_outside_hours_it_says_when_people_are_back_and_posts_the_card(tmp_path: Path) -> None:
    hours, opens = closed_until(3)
    async with desk(tmp_path, bot_home=home(tmp_path, hours), **OFTEN) as on:
        root, card = await asked(on)
        (answer,) = on.finished(DM)
        said = str(answer)
        assert f"we are back on {opens:%A} at 09:00 (Berlin time)" in said
        assert "bringing in a colleague" not in said
        assert "Waiting since <!date^" in str(card["blocks"])
        await claimed(on, root)  # whoever is there all the same may take it
        assert "Waiting since" not in str(cards(on, root)[0]["blocks"])


async def test_it_says_that_a_colleague_can_see_it_only_where_one_can(tmp_path: Path) -> None:
    async with desk(tmp_path) as on:
        await asked(on)
        assert "who will get a summary and continue here" in words(on)
        assert "can see" not in words(on)
        bot = on.slack.settings.bot_user
        on.slack.say(CUSTOMER, CHANNEL, f"<@{bot}> How long may I keep a tent?")
        await on.until(lambda: on.finished(CHANNEL))
        await asyncio.sleep(0.3)
        on.slack.say(CUSTOMER, CHANNEL, f"<@{bot}> I would like to talk to a person, please.")
        await on.until(lambda: len(on.finished(CHANNEL)) == 2)
        assert "who can see this conversation" in words(on, CHANNEL)


async def test_reminders_come_below_the_card_once_each_and_stop_when_somebody_comes(
    tmp_path: Path,
) -> None:
    hours = always(0.5, 1.5)
    given = {"bot_home": home(tmp_path, hours), "bot_handoff_group": "S0TEAM", **OFTEN}
    async with desk(tmp_path, **given) as on:
        root, card = await asked(on)
        await on.until(lambda: len(passed(on, TEAM_CHANNEL, card["ts"])) == 2, 20)
        await asyncio.sleep(1.0)
        first, second = passed(on, TEAM_CHANNEL, card["ts"])
        said = "Nobody has taken this yet, after 0 minutes. The customer is still waiting."
        assert (first, second) == (f"<!subteam^S0TEAM> {said}", said)
        assert cards(on, root)[0]["metadata"]["event_payload"]["reminded"] == 2
        assert "channel>" not in first
        other, their = await asked(on, CHANNEL)
        await claimed(on, other, channel=CHANNEL)
        await pressed(on, "resolve", other, channel=CHANNEL)
        before = len(passed(on, TEAM_CHANNEL, their["ts"]))
        await asyncio.sleep(2.5)
        assert len(passed(on, TEAM_CHANNEL, their["ts"])) == before < 2


async def test_outside_hours_nobody_is_reminded(tmp_path: Path) -> None:
    hours, _ = closed_until(3)
    hours = f"remind_after = [{0.2 / MINUTE}]\n{hours}"
    async with desk(tmp_path, bot_home=home(tmp_path, hours), **OFTEN) as on:
        _, card = await asked(on)
        await asyncio.sleep(1.5)
        assert passed(on, TEAM_CHANNEL, card["ts"]) == []


async def test_after_a_flush_nobody_is_reminded_again(tmp_path: Path, redis_server: str) -> None:
    hours = always(0.3)
    async with Redis.from_url(redis_server) as redis:
        await redis.flushall()
        given = {"bot_home": home(tmp_path, hours), "redis_url": redis_server, **OFTEN}
        async with desk(tmp_path, slack_timeout_s=0.5, bot_lease_s=3.0, **given) as on:
            root, card = await asked(on)
            await on.until(lambda: cards(on, root)[0]["metadata"]["event_payload"]["reminded"] == 1)
            await redis.flushall()
            await asyncio.sleep(4.0)
            assert len(passed(on, TEAM_CHANNEL, card["ts"])) == 1
            assert len(cards(on, root)) == 1
            await claimed(on, root)


BERLIN_9 = "2026-11-27T09:00:00+01:00"


@pytest.mark.parametrize(
    ("now", "says"),
    [
        ("2026-11-27T07:59:00+00:00", "today at 09:00 (Berlin time)"),
        ("2026-11-26T22:59:00+00:00", "tomorrow at 09:00 (Berlin time)"),
        ("2026-11-26T23:01:00+00:00", "today at 09:00 (Berlin time)"),
        ("2026-11-23T12:00:00+00:00", "on Friday at 09:00 (Berlin time)"),
        ("2026-11-21T12:00:00+00:00", "on Friday at 09:00 (Berlin time)"),
        ("2026-11-20T12:00:00+00:00", "on Friday, 2026-11-27, at 09:00 (Berlin time)"),
    ],
)
def test_the_day_is_named_as_people_would(now: str, says: str) -> None:
    from_zone = datetime.fromisoformat(BERLIN_9).astimezone(ZoneInfo("Europe/Berlin"))
    assert when(PHRASES, "en", from_zone, datetime.fromisoformat(now)) == says


@pytest.mark.parametrize("language", PHRASES.languages)
@pytest.mark.parametrize("asked_for", [True, False])
def test_no_language_promises_anybody_now(language: str, *, asked_for: bool) -> None:
    back = datetime.now(UTC) + timedelta(days=40)
    said = handed_over(PHRASES, language, Signals(people_back=back, seen=True), asked=asked_for)
    promised = handed_over(PHRASES, language, Signals(seen=True), asked=asked_for)
    assert back.date().isoformat() in said
    assert f"{back:%H:%M}" in said
    assert promised not in said
    unseen = handed_over(PHRASES, language, Signals(), asked=asked_for)
    assert unseen not in (said, promised)
