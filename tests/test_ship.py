"""What is shipped around the code agrees with it: manifest, Slack's hooks, Fly's file, compose file."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from bot.commands import app
from bot.metrics import Metrics, health_app, metrics_app
from bot.settings import BotSettings
from bot.slack.events import HomeOpened, Ignored, IncomingMessage, Reacted, Stopped
from bot.slack.incoming import read_event
from bot.slack.installs.flow import REDIRECT
from bot.slack.people.reception import WISHES
from bot.slack.scopes import BOT_EVENTS, SCOPES, WORKSPACE_EVENTS
from evals.sim.slack.settings import SCOPES as SIM_SCOPES
from tests.bot.process import environment

ROOT = Path(__file__).resolve().parent.parent
DEFAULTS = BotSettings.model_construct()
MARGIN_S = 10
"""To close connections after the drain, on a machine that is busy."""
FLY_KEYS = {
    "app",
    "build",
    "deploy",
    "env",
    "http_service",
    "kill_signal",
    "kill_timeout",
    "metrics",
    "primary_region",
    "processes",
    "restart",
    "vm",
}
FLY_SERVICE_KEYS = {
    "internal_port",
    "force_https",
    "auto_stop_machines",
    "auto_start_machines",
    "min_machines_running",
    "processes",
    "concurrency",
    "checks",
}


def read_json(path: str) -> Any:
    return json.loads((ROOT / path).read_text(encoding="utf-8"))


MANIFEST = read_json("manifest.json")
FLY = tomllib.loads((ROOT / "fly.toml").read_text(encoding="utf-8"))
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def seconds(text: str) -> int:
    """Read a time such as `60s`."""
    found = re.fullmatch(r"(\d+)s", text)
    assert found, text
    return int(found[1])


def test_the_manifest_asks_for_the_scopes_that_the_check_wants() -> None:
    assert MANIFEST["oauth_config"]["scopes"] == {"bot": list(SCOPES)}


def test_the_manifest_s_address_for_browsers_is_nobody_s_until_it_is_the_adopter_s() -> None:
    """What is sent there lets its owner try to install the app: nobody can own an `.example`."""
    (url,) = MANIFEST["oauth_config"]["redirect_urls"]
    assert url == f"https://firstline.example{REDIRECT}"


def test_the_stand_in_grants_what_the_manifest_asks_for() -> None:
    assert set(SIM_SCOPES) == set(SCOPES)


def test_the_manifest_subscribes_to_the_events_that_the_bot_reads() -> None:
    assert MANIFEST["settings"]["event_subscriptions"] == {"bot_events": [*BOT_EVENTS, *WORKSPACE_EVENTS]}


def test_each_shortcut_of_the_manifest_is_one_that_the_bot_knows() -> None:
    shortcuts = MANIFEST["features"]["shortcuts"]
    assert {each["callback_id"] for each in shortcuts} == WISHES
    for each in shortcuts:
        assert each["type"] == "message"
        assert len(each["name"]) <= 24  # Slack takes no more
        assert 0 < len(each["description"]) <= 150


def message(channel: str, kind: str, event: str = "message") -> dict[str, Any]:
    return {
        "type": event,
        "user": "U1",
        "text": "Hi?",
        "ts": "17.5",
        "channel": channel,
        "channel_type": kind,
    }


def reaction(event: str) -> dict[str, Any]:
    item = {"type": "message", "channel": "C1", "ts": "17.5"}
    return {"type": event, "user": "U1", "reaction": "+1", "item": item, "event_ts": "18.5"}


EVENTS: dict[str, tuple[type, dict[str, Any]]] = {
    "agent_session_stopped": (
        Stopped,
        {"type": "agent_session_stopped", "channel": "C1", "thread_ts": "17.5", "user": "U1"},
    ),
    "app_home_opened": (
        HomeOpened,
        {"type": "app_home_opened", "user": "U1", "channel": "D1", "tab": "home"},
    ),
    "app_mention": (IncomingMessage, message("C1", "channel", "app_mention")),
    "message.channels": (IncomingMessage, message("C1", "channel")),
    "message.groups": (IncomingMessage, message("G1", "group")),
    "message.im": (IncomingMessage, message("D1", "im")),
    "message.mpim": (IncomingMessage, message("G2", "mpim")),
    "reaction_added": (Reacted, reaction("reaction_added")),
    "reaction_removed": (Reacted, reaction("reaction_removed")),
}


@pytest.mark.parametrize("name", BOT_EVENTS)
def test_an_event_that_is_subscribed_to_is_understood(name: str) -> None:
    kind, event = EVENTS[name]
    body = {"type": "event_callback", "event_id": "Ev1", "team_id": "T1", "event": event}
    understood = read_event(body, "U0BOT")
    assert not isinstance(understood, Ignored), understood
    assert isinstance(understood, kind)


def test_the_manifest_makes_an_agent_that_can_be_written_to() -> None:
    features, settings = MANIFEST["features"], MANIFEST["settings"]
    assert features["agent_view"]["agent_description"]
    assert 1 <= len(features["agent_view"]["suggested_prompts"]) <= 4
    assert "assistant_view" not in features
    assert features["app_home"]["messages_tab_enabled"]
    assert not features["app_home"]["messages_tab_read_only_enabled"]
    assert settings["interactivity"]["is_enabled"]
    assert settings["socket_mode_enabled"]
    assert "is_mcp_enabled" not in settings


def run_hook(command: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a hook as Slack's command line does: through a shell, in the project's folder."""
    assert command.startswith("python3 ")
    here = environment(folder, {"SLACK_BOT_TOKEN": "", "SLACK_APP_TOKEN": "", **variables})
    # The environment that `uv run slack run` makes: this Python is the first on the path.
    python = f"{shlex.quote(sys.executable)} {command.removeprefix('python3 ')}"
    return subprocess.run(
        ["sh", "-c", python], cwd=ROOT, env=here, capture_output=True, text=True, check=False, timeout=30
    )


