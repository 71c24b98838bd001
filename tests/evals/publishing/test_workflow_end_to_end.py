"""The way of a prompt author who has the web editor alone: edit a word, read the comment, set a label.

The adopter's workflow runs step by step in a clone of a bare repository; the models are stand-ins, and so is
GitHub's API.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.home import make_home
from evals.sim.script import Body, Reply, Script, ToolUse, Vendor, last_words
from evals.sim.server import Sim
from tests.bot.process import ROOT, environment
from tests.evals.outputs.github_sim import REPO, TOKEN, GithubSim, github_sim
from tests.evals.outputs.workflow import Runner, Step

PR = 7
CHECKS = ("bot check", "Search", "Routing", "Without a model", "Recorded answers", "Comment")
ADA = {"NAME": "Ada", "EMAIL": "ada@shop.example"}
OLD, NEW = "The customer contests a decision or a charge,", "The customer asks about a charge,"
ASKED = "Why is there a second charge on my card?"
ARTICLE = """---
title: Delivery and charges
---
# Delivery and charges

## How long delivery takes

Parcels arrive within three working days.

## What a charge is for

A second charge on your card is a reservation, which the bank gives back within five days.
"""
CASES = f"""\
- id: delivery-time
  origin: {{ kind: written, labelled_by: ada }}
  tags: [delivery]
  turns:
    - user: How long does delivery take?
      expect:
        - says: [three working days]
  escalation: {{ verdict: must_not }}
- id: second-charge
  origin: {{ kind: written, labelled_by: ada }}
  tags: [charges]
  turns:
    - user: {ASKED}
      expect:
        - says: [reservation]
  escalation: {{ verdict: must_not }}
"""


def rule(vendor: Vendor, body: Body) -> Reply:
    """Answer from the article, and pass charges on where the prompt says so in the new words."""
    asked = ASKED in last_words(body)
    if asked and NEW in str(body["system"]):
        return Reply(tools=(ToolUse(arguments='{"reason": "dispute", "handover": "A second charge."}'),))
    if asked:
        return Reply("A second charge is a reservation, which the bank gives back within five days.")
    return Reply("Parcels arrive within three working days.")


@dataclass(frozen=True, slots=True)
class Place:
    """A bare repository, a clone of it, and everything that a step is given."""

    remote: Path
    clone: Path
    github: GithubSim
    models: Sim

    def git(self, *words: str) -> str:
        """Run git in the clone."""
        return shell(self.clone, "git", *words)

    async def job(self, name: str, **more: str) -> list[Step]:
        """Run a job of the workflow as a pull request's event would."""
        summary = self.clone.parent / "summary.md"
        summary.unlink(missing_ok=True)
        github = {
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_API_URL": self.github.url,
            "GITHUB_REPOSITORY": REPO,
            "GITHUB_RUN_ID": "99",
        }
        expressions = {
            "github.workspace": str(self.clone),
            "vars.FIRSTLINE": "firstline",
            "github.event.pull_request.number || inputs.pr": str(PR),
            "github.token": TOKEN,
            "github.head_ref": "edit",
            "vars.EVALS_RECORD_USD || '1'": "1",
            "vars.EVALS_NIGHTLY_USD": "1",
            "secrets.ANTHROPIC_API_KEY": "sim-key",
            "secrets.OPENAI_API_KEY": "",
        }
        outside = {"ANTHROPIC_BASE_URL": self.models.anthropic_url, **git_environment(self.clone.parent)}
        runner = Runner(
            self.clone / ".github/workflows/evals.yml",
            self.clone,
            {**outside, **github, **more},
            expressions,
            # pip would need a network; what it installs is what is under test.
            skip=("Install",),
        )
        return await runner.job(name)

    @property
    def comment(self) -> str:
        """The one comment of the pull request."""
        (only,) = self.github.comments[PR]
        return str(only["body"])


