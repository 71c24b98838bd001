"""tau-bench's result files: each run of a task becomes a trial, each task a draft case.

The customer of these was simulated and answered what this agent said, so the script of a case is that of
one run: the first that got the reward, else the first with words in it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from evals.importers.dialogue import TRANSFER, Exchange, Said, draft, exchanges, played, rewarded
from evals.importers.imported import Imported, LeftOut, checked, read_json
from evals.suite.case import Case
from evals.suite.trial import Trial
from graph.errors import InputError


class _Model(BaseModel):
    model_config = ConfigDict(strict=True)


class _Function(_Model):
    name: str


class _Call(_Model):
    function: _Function


class _Message(_Model):
    role: Literal["system", "user", "assistant", "tool"]
    content: str | None = None
    tool_calls: list[_Call] | None = None


class _Task(_Model):
    actions: list[_Function]


class _Info(_Model):
    task: _Task | None = None
    error: str | None = None


class _Run(_Model):
    task_id: int
    trial: int
    reward: float
    info: _Info
    traj: list[_Message]


_FILE = TypeAdapter(list[_Run])


def import_tau(file: Path, *, prefix: str = "tau") -> Imported:
    """Read a result file; a case's id is the prefix and the task's number.

    Raises InputError where the file is not one, or holds the same trial of a task twice.
    """
    runs = checked(_FILE, read_json(file), file)
    if not runs:
        raise InputError(f"{file} holds no runs; name a result file of tau-bench")
    _refuse_twins(runs, file)
    by_task: dict[int, list[_Run]] = {}
    for run in runs:
        by_task.setdefault(run.task_id, []).append(run)
    cases, trials, left_out = [], [], []
    for task, its_runs in sorted(by_task.items()):
        its_runs.sort(key=lambda run: run.trial)
        talks = [exchanges(_said(run)) for run in its_runs]
        for run, (talk, closing) in zip(its_runs, talks, strict=True):
            trials.append(_trial(f"{prefix}-{task}", run, talk))
            if closing:
                left_out.append(
                    LeftOut(f"task {task}, trial {run.trial}", "closing words that nobody answered")
                )
        script = _script(its_runs, [talk for talk, _ in talks])
        if script:
            cases.append(_case(f"{prefix}-{task}", its_runs, script))
        else:
            left_out.append(LeftOut(f"task {task}", "no run in which the customer said anything"))
    return Imported(tuple(cases), tuple(trials), tuple(left_out))


def _refuse_twins(runs: list[_Run], file: Path) -> None:
    seen: dict[tuple[int, int], int] = {}
    for index, run in enumerate(runs):
        first = seen.setdefault((run.task_id, run.trial), index)
        if first != index:
            twin = f"task {run.task_id}, trial {run.trial} is at [{first}] too"
            raise InputError(f"{file}: [{index}]: {twin}; take one of them away")


def _said(run: _Run) -> list[Said]:
    return [
        Said(
            message.role,
            message.content or "",
            transfers=any(call.function.name == TRANSFER for call in message.tool_calls or ()),
        )
        for message in run.traj
        if message.role in ("user", "assistant")
    ]


def _script(runs: list[_Run], talks: list[list[Exchange]]) -> list[Exchange]:
    passed = [talk for run, talk in zip(runs, talks, strict=True) if rewarded(run.reward) and talk]
    return next(iter(passed + [talk for talk in talks if talk]), [])


def _case(id: str, runs: list[_Run], script: list[Exchange]) -> Case:
    gold = next((run.info.task for run in runs if run.info.task), None)
    must = gold is not None and any(action.name == TRANSFER for action in gold.actions)
    return draft(id, "tau-bench", f"task {runs[0].task_id}", script, labelled=gold is not None, must=must)


def _trial(case: str, run: _Run, talk: list[Exchange]) -> Trial:
    if run.info.error is not None or not run.traj:
        problem = f"the run broke off: {run.info.error or 'no message'}"
        return played(case, run.trial + 1, talk, status="error", problem=problem)
    return played(case, run.trial + 1, talk, status="passed" if rewarded(run.reward) else "failed")
