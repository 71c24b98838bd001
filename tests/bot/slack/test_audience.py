"""Whose articles an answer in Slack rests on: colleagues', or anybody's, also where that is not known."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.slack.audience import Audiences
from bot.slack.channels import Channels
from evals.sim import Reply
from evals.sim.slack.faults import SlackFault
from tests.bot.slack.serving import CHANNEL, CUSTOMER, DM, Stage, stage

CANARY = "PELICAN-4471"
ASKS = "How does a goodwill refund work, and who approves it?"
OTHER_TEAM = "T0OTHER"


def home_in(folder: Path, *, closed: str = "internal", channels: str = "") -> Path:
    """Make an adopter's folder with an article for everyone, and one that answers better."""
    home = folder / "home"
    (home / "prompts").mkdir(parents=True)
    articles = home / "knowledge"
    articles.mkdir()
    (home / "channels.toml").write_text(channels, encoding="utf-8")
    (articles / "open.md").write_text(
        "---\ntitle: Refunds\naudience: everyone\n---\n\nA refund takes five days.\n"
    )
    (articles / "closed.md").write_text(
        f"---\naudience: {closed}\n---\n\n# Goodwill refund\n\n"
        f"Who approves a goodwill refund: nobody up to 80 euro, by the code {CANARY}.\n"
    )
    return home


@asynccontextmanager
async def shop(folder: Path, *, reply: str = "It takes five days [1].", **made: str) -> AsyncIterator[Stage]:
    home = home_in(folder, **made)
    async with stage(folder, rule=lambda _vendor, _body: Reply(reply), bot_home=home) as on:
        yield on


async def asked(
    on: Stage, user: str, channel: str = CHANNEL, root: str | None = None, text: str = ASKS
) -> str:
    """Have somebody ask, and the bot answer; return all that was sent to models for it."""
    since, before = len(on.vendor.requests), len(on.finished(channel))
    mention = "" if channel.startswith("D") else f"<@{on.slack.settings.bot_user}> "
    on.slack.say(user, channel, mention + text, root)
    await on.until(lambda: len(on.finished(channel)) > before, within_s=60)
    requests = [request.body for request in on.vendor.requests[since:]]
    assert requests
    return json.dumps(requests, ensure_ascii=False)


async def test_a_member_is_answered_from_all_articles_and_is_looked_up_once(tmp_path: Path) -> None:
    async with shop(tmp_path) as on:
        assert CANARY in await asked(on, CUSTOMER)
        assert CANARY in await asked(on, CUSTOMER, DM)
        assert len(on.slack.calls_of("users.info")) == 1
        assert not on.slack.calls_of("conversations.info")


async def test_who_is_no_member_is_answered_from_what_everyone_may_read(tmp_path: Path) -> None:
    """A guest, somebody of another company, a member where others listen, one about whom nothing is known."""
    async with shop(tmp_path) as on:
        on.slack.person("U0GUEST", guest=True)
        on.slack.person("U0OTHER", team=OTHER_TEAM)
        on.slack.share("C0SHARED")
        for user, channel in (
            ("U0GUEST", CHANNEL),
            ("U0GUEST", "D0GUEST"),
            ("U0OTHER", CHANNEL),
            (CUSTOMER, "C0SHARED"),
        ):
            found = await asked(on, user, channel)
            assert "A refund takes five days" in found
            assert CANARY not in found
        on.slack.faults.add(SlackFault("error", "users.info", times=9, error="missing_scope"))
        assert CANARY not in await asked(on, "U0UNKNOWN")
        assert CANARY not in await asked(on, CUSTOMER, "C0SHARED")


async def test_the_stream_is_addressed_to_the_senders_own_workspace(tmp_path: Path) -> None:
    async with shop(tmp_path) as on:
        on.slack.share("C0SHARED")
        on.slack.person("U0OTHER", team=OTHER_TEAM)
        await asked(on, "U0OTHER", "C0SHARED")
        await asked(on, CUSTOMER, "C0SHARED")
        starts = [call.args for call in on.slack.calls_of("chat.startStream")]
    team = on.slack.settings.team
    assert [(a["recipient_user_id"], a["recipient_team_id"]) for a in starts] == [
        ("U0OTHER", OTHER_TEAM),
        (CUSTOMER, team),
    ]
    assert all(call.ok for call in on.slack.calls_of("chat.startStream"))


