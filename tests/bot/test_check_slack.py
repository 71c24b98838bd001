"""`bot check` asks Slack what `bot serve` will need of it, and says how what is missing comes there."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from bot.check_slack import slack_findings
from bot.finding import Finding
from bot.settings import BotSettings
from bot.slack.installs.sealing import Seal
from bot.slack.installs.store import Installations, Installed
from bot.slack.scopes import SCOPES
from evals.sim.slack.faults import SlackFault
from evals.sim.slack.server import SlackSim
from evals.sim.slack.settings import SlackSettings
from graph.state_store import open_state

CHANNEL = "C0HELP"
QUIET = SlackSettings(transport="none")


def given(slack: SlackSim, **changes: object) -> BotSettings:
    """Settings under which all is well at this stand-in, but for what is changed."""
    values: dict[str, object] = {
        "slack_api_url": slack.api_url,
        "slack_bot_token": SecretStr(slack.settings.bot_token),
        "slack_app_token": SecretStr(slack.settings.app_token),
        "bot_handoff_channel": CHANNEL,
    }
    return BotSettings.model_construct(None, **{**values, **changes})


async def found(settings: BotSettings) -> dict[str, Finding]:
    """The last finding about each thing."""
    return {finding.about: finding async for finding in slack_findings(settings)}


def levels(looked: dict[str, Finding]) -> dict[str, str]:
    return {about: finding.level for about, finding in looked.items()}


async def test_a_workspace_that_has_everything_is_fine() -> None:
    async with SlackSim(QUIET) as slack:
        slack.invite_bot(CHANNEL)
        looked = await found(given(slack))
        methods = [call.method for call in slack.calls]
    assert set(levels(looked).values()) == {"ok"}
    assert looked["transport"].says == "socket"
    assert methods == ["auth.test", "apps.connections.open", "conversations.info", "users.conversations"]


async def test_scopes_that_are_missing_are_named() -> None:
    fewer = tuple(scope for scope in SCOPES if scope not in {"files:read", "users:read"})
    async with SlackSim(SlackSettings(transport="none", scopes=fewer)) as slack:
        slack.invite_bot(CHANNEL)
        looked = (await found(given(slack)))["slack"]
    assert looked.level == "wanting"
    assert "lacks files:read, users:read: paste manifest.json" in looked.says


@pytest.mark.parametrize(
    ("changes", "about", "says"),
    [
        ({"slack_bot_token": SecretStr("hush")}, "slack", "SLACK_BOT_TOKEN is refused (invalid_auth)"),
        ({"slack_app_token": SecretStr("hush")}, "app token", "with connections:write"),
        ({"slack_bot_token": None}, "slack", "SLACK_BOT_TOKEN is not set"),
        ({"slack_app_token": None}, "transport", "SLACK_SIGNING_SECRET to listen over HTTP"),
        (
            {"slack_app_token": None, "slack_signing_secret": SecretStr("hush")},
            "transport",
            "HTTP needs REDIS_URL",
        ),
        ({"bot_handoff_channel": "support"}, "handoff", "give the channel's ID"),
    ],
)
async def test_what_is_wrong_is_wanting_and_no_secret_is_said(
    changes: dict[str, object], about: str, says: str
) -> None:
    async with SlackSim(QUIET) as slack:
        slack.invite_bot(CHANNEL)
        looked = await found(given(slack, **changes))
    assert looked[about].level == "wanting"
    assert says in looked[about].says
    assert not any("hush" in finding.says for finding in looked.values())


async def test_tokens_in_each_other_s_place_are_recognised() -> None:
    async with SlackSim(QUIET) as slack:
        settings = slack.settings
        swapped = given(
            slack,
            slack_bot_token=SecretStr(settings.app_token),
            slack_app_token=SecretStr(settings.bot_token),
        )
        looked = await found(swapped)
    assert "SLACK_BOT_TOKEN begins with xoxb" in looked["slack"].says


async def test_http_with_a_signing_secret_and_redis_is_fine() -> None:
    async with SlackSim(QUIET) as slack:
        slack.invite_bot(CHANNEL)
        http = given(
            slack,
            slack_app_token=None,
            slack_signing_secret=SecretStr("hush"),
            redis_url=SecretStr("redis://127.0.0.1:9/0"),
        )
        looked = await found(http)
    assert set(levels(looked).values()) == {"ok"}
    assert looked["transport"].says == "http"


async def test_a_channel_without_the_bot_says_whom_to_invite() -> None:
    async with SlackSim(QUIET) as slack:
        slack.invite_bot(CHANNEL)
        slack.kick_bot(CHANNEL)
        looked = (await found(given(slack)))["handoff"]
    assert looked.level == "wanting"
    assert "say `/invite @" in looked.says


async def test_an_archived_channel_is_wanting() -> None:
    async with SlackSim(QUIET) as slack:
        slack.invite_bot(CHANNEL)
        slack.archive(CHANNEL)
        looked = (await found(given(slack)))["handoff"]
    assert (looked.level, "is archived" in looked.says) == ("wanting", True)


async def test_no_channel_is_a_warning() -> None:
    async with SlackSim(QUIET) as slack:
        looked = (await found(given(slack, bot_handoff_channel=None)))["handoff"]
    assert (looked.level, "no phrase promises a person" in looked.says) == ("warning", True)


async def test_a_help_desk_in_place_of_a_channel_is_fine() -> None:
    async with SlackSim(QUIET) as slack:
        url = "https://help.shop.example/firstline"
        looked = (await found(given(slack, bot_handoff_channel=None, bot_handoff_webhook=url)))["handoff"]
    assert (looked.level, "while the help desk takes messages" in looked.says) == ("ok", True)


@pytest.mark.parametrize(
    "fault",
    [
        SlackFault("http", status=503, times=None),
        SlackFault("ratelimited", times=None),
        SlackFault("reset", times=None),
        SlackFault("hang", times=None),
        SlackFault("http", "apps.connections.open", status=500),
    ],
)
async def test_a_slack_that_is_down_is_a_warning(fault: SlackFault) -> None:
    async with SlackSim(QUIET) as slack:
        slack.faults.add(fault)
        looked = await found(given(slack, slack_timeout_s=0.2))
    assert (looked["slack"].level, "Slack gives no answer" in looked["slack"].says) == ("warning", True)
    assert "wanting" not in levels(looked).values()


async def test_a_slack_that_is_not_there_is_a_warning() -> None:
    async with SlackSim(QUIET) as slack:
        settings = given(slack, slack_api_url="http://127.0.0.1:9/api")
    assert (await found(settings))["slack"].level == "warning"


async def test_a_group_that_cannot_be_read_is_wanting_and_one_that_can_is_counted() -> None:
    async with SlackSim(QUIET) as slack:
        slack.invite_bot(CHANNEL)
        looked = (await found(given(slack, bot_handoff_group="S0HELP")))["handoff"]
        assert (looked.level, "give the group's ID" in looked.says) == ("wanting", True)
        slack.group("S0HELP", ["U1", "U2"])
        looked = (await found(given(slack, bot_handoff_group="S0HELP")))["handoff"]
    assert (looked.level, looked.says) == ("ok", "2 members of S0HELP may take over")


async def test_drafts_that_nobody_would_see_are_wanting(tmp_path: Path) -> None:
    (tmp_path / "channels.toml").write_text('[default]\nmode = "draft"\n', encoding="utf-8")
    async with SlackSim(QUIET) as slack:
        slack.invite_bot(CHANNEL)
        fine = await found(given(slack, bot_home=tmp_path))
        looked = await found(given(slack, bot_home=tmp_path, bot_handoff_channel=None))
        (tmp_path / "channels.toml").write_text('[default]\nmode = "drafts"\n', encoding="utf-8")
        broken = await found(given(slack, bot_home=tmp_path))
    assert "channels" not in fine
    assert looked["channels"].level == "wanting"
    assert "(default) needs BOT_HANDOFF_CHANNEL" in looked["channels"].says
    assert "default.mode" in broken["channels"].says


async def test_a_team_channel_that_another_company_can_read_is_wanting() -> None:
    async with SlackSim(QUIET) as slack:
        slack.invite_bot(CHANNEL)
        slack.share(CHANNEL)
        looked = (await found(given(slack)))["handoff"]
    assert (looked.level, "is shared with another company" in looked.says) == ("wanting", True)


@pytest.mark.parametrize(("for_everyone", "level"), [(3, "ok"), (0, "warning"), (None, "ok")])
async def test_channels_in_which_other_companies_read_along_are_named(
    for_everyone: int | None, level: str
) -> None:
    async with SlackSim(QUIET) as slack:
        slack.invite_bot(CHANNEL)
        assert "shared" not in await found(given(slack))
        for number in range(250):
            slack.invite_bot(f"C0OTHER{number}")
            if number >= 243:
                slack.share(f"C0OTHER{number}")
        findings = [each async for each in slack_findings(given(slack), for_everyone)]
    (looked,) = [each for each in findings if each.about == "shared"]
    assert looked.level == level
    assert "#c0other243" in looked.says
    assert "and 2 more" in looked.says


async def test_workspaces_that_installed_the_app_are_looked_at_one_by_one(redis_server: str) -> None:
    keys = [Fernet.generate_key().decode() for _ in range(2)]
    async with SlackSim(QUIET) as slack, open_state(redis_server) as redis:
        await redis.flushdb()
        slack.invite_bot(CHANNEL)
        two = await slack.teams.open("T0TWO")
        two.installed = True
        for team, token, key in (
            ("T0TWO", two.settings.bot_token, keys[0]),
            ("T0GONE", "xoxb-gone", keys[0]),
            ("T0LOST", "xoxb-lost", keys[1]),
        ):
            made = Installed(team, team, "", "U", "B", token, "", "U", 1.0)
            await Installations(redis, Seal(key)).keep(made)
        http = given(
            slack,
            slack_app_token=None,
            slack_signing_secret=SecretStr("hush"),
            redis_url=SecretStr(redis_server),
            slack_client_id="1.2",
            slack_client_secret=SecretStr("hush"),
            bot_token_keys=SecretStr(keys[0]),
        )
        looked = [each async for each in slack_findings(http) if each.about == "workspaces"]
        half = await found(given(slack, slack_client_id="1.2"))
    assert [each.level for each in looked] == ["ok", "warning", "wanting"]
    assert looked[0].says == "3 other workspaces installed the app"
    assert "T0GONE (T0GONE) refuses its token (invalid_auth)" in looked[1].says
    assert "T0LOST cannot be served: none of BOT_TOKEN_KEYS opens it" in looked[2].says
    assert "are needed both" in half["workspaces"].says
