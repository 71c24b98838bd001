"""tau-bench's result files, made here in small, and the real one counted by hand."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from evals.importers.tau import import_tau
from evals.suite.case_file import dump_cases, load_cases
from evals.suite.trial import Trial
from graph.errors import InputError
from graph.records.codec import from_line, to_line
from graph.turn import TurnRecord
from tests.shared_data import shared_data

DATA = "tau_airline/gpt4o_transcripts_dev.json"


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def agent(text: str | None, *tools: str) -> dict[str, Any]:
    calls = [{"function": {"name": tool, "arguments": "{}"}, "id": "c", "type": "function"} for tool in tools]
    return {"role": "assistant", "content": text} | ({"tool_calls": calls} if calls else {})


def tool(name: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": "c", "name": name, "content": "done"}


def run(task: int, trial: int, reward: float, *said: dict[str, Any], gold: str = "look") -> dict[str, Any]:
    task_of = {"user_id": "u", "actions": [{"name": gold, "kwargs": {}}], "instruction": "", "outputs": []}
    traj = [{"role": "system", "content": "policy"}, *said]
    return {"task_id": task, "trial": trial, "reward": reward, "info": {"task": task_of}, "traj": traj}


TRANSFERRED = (user("I want a person"), agent(None, "transfer_to_human_agents"), tool("transfer"))
ANSWERED = (
    user("Where is my bag?"),
    agent(None, "look"),
    tool("look"),
    agent("In Rome."),
    user("###STOP###"),
)


def write(folder: Path, value: object) -> Path:
    file = folder / "runs.json"
    file.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return file


def test_a_run_becomes_turns_with_what_came_back(tmp_path: Path) -> None:
    said = (
        user("Hello"),
        agent("Hi."),
        user("And my bag?"),
        agent("Wait.", "look"),
        tool("x"),
        agent("Rome."),
    )
    (trial,) = import_tau(write(tmp_path, [run(3, 1, 1.0, *said)])).trials
    assert (trial.case, trial.number, trial.status, trial.usd) == ("tau-3", 2, "passed", None)
    assert [(t.asked, t.answer, t.outcome) for t in trial.turns] == [
        ("Hello", "Hi.", "answered"),
        ("And my bag?", "Wait.\nRome.", "answered"),
    ]


def test_a_transfer_is_an_escalation_to_a_person(tmp_path: Path) -> None:
    imported = import_tau(write(tmp_path, [run(0, 0, 0.0, *TRANSFERRED), run(1, 0, 1.0, *ANSWERED)]))
    assert [(t.status, t.escalated) for t in imported.trials] == [("failed", "person"), ("passed", None)]
    assert imported.trials[0].turns[0].outcome == "handed_off"


def test_only_a_transfer_in_the_gold_actions_is_a_label(tmp_path: Path) -> None:
    gold = run(0, 0, 1.0, *ANSWERED, gold="transfer_to_human_agents")
    must, may = import_tau(write(tmp_path, [gold, run(1, 0, 1.0, *TRANSFERRED)])).cases
    assert (must.escalation.verdict, must.escalation.to) == ("must", "person")
    assert (may.escalation.verdict, may.escalation.to) == ("may", None)
    assert must.draft
    assert must.origin.labelled_by == "tau-bench, gold actions"


def test_the_script_is_that_of_the_first_run_with_the_reward(tmp_path: Path) -> None:
    runs = [run(0, trial, float(trial > 0), user(f"words {trial}"), agent("yes")) for trial in (2, 0, 1)]
    imported = import_tau(write(tmp_path, runs), prefix="air")
    (case,) = imported.cases
    assert (case.id, [turn.user for turn in case.turns]) == ("air-0", ["words 1"])
    assert [trial.number for trial in imported.trials] == [1, 2, 3]


def test_words_that_nobody_answered_are_left_out_and_said(tmp_path: Path) -> None:
    said = (user("Hello"), agent("Hi."), user("Thank you ###STOP###"))
    imported = import_tau(write(tmp_path, [run(0, 0, 1.0, *said)]))
    assert [turn.user for turn in imported.cases[0].turns] == ["Hello"]
    assert [left.where for left in imported.left_out] == ["task 0, trial 0"]


def test_two_messages_in_a_row_are_one_turn_and_the_last_may_have_no_answer(tmp_path: Path) -> None:
    said = (user("Hello"), user("Are you there?"), agent("Yes."), user("My bag"), agent(None, "look"))
    (trial,) = import_tau(write(tmp_path, [run(0, 0, 0.0, *said)])).trials
    assert [(t.asked, t.outcome) for t in trial.turns] == [
        ("Hello\nAre you there?", "answered"),
        ("My bag", "stopped"),
    ]


def test_a_run_that_broke_off_is_an_error_and_no_failure(tmp_path: Path) -> None:
    broken = {"task_id": 0, "trial": 0, "reward": 0.0, "info": {"error": "429"}, "traj": []}
    imported = import_tau(write(tmp_path, [broken]))
    assert [(t.status, "429" in t.problem) for t in imported.trials] == [("error", True)]
    assert imported.cases == ()
    assert [left.where for left in imported.left_out] == ["task 0"]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ('[\n{"task_id": 0,\n}]', r"runs\.json:3: is not JSON"),
        ({}, r"runs\.json: the whole file: input should be a valid list"),
        ([], "holds no runs"),
        ([run(0, 0, 1.0), {"task_id": 1}], r"\[1\]\.trial: field required"),
        ([run(0, 0, 1.0, {"role": "robot"})], r"\[0\]\.traj\[1\]\.role: input should be"),
        ([run(7, 0, 1.0), run(7, 0, 0.0)], r"\[1\]: task 7, trial 0 is at \[0\] too"),
        ("[" * 100_000, "is not JSON that can be read"),
    ],
)
def test_what_is_no_result_file_is_refused_with_its_place(tmp_path: Path, value: object, says: str) -> None:
    with pytest.raises(InputError, match=says):
        import_tau(write(tmp_path, value))


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        import_tau(tmp_path / "none.json")
    (tmp_path / "odd.json").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="is not UTF-8"):
        import_tau(tmp_path / "odd.json")


def test_the_real_file_is_read_whole() -> None:
    file = shared_data(DATA)
    imported = import_tau(file)
    runs = json.loads(file.read_text(encoding="utf-8"))
    assert Counter(trial.case for trial in imported.trials) == Counter(f"tau-{r['task_id']}" for r in runs)
    assert sum(trial.passed for trial in imported.trials) == sum(r["reward"] == 1.0 for r in runs)
    wordless = {"###STOP###", ""}
    said = [m["content"].strip() for r in runs for m in r["traj"] if m["role"] == "user"]
    taken = [turn.asked for trial in imported.trials for turn in trial.turns]
    assert len(taken) + len(imported.left_out) == len([words for words in said if words not in wordless])


def test_the_cases_of_the_real_file_survive_being_written(tmp_path: Path) -> None:
    cases = import_tau(shared_data(DATA)).cases
    (tmp_path / "cases.yaml").write_text(dump_cases(cases), encoding="utf-8")
    assert [(c.id, c.turns, c.escalation) for c in load_cases(tmp_path)] == [
        (c.id, c.turns, c.escalation) for c in cases
    ]


def test_the_records_can_be_written_like_any_other() -> None:
    trials: tuple[Trial, ...] = import_tau(shared_data(DATA)).trials
    records = [turn.record for trial in trials for turn in trial.turns]
    assert [from_line(TurnRecord, to_line(record)) for record in records[:50]] == records[:50]
    assert {record.cost_usd for record in records} == {None}
