"""The commands say in one sentence what is wrong with what they are given, and exit as they promise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from evals.improve.commands import add, add_bench
from evals.improve.planted import planted_case
from evals.judge.certificate import read_certificate
from evals.judge.commands import add as add_judge
from evals.sim.script import Reply, Script
from evals.suite.case_dump import dump_case
from graph.command_line import make_app
from tests.cli import invoke
from tests.evals.improve.made import stand_in, transcript, write_lines

LIVE = ("--live", "--budget", "5")


def made_app() -> typer.Typer:
    """Return the commands by themselves."""
    app, bench = make_app("evals", "Try."), make_app("bench", "Try.")
    add(app)
    add_judge(app)
    add_bench(bench)
    app.add_typer(bench, name="bench")
    return app


APP = made_app()


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """A folder with one case."""
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / "a.yaml").write_text(dump_case(planted_case("a1")), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("ladder", "--live"), "--budget USD"),
        (("ladder", "--live", "--replay", "--budget", "1"), "exclude each other"),
        (("ladder", "--budget", "1"), "--live"),
        (("ladder", "--record"), "--live"),
        (("ladder", "--cases", "none"), "does not exist"),
        (("ladder", "--only", "no-such-tag"), "--only no-such-tag"),
        (("ladder", "--live", "--budget", "1"), "ANTHROPIC_API_KEY"),
        (("diagnose", "runs/none"), "holds no run"),
        (("diagnose", "runs/none", "--only", "x"), "not both"),
        (("diagnose", "--judge", "x:y"), "--live"),
        (("mine", "none.jsonl", "--to", "drafts"), "cannot be read"),
        (("certify", "none.jsonl"), "--live and --budget"),
        (("certify", "none.jsonl", *LIVE), "cannot be read"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_exit_code_2(
    tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    ran = invoke(APP, tmp_path, *words)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert says in ran.stderr.replace("\n", " ")
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("words", [("mine", "none.jsonl"), ("diagnose", "--cases", "cases")])
@pytest.mark.usefixtures("cases")
def test_a_file_in_place_of_a_folder_is_said_first(tmp_path: Path, words: tuple[str, ...]) -> None:
    ran = invoke(APP, tmp_path, *words, "--to", "cases/a.yaml")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("--to cases/a.yaml: cases/a.yaml is a file")


def test_a_vendor_that_cannot_be_reached_could_not_run(tmp_path: Path, cases: Path) -> None:
    nowhere = {"OPENAI_API_KEY": "sim-key", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    ran = invoke(APP, tmp_path, "ladder", "--cases", str(cases), *LIVE, **nowhere)
    assert (ran.exit_code, ran.stderr) == (2, "")
    assert "could not be played" in ran.stdout
    asked = invoke(APP, tmp_path, "certify", str(labels(tmp_path)), *LIVE, "--to", "kept", **nowhere)
    assert (asked.exit_code, asked.stdout) == (2, "")
    assert "No label could be judged: The judge could not be asked (unreachable)" in asked.stderr
    assert not (tmp_path / "kept").exists()


def test_a_ladder_over_stand_ins_says_so_and_prints_its_diff_unwrapped(tmp_path: Path, cases: Path) -> None:
    with stand_in(Script(lambda _vendor, _body: Reply("The answer is marigold."))) as env:
        ran = invoke(APP, tmp_path, "ladder", "--cases", str(cases), *LIVE, **env)
    assert "Over stand-ins" in ran.stdout
    assert "undecided" in ran.stdout
    assert ran.exit_code == 4


def test_failing_cases_are_diagnosed_as_tables_and_as_lines(tmp_path: Path, cases: Path) -> None:
    with stand_in(Script(lambda _vendor, _body: Reply("No idea."))) as env:
        words = ("diagnose", "--cases", str(cases), "-n", "1", *LIVE)
        ran = invoke(APP, tmp_path, *words, "--json", "--to", "work", **env)
        tables = invoke(APP, tmp_path, *words, **env)
    (line,) = map(json.loads, ran.stdout.splitlines())
    assert (line["case"], line["cause"], line["source"]) == ("planted-a1", "knowledge missing", "stand-in")
    assert (ran.exit_code, tables.exit_code) == (1, 1)
    assert json.loads((tmp_path / "work" / "writers.jsonl").read_text(encoding="utf-8")) == line
    assert "For who writes the articles (1)" in tables.stdout


def test_nothing_failing_exits_0(tmp_path: Path, cases: Path) -> None:
    with stand_in(Script(lambda _vendor, _body: Reply("The answer is marigold."))) as env:
        ran = invoke(APP, tmp_path, "diagnose", "--cases", str(cases), "--json", *LIVE, **env)
    assert (ran.exit_code, ran.stdout) == (0, "")


def test_drafts_are_mined_into_a_folder(tmp_path: Path) -> None:
    write_lines(tmp_path / "t.jsonl", transcript("t1", "c1", 1, "Where is it?", outcome="handed_off"))
    ran = invoke(APP, tmp_path, "mine", "t.jsonl", "--to", "drafts")
    again = invoke(APP, tmp_path, "mine", "t.jsonl", "--to", "drafts")
    assert (ran.exit_code, len(list((tmp_path / "drafts").iterdir()))) == (0, 1)
    assert "1 drafts written" in ran.stdout
    assert "0 drafts written" in again.stdout


def labels(folder: Path) -> Path:
    """Write 60 labels, half of them yes."""
    return write_lines(
        folder / "labels.jsonl",
        *(
            {
                "transcript": [{"role": "bot", "text": f"{'Sorry' if n < 30 else 'So what'} {n}"}],
                "rubric": "Is it polite?",
                "label": n < 30,
                "labelled_by": "ada",
            }
            for n in range(60)
        ),
    )


def judging(_vendor: str, body: dict[str, object]) -> Reply:
    """Judge as the labels do."""
    verdict = "yes" if "Sorry" in json.dumps(body["messages"]) else "no"
    return Reply(json.dumps({"reason": "It says so.", "verdict": verdict}))


def test_a_stand_in_judges_and_certifies_nothing(tmp_path: Path) -> None:
    labels(tmp_path)
    words = ("certify", "labels.jsonl", *LIVE, "--to", "kept")
    with stand_in(Script(judging)) as env:
        ran = invoke(APP, tmp_path, *words, **env)
        claimed = invoke(APP, tmp_path, *words, "--own-server", **env)
    assert (ran.exit_code, "no certificate is written" in ran.stderr) == (0, True)
    assert "Its rubrics may gate." in ran.stdout
    assert (claimed.exit_code, "not live" in claimed.stderr) == (2, True)
    assert not (tmp_path / "kept").exists()


def test_a_server_of_ones_own_can_be_certified(tmp_path: Path) -> None:
    labels(tmp_path)
    with stand_in(Script(judging), key="mine") as env:
        words = ("certify", "labels.jsonl", *LIVE, "--to", "kept", "--own-server")
        ran = invoke(APP, tmp_path, *words, **env)
    assert ran.exit_code == 0
    (file,) = (tmp_path / "kept").iterdir()
    assert read_certificate(file).agreement.items == 60


def test_a_judge_that_talks_nonsense_is_found_wanting(tmp_path: Path) -> None:
    labels(tmp_path)
    with stand_in(Script(lambda _vendor, _body: Reply("As a judge, I feel good about it."))) as env:
        ran = invoke(APP, tmp_path, "certify", "labels.jsonl", *LIVE, **env)
    assert ran.exit_code == 1
    assert "60 of 60 answers could not be read" in " ".join(ran.stdout.split())


def test_the_benchmark_prints_what_was_planted_and_what_is_found(tmp_path: Path) -> None:
    ran = invoke(APP, tmp_path, "bench", "improve", "--runs", "20")
    assert ran.exit_code == 0
    assert "end to end" in ran.stdout
    assert "nothing about any model" in " ".join(ran.stdout.split())