async def test_what_was_said_before_a_channel_was_shared_stays_with_colleagues(tmp_path: Path) -> None:
    async with shop(tmp_path, reply=f"By the code {CANARY} [1].") as on:
        assert CANARY in await asked(on, CUSTOMER)
        root = next(m["ts"] for m in on.slack.messages(CHANNEL) if m["user"] == CUSTOMER)
        on.slack.share(CHANNEL)
        on.slack.person("U0OTHER", team=OTHER_TEAM)
        assert CANARY not in await asked(on, "U0OTHER", root=root, text="And how do I get it?")
        assert CANARY not in await asked(on, CUSTOMER, root=root, text="And how do I get it?")
        on.slack.unshare(CHANNEL)
        assert CANARY in await asked(on, CUSTOMER, root=root, text="And how do I get it?")


async def test_a_channel_can_be_kept_to_what_everyone_may_read(tmp_path: Path) -> None:
    """Guests read along there, which no message tells."""
    async with shop(tmp_path, channels=f'[channels.{CHANNEL}]\naudience = "everyone"\n') as on:
        assert CANARY not in await asked(on, CUSTOMER)
        assert CANARY in await asked(on, CUSTOMER, DM)


async def test_nobody_is_looked_up_where_all_is_for_everyone(tmp_path: Path) -> None:
    async with shop(tmp_path, closed="everyone") as on:
        assert CANARY in await asked(on, "U0OTHER")
        assert not on.slack.calls_of("users.info")


class Answers:
    """Slack, as far as it says who is who."""

    def __init__(self, **said: Any) -> None:
        self.said = said

    async def call(self, method: str, **_arguments: Any) -> Any:
        return self.said[method.replace(".", "_")]


@pytest.mark.parametrize(
    ("body", "said", "audience"),
    [
        ({}, {"user": {"team_id": "T1"}}, "internal"),
        ({"user_team": "E1"}, {"user": {"team_id": "T1"}}, "internal"),
        ({"user_team": "T2"}, {"user": {"team_id": "T1"}}, "everyone"),
        ({}, {"user": {"team_id": "T2"}}, "everyone"),
        ({}, {"user": {"team_id": "T1", "is_ultra_restricted": True}}, "everyone"),
        ({}, {"user": {"team_id": "T1", "is_stranger": True}}, "everyone"),
        ({}, {}, "everyone"),
        ({"shared": None}, {"user": {"team_id": "T1"}}, "everyone"),
        ({"shared": None, "channel": "D1"}, {"user": {"team_id": "T1"}}, "internal"),
    ],
)
async def test_what_is_not_known_counts_as_the_narrower(body: Any, said: Any, audience: str) -> None:
    slack: Any = Answers(users_info=said, conversations_info={"channel": {"is_ext_shared": True}})
    audiences = Audiences(slack, Channels(), lambda: True, frozenset({"T1", "E1"}))
    item: Any = type("Item", (), {"body": {"channel": "C1", "user": "U1", "shared": False, **body}})
    assert await audiences.of([item]) == audience


async def test_the_narrowest_of_several_askers_counts(tmp_path: Path) -> None:
    slack: Any = Answers(users_info={"user": {"team_id": "T1"}})
    audiences = Audiences(slack, Channels(), lambda: True, frozenset({"T1"}))
    bodies: list[Any] = [
        type("Item", (), {"body": {"channel": "C1", "user": user, "user_team": team, "shared": False}})
        for user, team in (("U1", "T1"), ("U2", "T2"))
    ]
    assert await audiences.of(bodies[:1]) == "internal"
    assert await audiences.of(bodies) == "everyone"
