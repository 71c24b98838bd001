"""`evals publish` and `evals drift` on real runs, with a stand-in for GitHub."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import Result

from evals.outputs.history import Night, add_nights
from evals.publishing import commands as publishing
from evals.running import commands as running
from graph.command_line import make_app
from tests.cli import invoke
from tests.evals.outputs.github_sim import REPO, TOKEN, GithubSim, github_sim
from tests.evals.outputs.test_drift import history

APP = make_app("evals", "test")
publishing.add(APP)
running.add(APP)
CASES = """\
- id: hello
  origin: { kind: written, labelled_by: ada }
  turns:
    - user: Hello!
  escalation: { verdict: must_not }
"""
CLEAN = dict.fromkeys(("GITHUB_STEP_SUMMARY", "GITHUB_TOKEN", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"), "")


async def play(folder: Path, *options: str) -> Path:
    """Play a small suite and return the run's folder."""
    cases = folder / "cases"
    cases.mkdir(exist_ok=True)
    (cases / "a.yaml").write_text(CASES, encoding="utf-8")
    words = ("run", "--cases", "cases", "--out", "runs", *options)
    ran = await asyncio.to_thread(invoke, APP, folder, *words, **CLEAN)
    assert ran.exit_code in (0, 3), ran.output
    return max((folder / "runs").iterdir())


async def publish(folder: Path, sim: GithubSim | None, *words: str, token: str = TOKEN) -> Result:
    github = {"GITHUB_TOKEN": token, "GITHUB_REPOSITORY": REPO, "GITHUB_RUN_ID": "5"}
    there = {**CLEAN, **github, "GITHUB_API_URL": sim.url} if sim else CLEAN
    return await asyncio.to_thread(invoke, APP, folder, *words, **there)


async def test_a_run_is_published_again_from_its_trials(tmp_path: Path) -> None:
    run = await play(tmp_path)
    before = {file.name: file.read_bytes() for file in run.iterdir()}
    for name in ("junit.xml", "summary.md", "comment.md", "report.html", "report.json"):
        (run / name).unlink()
    ran = await publish(tmp_path, None, "publish", str(run))
    assert ran.exit_code == 0, ran.output
    assert {file.name: file.read_bytes() for file in run.iterdir()} == before
    assert ran.stdout.split()[0].endswith("junit.xml")


async def test_the_comment_covers_all_runs_and_names_the_price(tmp_path: Path) -> None:
    runs = [str(await play(tmp_path)), str(await play(tmp_path, "--replay"))]
    async with github_sim() as sim:
        words = ("publish", *runs, "--comment", "7", "--price")
        assert (await publish(tmp_path, sim, *words)).exit_code == 0
        ran = await publish(tmp_path, sim, *words)
        assert ran.exit_code == 0, ran.output
        assert "The comment on pull request 7 is unchanged." in ran.stderr
        (only,) = sim.comments[7]
    assert "Evals (keyless): Fine" in only["body"]
    assert "Evals (replay): Not re-recorded" in only["body"]
    assert "That will cost about 0.0" in only["body"]
    assert f"https://github.com/{REPO}/actions/runs/5" in only["body"]


