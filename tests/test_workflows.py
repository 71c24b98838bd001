"""The workflows of the evals: this project's own, and the one that `bot init` gives to an adopter."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from evals.publishing import commands as publishing
from evals.running import commands as running
from graph.command_line import make_app
from tests.evals.outputs.workflow import EXPRESSION, read_workflow

ROOT = Path(__file__).resolve().parent.parent
FILES = (ROOT / ".github/workflows/evals.yml", ROOT / "bot/template/evals.yml")
PERMISSIONS = {
    "evals": {"contents": "read", "pull-requests": "write"},
    "record": {"contents": "write", "pull-requests": "write", "actions": "write"},
    "night": {"contents": "write", "issues": "write"},
}
KEYS = {"ANTHROPIC_API_KEY", "OPENAI_API_KEY"}
each_file = pytest.mark.parametrize("file", FILES, ids=["own", "adopter"])


def steps(file: Path, job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_workflow(file)["jobs"][job]["steps"]
    return found


def scripts(file: Path) -> list[str]:
    return [step["run"] for job in PERMISSIONS for step in steps(file, job) if "run" in step]


@each_file
def test_actions_are_pinned_to_commits(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert re.findall(r"uses: \S+@(?![0-9a-f]{40} # v\d)\S+", text) == []
    ci = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    for action in re.findall(r"uses: (\S+) #", ci):
        assert action in text


@each_file
def test_a_job_may_do_what_it_must_and_no_more(file: Path) -> None:
    workflow = read_workflow(file)
    assert workflow["permissions"] == {"contents": "read"}
    assert {name: job["permissions"] for name, job in workflow["jobs"].items()} == PERMISSIONS
    assert "pull_request_target" not in workflow["on"]


@each_file
def test_no_secret_is_near_what_a_fork_can_change(file: Path) -> None:
    assert "secrets." not in str(read_workflow(file)["jobs"]["evals"])
    wanted = read_workflow(file)["jobs"]["record"]["if"]
    assert "github.event.pull_request.head.repo.full_name == github.repository" in wanted
    for job in ("record", "night"):
        holders = [step for step in steps(file, job) if KEYS & set(step.get("env", {}))]
        assert [set(step["env"]) for step in holders] == [KEYS]
        assert "--budget" in holders[0]["run"]


@each_file
def test_the_label_records_what_was_there_when_it_was_set(file: Path) -> None:
    checkout = steps(file, "record")[0]
    assert checkout["with"]["ref"] == "${{ github.event.pull_request.head.sha }}"
    names = [step.get("name", "") for step in steps(file, "record")]
    assert names.index("Say the price") < names.index("Record") < names.index("Push the recordings")


@each_file
def test_a_required_job_is_never_skipped_on_a_pull_request(file: Path) -> None:
    """A skipped job counts as passed, and would stand in for the one that failed before."""
    workflow = read_workflow(file)
    assert workflow["jobs"]["evals"]["if"] == "github.event_name != 'schedule'"
    assert workflow["on"]["pull_request"]["types"] == ["opened", "synchronize", "reopened", "labeled"]
    assert "paths" not in workflow["on"]["pull_request"]


@each_file
def test_what_others_wrote_reaches_no_script_as_text(file: Path) -> None:
    assert [script for script in scripts(file) if EXPRESSION.search(script)] == []


@each_file
def test_every_script_is_bash(file: Path) -> None:
    assert read_workflow(file)["defaults"]["run"]["shell"] == "bash"
    for script in scripts(file):
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


@each_file
def test_the_commands_and_options_are_there(file: Path) -> None:
    app = make_app("evals", "test")
    publishing.add(app)
    running.add(app)
    group = get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    used = re.findall(r"\bevals (run|publish|drift)\b([^\n|]*)", "\n".join(scripts(file)))
    assert {name for name, _ in used} == {"run", "publish", "drift"}
    for name, rest in used:
        options = {option for each in group.commands[name].params for option in each.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= options


def test_both_do_the_same() -> None:
    """They differ in how the program is installed and called, and in where the cases are."""

    def plain(file: Path) -> str:
        text = file.read_text(encoding="utf-8").partition("\njobs:\n")[2]
        text = text.replace("python -m evals", "evals").replace("evals/recordings", "cases/recordings")
        text = re.sub(r"      - name: Install\n.*?(?=      - )", "", text, flags=re.DOTALL)
        return re.sub(r"      - run: bot check\n.*?(?=      - name: Without)", "", text, flags=re.DOTALL)

    own, adopter = map(plain, FILES)
    assert own == adopter


def test_the_adopter_is_told_what_to_set(tmp_path: Path) -> None:
    install = next(step["run"] for step in steps(FILES[1], "evals") if step.get("name") == "Install")
    ran = subprocess.run(
        ["bash", "-ec", install], env={"FIRSTLINE": ""}, check=False, capture_output=True, text=True
    )
    assert ran.returncode == 2
    assert "::error::Set the repository variable FIRSTLINE" in ran.stdout
    text = FILES[1].read_text(encoding="utf-8")
    for name in set(re.findall(r"(?:vars|secrets)\.(\w+)", text)):
        assert name in text.partition("name: evals\n")[0]


def test_the_project_installs_what_is_pinned() -> None:
    install = next(step["run"] for step in steps(FILES[0], "evals") if step.get("name") == "Install")
    assert "--require-hashes --requirement .ci/requirements.txt" in install
    assert (ROOT / ".ci/requirements.txt").exists()
