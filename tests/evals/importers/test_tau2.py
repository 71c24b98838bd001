"""tau2-bench's files in each of their forms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evals.importers.tau2 import import_tau2
from evals.suite.case import Rubric
from graph.errors import InputError
from tests.shared_data import shared_data

TASKS = "tau2_banking/tasks_dev.json"


def task(id: str = "0", instructions: object = "", **more: Any) -> dict[str, Any]:
    return {"id": id, "user_scenario": {"persona": None, "instructions": instructions}, **more}


def simulation(task_id: str = "0", trial: int = 0, reward: float | None = 1.0, **more: Any) -> dict[str, Any]:
    info = None if reward is None else {"reward": reward, "db_check": None}
    said = [
        {"role": "assistant", "content": "Hi! How can I help?"},
        {"role": "user", "content": f"words {trial}"},
        {"role": "assistant", "content": "Done.", "tool_calls": None},
        {"role": "user", "content": "###STOP###"},
    ]
    base = {"id": f"s{trial}", "task_id": task_id, "trial": trial, "termination_reason": "user_stop"}
    return {**base, "reward_info": info, "agent_cost": 0.25, "messages": said, **more}


def results(*simulations: dict[str, Any], tasks: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"timestamp": "t", "info": {}, "tasks": tasks or [task()], "simulations": list(simulations)}


def write(file: Path, value: object) -> Path:
    file.write_text(json.dumps(value), encoding="utf-8")
    return file


def transfer(requestor: str) -> dict[str, Any]:
    return {"name": "transfer_to_human_agents", "arguments": {}, "requestor": requestor, "action_id": "a"}


def test_results_become_trials_and_a_case_of_the_first_run_with_the_reward(tmp_path: Path) -> None:
    file = write(tmp_path / "r.json", results(simulation(trial=0, reward=0.0), simulation(trial=1)))
    imported = import_tau2(file)
    assert [(t.case, t.number, t.status, t.usd) for t in imported.trials] == [
        ("tau2-0", 1, "failed", 0.25),
        ("tau2-0", 2, "passed", 0.25),
    ]
    assert [turn.user for turn in imported.cases[0].turns] == ["words 1"]
    assert [turn.answer for turn in imported.trials[0].turns] == ["Done."]


def test_only_the_agents_transfer_is_one(tmp_path: Path) -> None:
    said = [
        {"role": "user", "content": "A person, please"},
        {"role": "user", "content": None, "tool_calls": [transfer("user")]},
        {"role": "assistant", "content": None, "tool_calls": [transfer("assistant")]},
        {"role": "tool", "id": "1", "content": "ok", "requestor": "assistant"},
    ]
    runs = [simulation(trial=0, messages=said[:2]), simulation(trial=1, messages=said)]
    trials = import_tau2(write(tmp_path / "r.json", results(*runs))).trials
    assert [trial.escalated for trial in trials] == [None, "person"]


@pytest.mark.parametrize(("requestor", "verdict"), [("assistant", "must"), ("user", "may")])
def test_only_the_agents_gold_transfer_is_a_label(tmp_path: Path, requestor: str, verdict: str) -> None:
    tasks = [task(evaluation_criteria={"actions": [transfer(requestor)]})]
    (case,) = import_tau2(write(tmp_path / "r.json", results(simulation(), tasks=tasks))).cases
    assert case.escalation.verdict == verdict


@pytest.mark.parametrize(
    "more", [{"reward": None}, {"termination_reason": "infrastructure_error"}, {"termination_reason": None}]
)
def test_a_run_without_a_result_is_an_error(tmp_path: Path, more: dict[str, Any]) -> None:
    run = simulation(**({"reward": None} | more))
    (trial,) = import_tau2(write(tmp_path / "r.json", results(run))).trials
    assert (trial.status, trial.problem.startswith("the run has no result")) == ("error", True)


def test_a_spoken_run_is_left_out(tmp_path: Path) -> None:
    runs = [simulation(trial=0, messages=None), simulation(trial=1)]
    imported = import_tau2(write(tmp_path / "r.json", results(*runs)))
    assert [left.why for left in imported.left_out] == ["a run that was spoken, without text"]
    assert [trial.number for trial in imported.trials] == [2]


def test_a_folder_of_results_is_read_by_its_index(tmp_path: Path) -> None:
    index = {"simulation_index": [{"id": "s0", "task_id": 0, "trial": 0}]}
    write(tmp_path / "results.json", {**results(), **index})
    (tmp_path / "simulations").mkdir()
    with pytest.raises(InputError, match=r"s0\.json cannot be read"):
        import_tau2(tmp_path)
    write(tmp_path / "simulations" / "s0.json", simulation())
    assert len(import_tau2(tmp_path).trials) == len(import_tau2(tmp_path / "results.json").trials) == 1


def test_an_index_leads_nowhere_else(tmp_path: Path) -> None:
    write(tmp_path / "results.json", {**results(), "simulation_index": [{"id": "../secret"}]})
    with pytest.raises(InputError, match="is no id"):
        import_tau2(tmp_path)


def test_one_simulation_alone_has_no_label(tmp_path: Path) -> None:
    imported = import_tau2(write(tmp_path / "s.json", simulation("mobile_data[x]")))
    (case,) = imported.cases
    assert (case.id, case.origin.labelled_by, case.draft) == ("tau2-mobile-data-x", None, True)
    assert [left.where for left in imported.left_out] == ["task mobile_data[x]"]


def test_a_task_alone_has_the_words_that_it_opens_with(tmp_path: Path) -> None:
    tasks = [
        task("a", 'You are Jo.\n1. **Opening:** "Hi, my card is gone."', required_documents=["doc_1"]),
        task("b", {"domain": "x", "reason_for_call": "r", "task_instructions": "t"}),
        task("c", initial_state={"message_history": [{"role": "user", "content": "Hello there"}]}),
    ]
    imported = import_tau2(write(tmp_path / "t.json", tasks), prefix="bank")
    assert [(case.id, case.turns[0].user) for case in imported.cases] == [
        ("bank-a", "Hi, my card is gone."),
        ("bank-c", "Hello there"),
    ]
    assert imported.cases[0].gold_passages == ("doc_1",)
    assert [left.where for left in imported.left_out] == ["task b"]


def test_assertions_become_rubrics_and_what_has_no_turn_is_said(tmp_path: Path) -> None:
    criteria = {"actions": None, "nl_assertions": ["Agent refuses."], "communicate_info": ["42"]}
    file = write(tmp_path / "r.json", results(simulation(), tasks=[task(evaluation_criteria=criteria)]))
    imported = import_tau2(file)
    ask = "Is this true of the conversation: Agent refuses."
    assert imported.cases[0].rubric == (Rubric("assertion-1", ask, gate=False),)
    assert ["communicate_info" in left.why for left in imported.left_out] == [True]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([], "holds no tasks"),
        ({"tasks": None}, "the whole file: input should be a valid list"),
        ([{"id": "0"}], r"\[0\]\.user_scenario: field required"),
        (results({"task_id": "0", "messages": [{"role": "x"}]}), r"simulations\[0\]\.messages\[0\]\.role"),
        (results(simulation(), simulation()), "task `0` has trial 0 twice"),
        ([task("a b", 'opening: "x"'), task("a-b", 'opening: "x"')], "another task becomes `tau2-a-b` too"),
        (3, "the whole file"),
    ],
)
def test_what_is_no_file_of_tau2_is_refused_with_its_place(tmp_path: Path, value: object, says: str) -> None:
    with pytest.raises(InputError, match=says):
        import_tau2(write(tmp_path / "x.json", value))


def test_the_real_tasks_open_as_somebody_else_has_read_them() -> None:
    file = shared_data(TASKS)
    imported = import_tau2(file)
    lines = file.with_name("queries_dev.jsonl").read_text(encoding="utf-8").splitlines()
    opening = {row["id"].replace("_", "-"): row["query"].strip() for row in map(json.loads, lines)}
    assert len(imported.cases) + len(imported.left_out) == len(opening) == 49
    same = [case.turns[0].user == opening[case.id.removeprefix("tau2-")] for case in imported.cases]
    assert (len(same), sum(same)) == (45, 45)