async def test_a_fork_gets_a_sentence_and_no_fault(tmp_path: Path) -> None:
    run = await play(tmp_path)
    async with github_sim() as sim:
        sim.faults.append(("POST", 403, {}))
        ran = await publish(tmp_path, sim, "publish", str(run), "--comment", "7")
    assert ran.exit_code == 0
    assert "GitHub does not let this workflow, as on pull requests from forks" in " ".join(ran.stderr.split())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("publish", "nowhere"), "nowhere holds no run"),
        (("publish", "RUN", "--comment", "7"), "GITHUB_TOKEN and GITHUB_REPOSITORY must be set"),
        (("drift", "h.jsonl", "--add", "nowhere"), "nowhere holds no run"),
        (("drift", "h.jsonl", "--issue"), "GITHUB_TOKEN and GITHUB_REPOSITORY must be set"),
    ],
)
async def test_what_is_wrong_is_one_sentence(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    run = await play(tmp_path) if "RUN" in words else tmp_path
    ran = await publish(tmp_path, None, *(str(run) if word == "RUN" else word for word in words))
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert says in " ".join(ran.stderr.split())


async def test_a_trial_that_was_cut_off_is_said_and_leaves_the_run_unfinished(tmp_path: Path) -> None:
    run = await play(tmp_path)
    whole = (run / "cases.jsonl").read_bytes()
    (run / "cases.jsonl").write_bytes(whole[:-20])
    ran = await publish(tmp_path, None, "publish", str(run))
    assert ran.exit_code == 0
    assert "the last line was cut off and is skipped" in ran.stderr
    assert "Unfinished" in (run / "summary.md").read_text("utf-8")


async def test_a_wrong_token_is_a_fault(tmp_path: Path) -> None:
    run = await play(tmp_path)
    async with github_sim() as sim:
        ran = await publish(tmp_path, sim, "publish", str(run), "--comment", "7", token="wrong")
    assert ran.exit_code == 2
    assert "GitHub answered 401" in ran.stderr


def keep(folder: Path, nights: list[Night]) -> None:
    for run in dict.fromkeys(night.run for night in nights):
        add_nights(folder / "history.jsonl", [night for night in nights if night.run == run])


async def test_drift_opens_one_issue_and_exits_1(tmp_path: Path) -> None:
    keep(tmp_path, history(9, 60, 1, lost=0.3))
    async with github_sim() as sim:
        assert (await publish(tmp_path, sim, "drift", "history.jsonl", "--issue")).exit_code == 1
        ran = await publish(tmp_path, sim, "drift", "history.jsonl", "--issue")
        assert ran.exit_code == 1, ran.output
        (issue,) = sim.issues
    assert issue["title"].startswith("Evals: claude-haiku-5-5")
    assert issue["labels"] == ["evals-drift"]
    assert "no longer answers as before" in " ".join(ran.stdout.split())


async def test_no_drift_exits_0_and_writes_nothing(tmp_path: Path) -> None:
    keep(tmp_path, history(9, 60, 2))
    async with github_sim() as sim:
        ran = await publish(tmp_path, sim, "drift", "history.jsonl", "--issue")
        assert sim.seen == []
    assert ran.exit_code == 0
    assert "No drift" in ran.stdout


def described(run: Path, **change: object) -> Path:
    """Change what a run says of itself."""
    told = json.loads((run / "run.json").read_text(encoding="utf-8"))
    (run / "run.json").write_text(json.dumps(told | change), encoding="utf-8")
    return run


@pytest.mark.parametrize(
    ("change", "why"),
    [({}, "it asked no model"), ({"mode": "live", "finished": False}, "it is not finished")],
)
async def test_a_night_is_a_finished_run_of_models(
    tmp_path: Path, change: dict[str, object], why: str
) -> None:
    run = described(await play(tmp_path), **change)
    ran = await publish(tmp_path, None, "drift", "history.jsonl", "--add", str(run))
    assert ran.exit_code == 2
    assert why in ran.stderr
    assert not (tmp_path / "history.jsonl").exists()


async def test_a_part_of_a_run_is_not_published_as_fine(tmp_path: Path) -> None:
    run = described(await play(tmp_path, "--trials", "3"), finished=False)
    lines = (run / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    first = [line for line in lines if json.loads(line)["number"] == 1]
    (run / "cases.jsonl").write_text("\n".join(first) + "\n", encoding="utf-8")
    ran = await publish(tmp_path, None, "publish", str(run))
    assert ran.exit_code == 0, ran.output
    told = (run / "summary.md").read_text(encoding="utf-8")
    assert "Unfinished" in told
    assert "were not played" in told


async def test_a_short_history_exits_4(tmp_path: Path) -> None:
    run = described(await play(tmp_path), mode="live")
    ran = await publish(tmp_path, None, "drift", "history.jsonl", "--add", str(run))
    assert ran.exit_code == 4, ran.output
    assert "Too little data: 1 night so far" in " ".join(ran.stdout.split())
    assert json.loads((tmp_path / "history.jsonl").read_text(encoding="utf-8"))["case"] == "hello"
    again = await publish(tmp_path, None, "drift", "history.jsonl", "--add", str(run))
    assert "is there already" in again.stderr