def test_slack_s_command_line_finds_its_hooks_and_starts_ours(tmp_path: Path) -> None:
    """It takes the defaults that get-hooks prints, and puts what hooks.json says over them."""
    ours = read_json(".slack/hooks.json")["hooks"]
    defaults = json.loads(run_hook(ours["get-hooks"], tmp_path).stdout)
    assert defaults["config"]["sdk-managed-connection-enabled"] is True
    hooks = defaults["hooks"] | ours
    assert " -m bot serve" in hooks["start"]
    manifest = subprocess.run(
        ["sh", "-c", hooks["get-manifest"]], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )
    assert json.loads(manifest.stdout) == MANIFEST


def test_slack_s_command_line_without_a_token_gets_one_sentence(tmp_path: Path) -> None:
    ran = run_hook(read_json(".slack/hooks.json")["hooks"]["start"], tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.count("\n") == 1
    assert "SLACK_BOT_TOKEN is not set" in ran.stderr


def test_slack_s_command_line_keeps_its_own_files_out_of_git() -> None:
    assert (ROOT / ".slack/.gitignore").read_text(encoding="utf-8").split() == ["apps.dev.json", "cache/"]
    assert read_json(".slack/config.json") == {"manifest": {"source": "local"}}


def test_fly_knows_every_key() -> None:
    assert set(FLY) == FLY_KEYS
    assert set(FLY["http_service"]) == FLY_SERVICE_KEYS


def test_fly_waits_until_the_drain_is_over() -> None:
    assert FLY["kill_signal"] == "SIGTERM"
    assert seconds(FLY["kill_timeout"]) >= DEFAULTS.bot_drain_s + MARGIN_S
    assert "BOT_DRAIN_S" not in FLY["env"]


def test_fly_starts_commands_that_there_are() -> None:
    group = get_command(app)
    commands = group.commands  # type: ignore[attr-defined]
    for line in (*FLY["processes"].values(), FLY["deploy"]["release_command"]):
        program, command = line.split()
        assert program == "bot"
        assert command in commands


def test_fly_s_ports_are_the_bot_s_and_the_metrics_are_private() -> None:
    service = FLY["http_service"]
    (metrics,) = FLY["metrics"]
    assert service["internal_port"] == DEFAULTS.port == int(FLY["env"]["PORT"])
    assert metrics["port"] == DEFAULTS.metrics_port == int(FLY["env"]["METRICS_PORT"])
    assert metrics["port"] != service["internal_port"]
    assert "services" not in FLY


def test_what_fly_asks_for_is_served() -> None:
    health = {route.canonical for route in health_app(lambda: None).router.resources()}
    pages = {route.canonical for route in metrics_app(Metrics()).router.resources()}
    assert {check["path"] for check in FLY["http_service"]["checks"]} == {"/readyz"} <= health
    assert {each["path"] for each in FLY["metrics"]} <= pages


def test_fly_keeps_two_machines_on() -> None:
    service = FLY["http_service"]
    assert service["min_machines_running"] >= 2
    assert service["auto_stop_machines"] == "off"
    assert [each["policy"] for each in FLY["restart"]] == ["always"]
    # A process takes up to 210 MB, and a deployment's check runs in as much.
    assert all(int(each["memory"].removesuffix("mb")) >= 512 for each in FLY["vm"])


def test_every_process_that_fly_names_exists() -> None:
    named = [FLY["http_service"], *FLY["metrics"], *FLY["restart"], *FLY["vm"]]
    assert {process for each in named for process in each["processes"]} == set(FLY["processes"])


@pytest.mark.parametrize("variables", [FLY["env"], COMPOSE["services"]["bot"]["environment"]])
def test_a_variable_that_is_set_is_one_that_is_read(variables: dict[str, str]) -> None:
    assert {name.lower() for name in variables} <= set(BotSettings.model_fields)
    BotSettings.model_validate({name.lower(): value for name, value in variables.items()})


@pytest.mark.parametrize("home", [FLY["env"], COMPOSE["services"]["bot"]["environment"]])
def test_the_adopter_s_folder_is_where_the_image_has_it(home: dict[str, str]) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert f"suppor[t] {home['BOT_HOME']}/\n" in dockerfile


def test_the_composed_redis_forgets_nothing() -> None:
    command = COMPOSE["services"]["redis"]["command"]
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
    assert COMPOSE["services"]["redis"]["volumes"] == ["redis:/data"]
    assert "redis" in COMPOSE["volumes"]


def test_the_composed_bot_waits_for_redis_and_is_waited_for() -> None:
    bot = COMPOSE["services"]["bot"]
    assert bot["depends_on"]["redis"]["condition"] == "service_healthy"
    assert COMPOSE["services"]["redis"]["healthcheck"]["test"] == ["CMD", "redis-cli", "ping"]
    assert seconds(bot["stop_grace_period"]) >= DEFAULTS.bot_drain_s + MARGIN_S
    assert f"127.0.0.1:{bot['environment']['PORT']}/readyz" in bot["healthcheck"]["test"][-1]
    assert "ports" not in bot  # several of them run beside one another


def test_the_health_check_of_the_composed_bot_is_python(tmp_path: Path) -> None:
    """Where nobody listens, it fails; that it is a program is seen by its being compiled."""
    *start, program = COMPOSE["services"]["bot"]["healthcheck"]["test"]
    assert start == ["CMD", "python", "-c"]
    nobody = program.replace("8080", "9")
    ran = subprocess.run(
        [sys.executable, "-c", nobody], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert ran.returncode == 1
    assert "refused" in ran.stderr
