"""`evals run` and `evals accept`: what they print, write, and leave with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import Result

from evals.commands import app
from tests.bot.process import run, terminal
from tests.cli import invoke
from tests.evals.running.folders import MISSED, PERSON, WINDOW, write_cases


def evals(folder: Path, *words: str, **env: str) -> Result:
    return invoke(app, folder, *words, **env)


def written(folder: Path) -> list[Path]:
    return sorted((folder / ".firstline/runs").iterdir())


def test_a_run_prints_the_verdict_and_writes_everything(tmp_path: Path) -> None:
    write_cases(tmp_path / "mine", WINDOW, PERSON)
    ran = evals(tmp_path, "run", "--cases", "mine")
    assert ran.exit_code == 0
    assert ran.stdout.startswith("Fine: nothing stands against this change.  keyless, 2 cases")
    assert "Cost and times are not shown: no model was asked." in ran.stdout
    (folder,) = written(tmp_path)
    assert {"run.json", "cases.jsonl", "junit.xml", "summary.md", "report.html"} <= {
        path.name for path in folder.iterdir()
    }
    trials = [json.loads(line) for line in (folder / "cases.jsonl").read_text("utf-8").splitlines()]
    assert {trial["case"]: trial["status"] for trial in trials} == {"window": "passed", "person": "passed"}
    info = json.loads((folder / "run.json").read_text("utf-8"))
    assert (info["finished"], info["mode"], info["suite"]) == (True, "keyless", "mine")


def test_keys_make_no_difference_to_a_run_without_live(tmp_path: Path) -> None:
    write_cases(tmp_path / "mine", WINDOW)
    keys = {"ANTHROPIC_API_KEY": "x", "OPENAI_API_KEY": "x", "ANTHROPIC_BASE_URL": "http://127.0.0.1:1"}
    ran = evals(tmp_path, "run", "--cases", "mine", REDIS_URL="redis://127.0.0.1:1", **keys)
    assert ran.exit_code == 0
    (folder,) = written(tmp_path)
    (trial,) = map(json.loads, (folder / "cases.jsonl").read_text("utf-8").splitlines())
    calls = [call["provider"] for turn in trial["turns"] for call in turn["record"]["calls"]]
    assert (calls, trial["usd"], trial["source"]) == (["extractive"], 0.0, "none")


def test_what_must_not_fail_blocks_until_it_is_accepted(tmp_path: Path) -> None:
    write_cases(tmp_path / "mine", WINDOW, MISSED)
    ran = evals(tmp_path, "run", "--cases", "mine")
    assert ran.exit_code == 1
    assert "1 case must not fail, and does: missed (escalation)." in " ".join(ran.stdout.split())
    accepted = evals(tmp_path, "accept", "--reason", "no large model yet", "--who", "Ann")
    assert accepted.exit_code == 0
    assert "1 of 2 cases pass" in accepted.stdout
    assert "From now on these may fail as they do: missed." in accepted.stdout
    baseline = json.loads((tmp_path / "mine/baselines/mine.keyless.json").read_text("utf-8"))
    assert (baseline["who"], baseline["why"], len(baseline["cases"])) == ("Ann", "no large model yet", 2)
    again = evals(tmp_path, "run", "--cases", "mine")
    assert again.exit_code == 0
    assert "Baseline accepted by Ann" in again.stdout


def test_a_part_that_is_accepted_leaves_the_rest_of_the_baseline(tmp_path: Path) -> None:
    write_cases(tmp_path / "mine", WINDOW, MISSED)
    evals(tmp_path, "run", "--cases", "mine")
    evals(tmp_path, "accept", "--reason", "all")
    assert evals(tmp_path, "run", "--cases", "mine", "--only", "returns").exit_code == 0
    assert evals(tmp_path, "accept", "--reason", "a part").exit_code == 0
    baseline = json.loads((tmp_path / "mine/baselines/mine.keyless.json").read_text("utf-8"))
    assert [kept["tally"]["case"] for kept in baseline["cases"]] == ["missed", "window"]


def test_a_replay_without_recordings_is_not_re_recorded(tmp_path: Path) -> None:
    write_cases(tmp_path / "mine", WINDOW)
    ran = evals(tmp_path, "run", "--cases", "mine", "--replay")
    assert ran.exit_code == 3
    assert ran.stdout.startswith("Not re-recorded")
    refused = evals(tmp_path, "accept", "--reason", "so what")
    assert refused.exit_code == 2
    assert "not re-recorded" in refused.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--cases", "nowhere"), "nowhere does not exist"),
        (("--only", "windo"), "did you mean `window`?"),
        (("--live",), "--live needs --budget USD"),
        (("--live", "--replay", "--budget", "1"), "exclude each other"),
        (("--live", "--budget", "1"), "needs ANTHROPIC_API_KEY or OPENAI_API_KEY"),
        (("--budget", "1"), "--budget goes with --live"),
        (("--record",), "--record goes with --live"),
        (("--own-server",), "--own-server goes with --live"),
        (("--anew",), "--anew goes with --record"),
        (("--resume", "nothing"), "holds no run"),
        (("--out", "cases/cases.yaml"), "--out cases/cases.yaml: cases/cases.yaml is a file and would have"),
        (("--resume", "x", "--only", "window"), "leave out --cases"),
    ],
)
def test_what_does_not_fit_is_one_sentence_and_writes_nothing(
    tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    write_cases(tmp_path / "cases", WINDOW)
    given = words if "--cases" in words or "--resume" in words else ("--cases", "cases", *words)
    ran = evals(tmp_path, "run", *given)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert says in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert not (tmp_path / ".firstline").exists()


def test_a_broken_baseline_is_said_before_anything_is_played(tmp_path: Path) -> None:
    write_cases(tmp_path / "mine", WINDOW)
    file = tmp_path / "mine/baselines/mine.keyless.json"
    file.parent.mkdir()
    file.write_text("{", encoding="utf-8")
    ran = evals(tmp_path, "run", "--cases", "mine")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "mine.keyless.json is not a baseline" in ran.stderr
    assert not (tmp_path / ".firstline").exists()


def test_a_vendor_that_cannot_be_reached_is_said_once_in_the_report(tmp_path: Path) -> None:
    write_cases(tmp_path / "mine", WINDOW, PERSON)
    nowhere = {"ANTHROPIC_API_KEY": "sim-key", "ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}
    words = ("run", "--cases", "mine", "--only", "window", "--live", "--budget", "1")
    ran = evals(tmp_path, *words, **nowhere)
    assert (ran.exit_code, ran.stderr) == (2, "")
    told = " ".join(ran.stdout.split())
    assert told.startswith("Could not run: nothing is known about this change.")
    assert told.count("No model could be reached in turn 1 (unreachable)") == 1
    heard = evals(tmp_path, *words, LOG_LEVEL="warning", **nowhere)
    assert "model.failed" in heard.stderr


def test_a_step_summary_that_cannot_be_written_is_said_after_the_report(tmp_path: Path) -> None:
    write_cases(tmp_path / "mine", WINDOW)
    ran = evals(tmp_path, "run", "--cases", "mine", GITHUB_STEP_SUMMARY=str(tmp_path / "no/step.md"))
    assert ran.exit_code == 2
    assert ran.stdout.startswith("Fine")
    assert ran.stderr.startswith(f"GITHUB_STEP_SUMMARY {tmp_path / 'no/step.md'}: cannot be written")


def test_broken_cases_are_named_by_file_and_line(tmp_path: Path) -> None:
    write_cases(tmp_path / "mine", WINDOW.replace("says:", "sais:"))
    ran = evals(tmp_path, "run", "--cases", "mine")
    assert ran.exit_code == 2
    assert "cases.yaml:9: `sais` is not" in ran.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--reason", "x"), "holds no finished run"),
        (("--reason", "x", "--run", "nope"), "holds no run"),
    ],
)
def test_there_must_be_a_run_to_accept(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    ran = evals(tmp_path, "accept", *words)
    assert ran.exit_code == 2
    assert says in ran.stderr


def test_a_run_whose_cases_changed_since_is_not_accepted(tmp_path: Path) -> None:
    write_cases(tmp_path / "mine", WINDOW)
    evals(tmp_path, "run", "--cases", "mine")
    write_cases(tmp_path / "mine", WINDOW.replace("30 days", "31 days"))
    ran = evals(tmp_path, "accept", "--reason", "x")
    assert ran.exit_code == 2
    assert "The cases changed since run" in ran.stderr
    assert not (tmp_path / "mine/baselines").exists()


def test_a_run_does_not_go_on_with_other_cases(tmp_path: Path) -> None:
    write_cases(tmp_path / "mine", WINDOW)
    evals(tmp_path, "run", "--cases", "mine")
    (folder,) = written(tmp_path)
    assert evals(tmp_path, "run", "--resume", folder.name).exit_code == 0
    write_cases(tmp_path / "mine", WINDOW, PERSON)
    ran = evals(tmp_path, "run", "--resume", folder.name)
    assert ran.exit_code == 2
    assert "the cases changed since it began" in ran.stderr


async def test_a_reader_who_has_seen_enough_makes_no_gate_green(tmp_path: Path) -> None:
    write_cases(tmp_path / "mine", MISSED)
    script = '{ "$@"; echo "$?" > code; } | true'
    await run(tmp_path, "evals", "run", "--cases", "mine", script=script)
    assert (tmp_path / "code").read_text() == "1\n"


async def test_ctrl_c_keeps_what_was_played_and_says_how_to_go_on(tmp_path: Path) -> None:
    # So many that it is still playing when a busy machine gets round to pressing the keys.
    again = WINDOW.replace("id: window", "id: again"), PERSON.replace("id: person", "id: more")
    write_cases(tmp_path / "mine", WINDOW, PERSON, *again)
    async with terminal(tmp_path, "evals", "run", "--cases", "mine", "--trials", "100") as shown:
        await shown.expect("playing")
        await shown.expect("/400")
        shown.type("\x03")
        await shown.expect("of 400 trials are kept. To go on: evals run --resume ")
        assert await shown.end() == 130
    (folder,) = written(tmp_path)
    kept = (folder / "cases.jsonl").read_bytes()
    assert kept.endswith(b"\n") or not kept
    assert json.loads((folder / "run.json").read_text("utf-8"))["finished"] is False
    ran = await run(tmp_path, "evals", "run", "--resume", folder.name)
    assert ran.code == 0, ran.err
    lines = (folder / "cases.jsonl").read_bytes()
    assert lines.startswith(kept)
    assert lines.count(b"\n") == 400


async def test_sigterm_ends_a_run_like_ctrl_c(tmp_path: Path) -> None:
    again = WINDOW.replace("id: window", "id: again"), PERSON.replace("id: person", "id: more")
    write_cases(tmp_path / "mine", WINDOW, PERSON, *again)
    async with terminal(tmp_path, "evals", "run", "--cases", "mine", "--trials", "100") as shown:
        await shown.expect("/400")
        shown.terminate()
        await shown.expect("of 400 trials are kept. To go on: evals run --resume ")
        assert await shown.end() == 130
    (folder,) = written(tmp_path)
    assert json.loads((folder / "run.json").read_text("utf-8"))["finished"] is False