def shell(folder: Path, *words: str, **more: str) -> str:
    """Run a command to its end, which must be a good one, and return what it wrote."""
    names = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in ADA.items()}
    env = {**git_environment(folder.parent), **names, **more}
    done = subprocess.run(words, cwd=folder, env=env, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def git_environment(folder: Path) -> dict[str, str]:
    """Give a step what it needs and nothing of whoever runs the tests: no key, no settings of git."""
    tools = folder / "bin"
    if not tools.exists():
        tools.mkdir()
        for name in ("bot", "evals"):
            (tools / name).write_text(
                f'#!/bin/sh\nexec "{sys.executable}" -m {name} "$@"\n', encoding="utf-8"
            )
            (tools / name).chmod(0o755)
        (tools / "python").symlink_to(sys.executable)
    return {
        **environment(folder, {}),
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
    }


@asynccontextmanager
async def place(folder: Path) -> AsyncIterator[Place]:
    """Make an adopter's repository on main, its answers recorded and a baseline accepted."""
    clone, remote = folder / "clone", folder / "remote.git"
    make_home(clone)
    (clone / "knowledge" / "delivery.md").write_text(ARTICLE, encoding="utf-8")
    for starter in (clone / "cases").glob("*.yaml"):
        starter.unlink()
    (clone / "cases" / "shop.yaml").write_text(CASES, encoding="utf-8")
    (clone / ".gitignore").write_text("runs/\n", encoding="utf-8")
    async with Sim(script=Script(rule)) as models, github_sim() as github:
        made = Place(remote, clone, github, models)
        made.git("init", "--quiet", "--bare", str(remote))
        made.git("init", "--quiet", "--initial-branch=main")
        made.git("remote", "add", "origin", str(remote))
        commit_and_push(made, "main", "The shop")
        yield made


def commit_and_push(made: Place, branch: str, says: str) -> None:
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message", says)
    made.git("push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")


def check_out(made: Place, branch: str) -> None:
    """Give the next job a fresh clone, as GitHub does."""
    shutil.rmtree(made.clone)
    shell(made.remote, "git", "clone", "--quiet", "--branch", branch, str(made.remote), str(made.clone))


def codes(steps: list[Step]) -> dict[str, int]:
    return {step.name: step.code for step in steps}


def told(steps: list[Step]) -> str:
    return "\n".join(f"=== {step.name} ({step.code})\n{step.out}" for step in steps)


async def begin(made: Place) -> None:
    """Record the answers of main and accept what comes, as a maintainer does once."""
    script = (
        "evals run --live --record --budget 1; evals run --replay; evals accept --reason 'The first baseline'"
    )
    keys = {"ANTHROPIC_API_KEY": "sim-key", "ANTHROPIC_BASE_URL": made.models.anthropic_url}
    await asyncio.to_thread(shell, made.clone, "bash", "-ec", script, BOT_HOME=str(made.clone), **keys)
    shutil.rmtree(made.clone / ".firstline")
    commit_and_push(made, "main", "A baseline")


@pytest.mark.timeout(600)
async def test_a_prompt_author_edits_a_word_and_sees_what_it_does(tmp_path: Path) -> None:
    async with place(tmp_path) as made:
        await begin(made)
        assert len(list((made.clone / "cases/recordings").glob("*.json"))) == 2

        # The author changes a word in the web editor, which commits to a branch.
        prompt = made.clone / "prompts" / "escalation.md"
        words = prompt.read_text(encoding="utf-8")
        assert words.count(OLD) == 1
        prompt.write_text(words.replace(OLD, NEW), encoding="utf-8")
        commit_and_push(made, "edit", "Update escalation.md")

        # The pull request's run has no key. It says what it does not know, and is red.
        check_out(made, "edit")
        asked = len(made.models.requests)
        checked = await made.job("evals")
        by_name = {step.name: step for step in checked}
        assert codes(checked) == {**dict.fromkeys(CHECKS, 0), "Recorded answers": 3}, told(checked)
        assert "escalation.md changed: 2 of 2 cases have no recording." in by_name["Recorded answers"].out
        assert len(made.models.requests) == asked
        assert "add the label `record`. That will cost about" in made.comment
        assert "escalation.md changed: 2 of 2 cases have no recording." in made.comment
        assert "answered → escalated" not in made.comment
        assert "escalation.md changed" in (tmp_path / "summary.md").read_text(encoding="utf-8")

        # The label: the price first, then the answers, a push, and the flips.
        made.github.labels[PR] = {"record", "prompts"}
        check_out(made, "edit")
        before = made.git("rev-parse", "HEAD")
        recorded = await made.job("record")
        assert set(codes(recorded).values()) == {0}, told(recorded)
        assert len(made.models.requests) > asked
        assert made.github.labels[PR] == {"prompts"}
        check_out(made, "edit")
        assert made.git("rev-parse", "HEAD~1") == before
        changed = made.git("diff", "--name-only", "HEAD~1").splitlines()
        assert changed
        assert all(name.startswith("cases/recordings/") for name in changed)
        assert "github-actions[bot]" in made.git("log", "-1", "--format=%an")
        assert "answered → escalated" in made.comment
        assert re.search(
            r"\\| second-charge \\| answered → escalated \\| .* asks about a charge", made.comment
        )
        assert "delivery-time" not in made.comment
        assert "no recording" not in made.comment
        assert made.github.dispatched == [{"workflow": "evals.yml", "ref": "edit", "inputs": {"pr": str(PR)}}]


@pytest.mark.timeout(300)
async def test_without_a_key_nothing_is_pushed_and_the_label_comes_off(tmp_path: Path) -> None:
    async with place(tmp_path) as made:
        made.github.labels[PR] = {"record"}
        text = (made.clone / ".github/workflows/evals.yml").read_text(encoding="utf-8")
        keyless = text.replace("${{ secrets.ANTHROPIC_API_KEY }}", '""')
        (made.clone / ".github/workflows/evals.yml").write_text(keyless, encoding="utf-8")
        steps = await made.job("record")
        assert codes(steps)["Record"] != 0
        assert "ANTHROPIC_API_KEY or OPENAI_API_KEY" in told(steps)
        assert "Push the recordings" not in codes(steps)
        assert made.github.labels[PR] == set()
        assert made.git("ls-remote", "--heads", "origin", "edit") == ""


@pytest.mark.timeout(600)
async def test_nights_are_kept_and_compared(tmp_path: Path) -> None:
    async with place(tmp_path) as made:
        await a_night(made)
        steps = await a_night(made)
        assert "Too little data: 2 nights so far" in told(steps)
        assert len(shell(made.remote, "git", "show", "evals-history:history.jsonl").splitlines()) == 4
        assert made.github.issues == []


async def a_night(made: Place) -> list[Step]:
    check_out(made, "main")
    steps = await made.job("night")
    assert set(codes(steps).values()) == {0}, told(steps)
    return steps
