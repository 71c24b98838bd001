"""The settings hold the rules that keep two processes from working on one thread."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import BotSettings, bot_settings
from graph.errors import SettingsError


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment of its own, in a folder without `.env`."""
    monkeypatch.chdir(tmp_path)
    for field in BotSettings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    return monkeypatch


def test_a_lease_outlasts_a_call_that_a_dead_process_may_have_under_way(read: pytest.MonkeyPatch) -> None:
    read.setenv("SLACK_TIMEOUT_S", "2")
    read.setenv("BOT_LEASE_S", "6")
    assert bot_settings().bot_lease_s == 6
    read.setenv("BOT_LEASE_S", "5.9")
    with pytest.raises(SettingsError, match=r"BOT_LEASE_S: .*at least 6, twice SLACK_TIMEOUT_S \(2\)"):
        bot_settings()


def test_a_longer_call_needs_a_longer_lease_than_the_default(read: pytest.MonkeyPatch) -> None:
    read.setenv("SLACK_TIMEOUT_S", "20")
    with pytest.raises(SettingsError, match="BOT_LEASE_S"):
        bot_settings()


@pytest.mark.parametrize(
    ("variables", "transport"),
    [
        ({}, None),
        ({"SLACK_SIGNING_SECRET": "x"}, "http"),
        ({"SLACK_APP_TOKEN": "x"}, "socket"),
        ({"SLACK_APP_TOKEN": "x", "SLACK_SIGNING_SECRET": "x"}, "socket"),
    ],
)
def test_an_app_token_chooses_the_socket(
    read: pytest.MonkeyPatch, variables: dict[str, str], transport: str | None
) -> None:
    for name, value in variables.items():
        read.setenv(name, value)
    assert bot_settings().transport == transport


def test_the_slack_command_line_s_tokens_are_taken_where_no_others_are(read: pytest.MonkeyPatch) -> None:
    read.setenv("SLACK_BOT_TOKEN", "")
    read.setenv("SLACK_CLI_XOXB", "bot")
    read.setenv("SLACK_CLI_XAPP", "app")
    settings = bot_settings()
    assert settings.slack_bot_token is not None
    assert settings.slack_bot_token.get_secret_value() == "bot"
    read.setenv("SLACK_APP_TOKEN", "own")
    app_token = bot_settings().slack_app_token
    assert app_token is not None
    assert app_token.get_secret_value() == "own"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLACK_BURST", "0"),
        ("SLACK_LIMITS", "none"),
        ("PORT", "70000"),
        ("METRICS_PORT", "-1"),
        ("BOT_DRAIN_S", "-1"),
        ("BOT_TURNS_AT_ONCE", "0"),
        ("SLACK_TIMEOUT_S", "0"),
    ],
)
def test_a_value_out_of_range_is_named(read: pytest.MonkeyPatch, name: str, value: str) -> None:
    read.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        bot_settings()
